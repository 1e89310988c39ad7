"""The command line: `rlvr COMMAND ...`. Dispatches only; each command lives in `rlvr/commands/`. Begun by `rlvr.cli`.

Start-up stays light: a command imports what it needs when it runs, so that `rlvr grade` needs no torch.

Exit status: 0 done, 1 a usage error or another expected failure (a message, no traceback); others are listed by each
command.
"""

from __future__ import annotations

import argparse
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn, TextIO

from rlvr import __version__
from rlvr.commands import commands
from sandbox.errors import ToolkitError

# Packages that the base install does not bring, and the extra that does.
EXTRA_OF = {
    **dict.fromkeys(("torch", "transformers", "tokenizers", "safetensors"), "train"),
    "datasketch": "validate",
}


# Options of other tools -> what takes their place here.
INSTEAD = {"--resume": "the same command resumes by itself what was interrupted"}


class _Parser(argparse.ArgumentParser):
    """Exits with 1 on a mistake in the arguments, like any usage error, and if the help cannot be written."""

    def _print_message(self, message: str, file: Any = None) -> None:
        """Write the help or version. argparse itself swallows what goes wrong, and exits with 0."""
        to_output = sys.stdout is not None and file is sys.stdout
        if to_output:
            sys.stdout.write(message)
            sys.stdout.flush()
        else:
            super()._print_message(message, file)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's, for the parser and every command; keeps the arguments for error messages."""
        self._given = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: {message}{self._meant(message)} ({self.prog} --help explains what it takes)\n")

    def _meant(self, message: str) -> str:
        """The nearest known name to an unknown option or to the choice that the message complains about."""
        from rewards.parameters import nearest

        options = [option for action in self._actions for option in action.option_strings]
        choices = [name for action in self._actions if action.choices for name in map(str, action.choices)]
        for word in self._given:
            name = word.partition("=")[0]
            if name in INSTEAD and name not in options:
                return f"; {INSTEAD[name]}"
            known = options if len(name) > 2 and name.startswith("--") else choices if repr(word) in message else []
            # The dashes are equal in all: with them, any two short options would be near
            near = nearest(name.removeprefix("--"), [one.removeprefix("--") for one in known])
            if near and not any(one.startswith(name) for one in known):
                meant = near.replace("'", "'--", 1) if known is options else near
                return f"; {name!r} is not known{meant.replace(';', ',', 1)}"
        return ""


def parser() -> argparse.ArgumentParser:
    """The parser with all commands."""
    root = _Parser(prog="rlvr", description="Reinforcement learning with verifiable rewards: train, grade, evaluate.")
    root.add_argument("--version", action="version", version=f"rlvr {__version__}")
    choices = root.add_subparsers(metavar="COMMAND", required=True, title="commands")
    for command in commands():
        command.add_parser(choices)
    for chosen in choices.choices.values():
        chosen.set_defaults(chosen=chosen)
    return root


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    # Make idle torch threads sleep instead of spin: graders and other processes need the cores.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        with _ended_by_sigterm():
            status = _run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status
    except KeyboardInterrupt as interrupt:  # also while the commands are imported
        _complain("interrupted")
        return 128 + (signal.SIGTERM if isinstance(interrupt, _Terminated) else signal.SIGINT)
    except OSError as error:
        # `rlvr ... | head`: the reader closed the pipe, which is fine. Any other broken pipe is an error.
        read_enough = isinstance(error, BrokenPipeError) and _has_lost_its_reader(sys.stdout)
        if error.strerror is None:
            raise
        _drop(sys.stdout)
        if not read_enough:
            _complain(f"{error.filename or 'a stream (standard output?)'}: {error.strerror}")
        return int(not read_enough)
    finally:
        _drop_what_nobody_hears()


class _Terminated(KeyboardInterrupt):
    """SIGTERM came."""


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does, so it leaves no partial file; `grade` and `train` do more."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> NoReturn:
        raise _Terminated

    held = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, held)


def _complain(message: str) -> None:
    """Print the error to standard error. If that fails, the exit status still reports it."""
    if sys.stderr is not None:
        with suppress(OSError):
            print(f"rlvr: {message}", file=sys.stderr, flush=True)


def _drop_what_nobody_hears() -> None:
    """From 3.13 on, Python exits with status 120 if standard error cannot be written at exit."""
    if sys.stderr is not None:
        try:
            sys.stderr.flush()
        except OSError:
            _drop(sys.stderr)


def _has_lost_its_reader(stream: TextIO | None) -> bool:
    """Whether the reader of this stream is gone."""
    with suppress(OSError, ValueError, AttributeError):  # no file behind it
        poller = select.poll()
        poller.register(stream.fileno(), 0)  # type: ignore[union-attr]
        return any(event & (select.POLLERR | select.POLLHUP) for _, event in poller.poll(0))
    return False


def _drop(stream: TextIO | None) -> None:
    """Discard buffered output: Python would try to write it again at exit."""
    if stream is not None:
        with suppress(OSError, AttributeError):  # no file behind it
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _run(arguments: Sequence[str] | None) -> int:
    root = parser()
    options, rest = root.parse_known_args(arguments)
    # argparse drops a positional argument after an option; here KEY=VALUE and files may come anywhere.
    if hasattr(options, "files") and not any(word.startswith("-") and word != "-" for word in rest):
        options.files, rest = [*options.files, *rest], []
    overrides = [word for word in rest if "=" in word and not word.startswith("-")]
    if len(overrides) < len(rest) or (rest and not hasattr(options, "overrides")):
        options.chosen.error(f"unrecognized arguments: {' '.join(rest)}")
    if overrides:
        options.overrides = [*options.overrides, *overrides]
    try:
        return int(options.run(options))
    except ToolkitError as error:
        _complain(str(error))
        return 1
    except ModuleNotFoundError as error:
        extra = EXTRA_OF.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        _complain(f"this command needs {error.name}: pip install 'rlvr[{extra}]'")
        return 1
