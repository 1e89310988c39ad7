from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml

from rlvr.command_line import parser
from rlvr.config import RunConfig, config_from, known_keys, load_config, resolved_recipe, to_tree
from rlvr.errors import ConfigError
from rlvr.key_ranges import RANGES

CONFIGS = sorted((Path(__file__).resolve().parents[2] / "configs").glob("*.yaml"))


def refused(tree: dict[str, object], *words: str) -> None:
    with pytest.raises(ConfigError) as error:
        config_from(tree)
    for word in words:
        assert word in str(error.value)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_every_config_in_the_repository_loads_and_survives_being_written_out(path: Path) -> None:
    config = load_config(path)
    assert config_from(yaml.safe_load(yaml.safe_dump(to_tree(config)))) == config


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_the_commands_that_a_config_names_are_ones_that_there_are(path: Path) -> None:
    named = [line[1:].partition(" ... ")[0] for line in path.read_text().splitlines() if line.startswith("#   rlvr ")]
    assert named
    for command in named:
        parser().parse_args([*shlex.split(command)[1:], "--out", "made.jsonl"])


def test_there_are_fewer_than_120_keys() -> None:
    keys = list(known_keys())
    assert len(keys) == len(set(keys)) < 120


def test_every_key_is_documented_beside_its_dataclass() -> None:
    from dataclasses import fields, is_dataclass
    from typing import get_args, get_type_hints

    def check(kind: type) -> None:
        for field in fields(kind):
            assert kind.__doc__
            hint = get_type_hints(kind)[field.name]
            inner = next((h for h in (hint, *get_args(hint)) if isinstance(h, type) and is_dataclass(h)), None)
            if inner is None:
                assert field.name in kind.__doc__, f"{kind.__name__}.{field.name} is not documented"
            else:
                check(inner)

    check(RunConfig)


def test_an_unknown_key_is_refused_with_the_nearest_known_one() -> None:
    refused({"optimiser": {"lr": 1}}, "unknown key optimiser", "did you mean optimizer")
    refused({"rollout": {"temprature": 1}}, "unknown key rollout.temprature", "did you mean rollout.temperature?")
    refused({"lr": 1}, "unknown key lr", "did you mean optimizer.lr?")
    refused({"rolout": {"n": 4}}, "unknown key rolout", "did you mean rollout?")
    refused({"model": {"inti": {"layers": 4}}}, "unknown key model.inti", "did you mean model.init?")


def test_a_value_of_a_wrong_type_names_key_and_value() -> None:
    refused({"steps": "many"}, "steps is 'many'", "integer")
    refused({"rollout": {"prompts": 1.5}}, "rollout.prompts is 1.5")
    refused({"data": {"sampler": "best"}}, "data.sampler is 'best'", "'shuffle'")
    refused({"data": 3}, "data is 3", "it must hold keys and values")
    refused({"rollout": None}, "rollout is None", "or leave it out")
    refused({"data": {"train": "a.jsonl"}}, "data.train is 'a.jsonl'", "it must be a list")
    refused({"data": {"train": ["a.jsonl"]}}, "data.train.0 is 'a.jsonl'", "it must hold keys and values")


def test_overrides_are_dotted_and_read_as_yaml(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("steps: 5\noptimizer: {lr: 1e-3}\n")
    config = load_config(path, ["optimizer.lr=1e-6", "steps=7", "rollout.stop=['</answer>']", "model.path=null"])
    assert (config.optimizer.lr, config.steps, config.rollout.stop) == (1e-6, 7, ("</answer>",))


@pytest.mark.parametrize("override", ["steps", "=3", "steps.more=1", "rollout.stop=[", "rollout=3"])
def test_overrides_that_make_no_sense_are_refused(tmp_path: Path, override: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("steps: 5\n")
    with pytest.raises(ConfigError):
        load_config(path, [override])


def test_a_config_that_is_missing_or_no_mapping_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml"):
        load_config(tmp_path / "nowhere.yaml")
    for text in ("- a\n", "a: [\n", "just text"):
        (tmp_path / "c.yaml").write_text(text)
        with pytest.raises(ConfigError, match=r"c\.yaml"):
            load_config(tmp_path / "c.yaml")


def test_cross_field_errors_name_both_keys_and_both_values() -> None:
    refused({"rollout": {"n": 1}}, "rollout.n is 1", "recipe 'grpo'", "rollout.n >= 2", "reinforce++")
    refused({"warmup": {"steps": 3}}, "warmup.steps is 3", "warmup.data is null")
    refused(
        {"rollout": {"prompts": 1, "n": 2}, "learner": {"updates_per_step": 3}},
        "learner.updates_per_step is 3", "rollout.prompts", "rollout.n", "2 sequences",
    )  # fmt: skip
    config_from({"recipe": "reinforce++", "rollout": {"n": 1}})


@pytest.mark.parametrize(("key", "value"), [("top_p", 0.9), ("top_k", 50), ("min_p", 0.1)])
def test_truncated_sampling_is_refused_in_training_with_the_reason(key: str, value: float) -> None:
    refused({"rollout": {key: value}}, f"rollout.{key} is {value}", "biased", f"rollout.{key}=")


def test_a_stop_string_that_would_end_every_response_is_refused_before_anything_is_sampled() -> None:
    refused({"rollout": {"stop": ["</answer>", ""]}}, "rollout.stop", "empty string")


@pytest.mark.parametrize("stages", [[], [[5, 10]], [[0, 10], [0, 20]], [[0, 10], [9, 20], [5, 30]], [[0, 0]], 0])
def test_stages_of_the_maximum_length_must_begin_at_zero_and_rise(stages: object) -> None:
    refused({"rollout": {"max_tokens": stages}}, "rollout.max_tokens")


def test_the_maximum_length_follows_its_stages() -> None:
    rollout = config_from({"rollout": {"max_tokens": [[0, 10], [5, 20]]}}).rollout
    assert [rollout.max_tokens_at(step) for step in (0, 4, 5, 99)] == [10, 10, 20, 20]
    assert rollout.longest == 20


def test_an_unknown_reward_key_or_recipe_says_what_there_is() -> None:
    refused({"reward": {"gate": "format", "them": "math"}}, "reward", "them")
    refused({"recipe": "gpro"}, "recipe is 'gpro'", "grpo")


def test_a_recipe_sets_its_values_and_single_ones_can_be_overridden() -> None:
    recipe = resolved_recipe(config_from({"recipe": "dapo", "algorithm": {"clip_high": 0.3}}))
    assert (recipe.objective.clip_low, recipe.objective.clip_high) == (0.2, 0.3)
    assert recipe.informative_only
    assert not recipe.needs_reference


@pytest.mark.parametrize(("key", "value"), [
    ("seed", -1), ("threads", 0), ("checkpoint.keep_last", -1), ("dynamic.max_carry_age", -1),
    ("dynamic.max_empty_steps", 0), ("dynamic.oversample", float("inf")), ("dynamic.oversample", float("nan")),
    ("grading.max_ungraded_share", 2.0), ("grading.workers", 0), ("grading.deadline", 0), ("optimizer.lr", -1.0),
    ("optimizer.lr", float("nan")), ("optimizer.betas", [0.9, 1.0]), ("optimizer.max_gradient_norm", -1.0),
    ("warmup.batch", 0), ("warmup.steps", -1), ("warmup.optimizer.eps", 0.0), ("learner.micro_batch_tokens", 0),
    ("learner.updates_per_step", 0), ("data.max_prompt_tokens", 0), ("rollout.temperature", float("inf")),
    ("model.lora.rank", -1), ("model.lora.alpha", 0.0), ("model.lora.dropout", 1.0), ("model.init.layers", 0),
])  # fmt: skip
def test_a_number_out_of_range_is_refused_with_its_key_and_value(key: str, value: object) -> None:
    tree: dict[str, object] = {}
    inner = tree
    *path, last = key.split(".")
    for part in path:
        inner = inner.setdefault(part, {})  # type: ignore[assignment]
    inner[last] = value
    refused(tree, key, str(value).strip("[]"), "it must be")


@pytest.mark.parametrize(("override", "idle"), [
    ("data.pass_rate_low=0.2", "data.pass_rates is None"), ("data.pass_rate_high=0.8", "data.pass_rates is None"),
    ("model.lora.alpha=64.0", "model.lora.rank is 0"), ("model.lora.targets=[q_proj]", "model.lora.rank is 0"),
    ("optimizer.final_share=0.1", "optimizer.schedule is 'constant'"),
    ("warmup.optimizer.final_share=0.1", "warmup.optimizer.schedule is 'constant'"),
    ("dynamic.max_rounds=3", "algorithm.dynamic_sampling: true"), ("dynamic.oversample=2.0", "recipe 'grpo' keeps all"),
    ("dynamic.max_carry_age=2", "leave dynamic.max_carry_age out"),
])  # fmt: skip
def test_a_value_that_would_change_nothing_is_refused_with_the_key_that_it_needs(override: str, idle: str) -> None:
    with pytest.raises(ConfigError) as error:
        config_from({}, [override])
    assert override.partition("=")[0] in str(error.value)
    assert idle in str(error.value)


def test_dynamic_sampling_may_be_tuned_where_it_is_on() -> None:
    assert config_from({"recipe": "dapo"}, ["dynamic.max_rounds=3"]).dynamic.max_rounds == 3
    assert config_from({}, ["dynamic.max_rounds=3", "algorithm.dynamic_sampling=true"]).dynamic.max_rounds == 3
    with pytest.raises(ConfigError, match=r"dynamic\.max_rounds is 3"):
        config_from({"recipe": "dapo"}, ["dynamic.max_rounds=3", "algorithm.dynamic_sampling=false"])
    assert config_from({}, ["dynamic.max_empty_steps=3"]).dynamic.max_empty_steps == 3  # of too few grades, too


def test_every_range_belongs_to_a_key() -> None:
    assert RANGES.keys() <= set(known_keys())


@pytest.mark.parametrize("weight", [0, -1, float("inf"), float("nan")])
def test_a_weight_that_no_draw_can_have_is_refused(weight: float) -> None:
    refused({"data": {"train": [{"path": "a.jsonl", "weight": weight}]}}, "a.jsonl", "weight", "above 0")


def test_an_unknown_key_inside_a_list_is_refused() -> None:
    refused(
        {"data": {"train": [{"path": "a"}, {"path": "b", "weigth": 2}]}},
        "unknown key data.train.1.weigth",
        "did you mean weight?",
    )


@pytest.mark.parametrize(("text", "words"), [
    (b"\xff\xfe", "not text in UTF-8"), (b"steps: 1\nsteps: 2", "'steps' stands twice"),
    (b"optimizer: {lr: 1, lr: 2}", "'lr' stands twice"), (b"? [a]\n: b", "not YAML"), (b"- a", "keys and values"),
    (b"name: ''", "name is ''"), (b"name: ../x", "name is '../x'"), (b"name: /tmp/x", "name is '/tmp/x'"),
])  # fmt: skip
def test_a_file_that_cannot_be_a_config_is_refused_with_the_reason(tmp_path: Path, text: bytes, words: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_bytes(text)
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("steps=true", "steps is True; it must be a number"),
        (
            "data.train=a.jsonl",
            "data.train is 'a.jsonl'; it must be a list, such as [{path: ...}] (keys: path, weight)",
        ),
        (
            "data.train=[a.jsonl]",
            "data.train.0 is 'a.jsonl'; it must hold keys and values, such as {path: ...} (keys: ",
        ),
        ("data.train=[{weight: 2}]", "data.train.0.path is missing in {'weight': 2}"),
        ("optimizer.betas=[0.9]", "optimizer.betas.1 is missing in [0.9]"),
        ("optimizer.lr=false", "optimizer.lr is False; it must be a number"),
        ("rollout.n=yes", "rollout.n is 'yes'"),
        ("steps=12:30", "steps is '12:30'"),
        ("name=a: b: c", "is not YAML"),
        ("steps=" + "9" * 5000, "is not YAML"),
        ("reward=&a {gate: *a, then: math}", "holds itself"),
        ("a..b=1", "not of the form key=value"),
        (".=1", "not of the form key=value"),
        ("name=' '", "give the name of a folder"),
        ('name="a\\u0000b"', "give the name of a folder"),
        ("eval.temperature=.nan", "eval.temperature is nan; it must be"),
        ("eval.temperature=.inf", "eval.temperature is inf; it must be"),
        ("seed=99999999999999999999999999", "seed is 99999999999999999999999999; it must be"),
    ],
)
def test_odd_overrides_are_refused_with_key_and_value(tmp_path: Path, override: str, says: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("steps: 3\n")
    with pytest.raises(ConfigError) as error:
        load_config(path, [override])
    assert says in str(error.value)


def test_numbers_may_be_written_as_people_do(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("steps: 1e3\noptimizer: {lr: 1e-6}\nname: 2024-01-01\n")
    config = load_config(path, ["threads=0x2", "rollout.prompts=1_000"])
    assert (config.steps, config.optimizer.lr, config.name) == (1000, 1e-6, "2024-01-01")
    assert (config.threads, config.rollout.prompts) == (2, 1000)


@pytest.mark.parametrize("text", ["[" * 5000, "steps: " + "9" * 5000, "a: &a\n  b: *a", "name: !!int x"])
def test_no_text_in_a_file_ends_in_a_bare_exception(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"c\.yaml is not YAML"):
        load_config(path)


def test_a_check_of_a_section_names_its_key_once() -> None:
    with pytest.raises(ConfigError) as error:
        config_from({"eval": {"every": -1}})
    assert str(error.value) == "eval.every is -1; it must be at least 0"


def test_a_dotted_key_in_a_file_is_told_how_it_is_written() -> None:
    refused({"optimizer.lr": 1e-6}, "unknown key optimizer.lr", "optimizer: {lr: ...}")
