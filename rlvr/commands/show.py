"""`rlvr show`: print a recipe, a resolved config, or the prompt of a data row."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlvr.config import RunConfig


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "show",
        help="show what a recipe sets, a resolved config, or a data row with its prompt as tokens",
        description="For the name of a recipe (grpo, dapo, ...): every value that it sets. For a config: the resolved "
        "config, and where each value that its recipe sets came from. With --row: a problem of the config's "
        "training data, with its prompt as text and as tokens.",
    )
    parser.add_argument("what", metavar="RECIPE|CONFIG", help="the name of a recipe, or a YAML file")
    parser.add_argument("overrides", nargs="*", default=[], metavar="KEY=VALUE", help="keys of the config to change")
    parser.add_argument(
        "--row", type=int, metavar="N", help="show training problem N (0 is the first) as the model reads it"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print. Returns 0."""
    from rewards.parameters import nearest
    from rlvr.algorithms.recipes import RECIPES
    from rlvr.config import RunConfig, config_from, load_config, to_tree
    from rlvr.errors import ConfigError

    if options.what in RECIPES:
        if options.row is not None:
            raise ConfigError(
                f"--row is {options.row} but {options.what} is a recipe, which has no data; name a config"
            )
        _print_recipe(config_from({"recipe": options.what}, options.overrides))
        return 0
    path = Path(options.what)
    if not path.suffix and not path.exists():
        near = nearest(options.what.lower(), [*RECIPES])
        raise ConfigError(f"{options.what!r} is neither a recipe nor a file{near} (recipes: {', '.join(RECIPES)})")
    if options.row is not None and options.row < 0:
        raise ConfigError(f"--row is {options.row}; rows count from 0")
    config = load_config(path, options.overrides)
    if options.row is not None:
        _print_row(config, options.row)
        return 0
    _print_config(to_tree(config), to_tree(RunConfig()))
    print()
    _print_recipe(config)
    return 0


def _print_recipe(config: RunConfig) -> None:
    from rlvr.algorithms.algorithm_config import explain
    from rlvr.config import resolved_recipe

    settings = explain(resolved_recipe(config))
    width = max(len(s.key) for s in settings)
    print(f"# what recipe {config.recipe} sets")
    for setting in settings:
        print(f"{setting.key:<{width}}  {_text(setting.value):<18}  {setting.origin}")


def _print_config(tree: dict[str, object], defaults: dict[str, object]) -> None:
    from rlvr.yaml_text import write_yaml

    print("# the config, every key written out")
    print(write_yaml(tree), end="")
    changed = [k for k in tree if tree[k] != defaults.get(k)]
    print(f"# sections that differ from the defaults: {', '.join(changed) or 'none'}")


def _print_row(config: RunConfig, row: int) -> None:
    from data_prep.files import iter_problems
    from rlvr.errors import ConfigError
    from rlvr.prompts import Prompter
    from rlvr.tokenizers import load_tokenizer

    for source in config.data.train:
        if not Path(source.path).is_file():
            raise ConfigError(f"no file {source.path!r}, which data.train names; make it with `rlvr prep`")
    problems = (p for source in config.data.train for p in iter_problems(source.path))
    problem = next((p for n, p in enumerate(problems) if n == row), None)
    if problem is None:
        files = ", ".join(s.path for s in config.data.train) or "data.train, which is empty"
        raise ConfigError(f"there is no row {row} in {files}")
    tokenizer = load_tokenizer(config.tokenizer, model_path=config.model.path)
    prompter = Prompter(tokenizer, template=config.data.template)
    tokens = prompter.tokens(problem)
    print(f"problem    {problem.id}  (source {problem.source or '-'}, reward {problem.reward or '-'})")
    print(f"reference  {problem.reference.to_dict()}")
    print(f"prompt     template {config.data.template}\n{prompter.text(problem)}")
    fits = "fits" if len(tokens) <= config.data.max_prompt_tokens else "does NOT fit"
    print(f"tokens     {len(tokens)}, which {fits} data.max_prompt_tokens {config.data.max_prompt_tokens}")
    for position, token in enumerate(tokens):
        print(f"{position:>6}  {token:>8}  {tokenizer.convert_ids_to_tokens(token)!r}")


def _text(value: object) -> str:
    return "off" if value is None else str(value)
