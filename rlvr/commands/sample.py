"""`rlvr sample CHECKPOINT`: ask a model something, once or in a conversation of single questions."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from data_prep.templates import TEMPLATES
from rewards.types import Finish
from rlvr.errors import ConfigError
from sandbox.errors import ToolkitError

if TYPE_CHECKING:
    from rlvr.evaluation.talk import Answer

PROMPT = "> "


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `sample`."""
    parser = commands.add_parser(
        "sample",
        help="ask a model: one prompt, or one line after the other",
        description="Ask a model. With --prompt it answers once; without, each line that is typed (or piped in) is a "
        "question of its own: the model sees no line before it. An empty line is passed over; Ctrl-D ends.",
    )
    parser.add_argument(
        "model",
        metavar="CHECKPOINT",
        help="a run directory (its newest checkpoint), a checkpoint, a Hugging Face folder, or a name on the hub",
    )
    parser.add_argument("--prompt", metavar="TEXT", help="answer this and exit (default: read lines)")
    parser.add_argument(
        "--template",
        choices=list(TEMPLATES),
        help="prompt template (default: the run's; else chat_boxed where the tokenizer has a chat template, or boxed)",
    )
    parser.add_argument("--temperature", type=float, metavar="T", help="0 = greedy (default: the run's, or 1)")
    parser.add_argument("--top-p", type=float, default=1.0, metavar="P", help="nucleus sampling (default: 1, off)")
    parser.add_argument(
        "--max-tokens", type=int, metavar="N", help="response tokens at most (default: the run's, or 1024)"
    )
    parser.add_argument("-n", type=int, default=1, metavar="N", help="responses to each prompt (default: 1)")
    parser.add_argument(
        "--stop", action="append", metavar="TEXT", help="a string that ends a response; repeatable (default: the run's)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="the same seed, the same responses (default: 0)"
    )
    parser.add_argument("--device", help="cpu, cuda, cuda:1, ... (default: a GPU where there is one)")
    parser.add_argument("--dtype", choices=["auto", "float32", "bfloat16"], default="auto", help="(default: auto)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Answer until there is no more to answer. Returns 0."""
    from rlvr.evaluation.talk import open_talk

    if options.prompt is None and sys.stdin is None:
        raise ConfigError("standard input is closed; ask with --prompt TEXT, or give lines on standard input")
    with open_talk(
        options.model,
        template=options.template,
        temperature=options.temperature,
        top_p=options.top_p,
        max_tokens=options.max_tokens,
        stop=None if options.stop is None else tuple(options.stop),
        responses=options.n,
        seed=options.seed,
        device=options.device,
        dtype=options.dtype,
    ) as talk:
        if options.prompt is not None:
            _show(talk.ask(options.prompt))
            return 0
        typing = sys.stdin.isatty()
        failed = False
        for line in _typed() if typing else _piped():
            if not (question := line.rstrip("\n")):
                continue
            try:
                _show(talk.ask(question))
            except ToolkitError as error:  # this question's own: the next may do
                print(f"rlvr: {error}", file=sys.stderr)
                failed = True
    return int(failed and not typing)


def _show(answers: Sequence[Answer]) -> None:
    for index, answer in enumerate(answers):
        if len(answers) > 1:
            print(f"--- {index + 1} of {len(answers)}")
        print(answer.text, flush=True)
        if answer.finish is Finish.LENGTH:
            print(f"[cut off at {answer.tokens} tokens]", file=sys.stderr)


def _piped() -> Iterator[str]:
    """Lines of standard input."""
    try:
        yield from sys.stdin
    except UnicodeDecodeError as error:
        raise ConfigError(f"standard input is not text in UTF-8: {error}") from error


def _typed() -> Iterator[str]:
    """Lines from a terminal, with editing and history."""
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401  # importing it is what gives input() its editing
    while True:
        try:
            yield input(PROMPT)
        except EOFError:
            print()
            return
