"""`rlvr sample MODEL`: ask a model one question, or several independent ones interactively."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rewards.pluralize import pluralize
from rewards.types import Finish
from rlvr.commands.model_options import add_machine, add_model, add_sampling
from rlvr.errors import ConfigError
from rlvr.offline.progress import say, show
from sandbox.errors import ToolkitError

if TYPE_CHECKING:
    from rlvr.evaluation.chat import Answer

PROMPT = "> "


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `sample`."""
    parser = commands.add_parser(
        "sample",
        help="ask a model: one prompt, or one prompt per line",
        description="Ask a model. With --prompt it answers once. Otherwise each line that is typed (or piped in) is a "
        "separate prompt: the model does not see earlier lines. Empty lines are skipped; Ctrl-D ends.",
    )
    add_model(parser)
    parser.add_argument("--prompt", metavar="TEXT", help="answer this and exit (default: read lines)")
    parser.add_argument("-n", type=int, default=1, metavar="N", help="responses per prompt (default: 1)")
    sampling = parser.add_argument_group("sampling")
    add_sampling(
        sampling, temperature="0 = greedy (default: the run's, or 1)", seed="the same seed gives the same responses"
    )
    add_machine(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Answer all questions. Returns 0."""
    from rlvr.evaluation.chat import open_chat

    if options.prompt is None and sys.stdin is None:
        raise ConfigError("standard input is closed; ask with --prompt TEXT, or give lines on standard input")
    with open_chat(
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
    ) as chat:
        if options.prompt is not None:
            _show(chat.ask(options.prompt))
            return 0
        typing = sys.stdin.isatty()
        failed = False
        for line in _typed() if typing else _piped():
            if not (question := line.rstrip("\n")):
                continue
            try:
                _show(chat.ask(question))
            except ToolkitError as error:  # only this question fails
                say(str(error), title="rlvr: ")
                failed = True
    return int(failed and not typing)


def _show(answers: Sequence[Answer]) -> None:
    for index, answer in enumerate(answers):
        if len(answers) > 1:
            print(f"--- {index + 1} of {len(answers)}")
        print(answer.text, flush=True)
        if answer.finish is Finish.LENGTH:
            show(f"[cut off at {pluralize(answer.tokens, 'token')}]\n")


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
