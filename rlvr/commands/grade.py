"""`rlvr grade FILE --reward NAME`: grade the responses in a file, or as they come in on standard input.

Needs no torch. Exit status: 0 every response is graded, 1 a mistake or a condition with a message (no such reward or
file, no workers), 3 some rows could not be read or some responses could not be judged.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

from data_prep.errors import BadFile, BadRow, DataNotFound
from data_prep.rows import Row, iter_rows, parse_line
from rewards.composition import RewardSpec
from rewards.pool import DEADLINE, GraderPool
from rewards.registry import names
from rewards.types import Json, Verdict
from rlvr.batch_grading import Outcome, graded_rows
from rlvr.errors import ConfigError
from rlvr.yaml_text import NotYaml, read_yaml

INCOMPLETE = 3
STREAM = "-"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `grade`."""
    parser = commands.add_parser(
        "grade",
        help="grade the responses in a file, or on standard input, with a reward",
        description="Grade responses with a reward, in worker processes that cannot hang. Each row is an object with "
        "'response' (or 'responses': one graded row for each), 'reference' (an object with a 'type', or a bare answer) "
        "and optionally 'id', 'prompt' and 'finish'. A graded row holds the columns that came in, then sample, score, "
        "correctness, verdict, extracted, reason, parts, seconds and reward (name and version).",
        epilog="Exit status: 0 all graded, 1 a mistake (no such file or reward), 3 some rows are bad or ungraded. "
        "Bad rows are reported with their line and reason on standard error and in OUT.errors.jsonl.",
    )
    parser.add_argument("file", metavar="FILE", help="JSONL, JSONL.gz or Parquet; - = JSONL on standard input")
    parser.add_argument(
        "--reward",
        required=True,
        metavar="NAME",
        help=f"a reward ({', '.join(names())}), one in a file (./my_rewards.py:concise), or a composition as YAML: "
        "'{gate: format, then: math}', '{reward: math, parameters: {policy: strict}}'",
    )
    parser.add_argument(
        "--out",
        default=STREAM,
        metavar="OUT",
        help="where graded rows go, as JSONL; grows as OUT.partial and is renamed when whole "
        "(default: standard output, each row as soon as it and those before it are known)",
    )
    parser.add_argument("--workers", type=int, metavar="N", help="worker processes (default: one a core, at most 8)")
    parser.add_argument(
        "--deadline",
        type=float,
        default=DEADLINE,
        metavar="S",
        help="seconds for one grade; then its worker is killed (default: %(default)g)",
    )
    parser.add_argument(
        "--allow-weak",
        action="store_true",
        help="let the reward `code` run programs without isolation where this machine has none: they can read your "
        "files and reach the network; each graded row says so",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Grade. Returns 0, or 3 where some rows are bad or ungraded."""
    rows = read_rows(options.file)
    spec = reward_spec(options.reward)
    if options.allow_weak:
        spec = allowing_weak(spec)
    with GraderPool(spec, workers=options.workers, deadline=options.deadline) as pool:
        with Output(options.out) as output:
            for outcome in graded_rows(rows, pool):
                output.take(outcome)
        print(output.describe(), file=sys.stderr)
    return INCOMPLETE if output.bad or output.verdicts[Verdict.UNGRADED] else 0


def reward_spec(text: str) -> RewardSpec:
    """The reward that an option names: a name, or a composition as YAML. Raises ConfigError, InvalidReward."""
    if not text.lstrip().startswith("{"):
        return RewardSpec.from_dict(text)
    try:
        return RewardSpec.from_dict(read_yaml(text))
    except NotYaml as error:
        raise ConfigError(f"--reward {text!r} is not YAML: {error}; such as '{{gate: format, then: math}}'") from error


def allowing_weak(spec: RewardSpec) -> RewardSpec:
    """The same reward, with `allow_weak` for each `code` in it. Raises ConfigError where there is none."""
    if all(leaf.named.reward != "code" for leaf in spec.leaves()):
        raise ConfigError("--allow-weak concerns the reward 'code', and the one that is named holds none; leave it out")

    def allowed(value: Json) -> Json:
        if isinstance(value, Mapping):
            inner = {key: allowed(item) for key, item in value.items()}
            if inner.get("reward") != "code":
                return inner
            given = inner.get("parameters")
            return {**inner, "parameters": {**(given if isinstance(given, Mapping) else {}), "allow_weak": True}}
        return [allowed(item) for item in value] if isinstance(value, list) else value

    return RewardSpec.from_dict(allowed(spec.to_dict()))


def read_rows(file: str) -> Iterator[Row | BadRow]:
    """The rows of a file or of standard input, and the errors of those that cannot be read, in their order.

    Raises:
        DataNotFound: there is no such file (at once). BadFile: it cannot be read to its end.
    """
    if file == STREAM:
        if sys.stdin is None:
            raise BadFile("standard input is closed; name a file, or give rows on standard input")
        # A stream of its own: at exit the interpreter takes the lock of sys.stdin, which a waiting reader holds.
        return _lines("standard input", lambda: open(sys.stdin.fileno(), "rb", closefd=False))
    path = Path(file)
    if not path.exists() or path.is_dir():
        raise DataNotFound(f"no file {file!r}" + (" (it is a folder)" if path.is_dir() else ""))
    if file.lower().endswith((".gz", ".parquet")):
        return _packed(path)
    return _lines(file, lambda: path.open("rb"))


def _lines(name: str, opened: Callable[[], IO[bytes]]) -> Iterator[Row | BadRow]:
    number = 0
    try:
        with opened() as stream:
            for number, line in enumerate(stream, start=1):
                try:
                    row = parse_line(name, number, line)
                except BadRow as error:
                    yield error
                else:
                    if row is not None:
                        yield row
    except OSError as error:
        raise BadFile(f"{name}: cannot be read after line {number}: {error.strerror or error}") from error


def _packed(path: Path) -> Iterator[Row | BadRow]:
    waiting: list[BadRow] = []
    for row in iter_rows(path, waiting.append):
        yield from waiting
        waiting.clear()
        yield row
    yield from waiting


class Output:
    """Writes graded rows in order and counts them; a context manager that puts the files in place when all is well."""

    def __init__(self, out: str) -> None:
        self.verdicts: Counter[Verdict] = Counter()
        self.bad = 0
        self._path = None if out == STREAM else Path(out)
        if self._path is not None and (self._path.is_dir() or out.lower().endswith((".gz", ".parquet"))):
            raise ConfigError(f"--out {out!r}: graded rows are written as JSONL; give a file name such as graded.jsonl")
        if self._path is None and sys.stdout is None:
            raise ConfigError("standard output is closed; name a file with --out")
        self._open = ExitStack()
        self._rows: IO[bytes] | None = None
        self._errors: IO[bytes] | None = None

    def __enter__(self) -> Output:
        self._rows = sys.stdout.buffer if self._path is None else self._partial(self._path)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._path is None or kind is not None:  # what was graded so far stays readable as OUT.partial
            with suppress(OSError):  # on a full disk; it has been said
                self._open.close()
            return
        self._open.close()
        partial_of(self._path).replace(self._path)
        errors = errors_of(self._path)
        if self._errors is not None:
            partial_of(errors).replace(errors)
        else:
            errors.unlink(missing_ok=True)  # those of an earlier run

    def take(self, outcome: Outcome) -> None:
        """Write one response's row, or report a bad row."""
        if isinstance(outcome, BadRow):
            self._report(outcome)
            return
        try:
            line = json.dumps(outcome.fields, ensure_ascii=False, allow_nan=False).encode("utf-8")
        except ValueError as error:  # NaN in a column that came in
            row = json.dumps(outcome.fields, default=str)
            self._report(BadRow(f"not JSON: {error}", line=outcome.line, row=row))
            return
        self.verdicts[outcome.result.verdict] += 1
        assert self._rows is not None, "take() is called inside the context"
        self._write(self._rows, line + b"\n")

    def describe(self) -> str:
        """One line on what was graded."""
        counts = ", ".join(f"{count} {verdict.value}" for verdict, count in sorted(self.verdicts.items()))
        bad = f"; {self.bad} bad rows" + (f", see {errors_of(self._path)}" if self._path else "") if self.bad else ""
        return f"graded {self.verdicts.total()} responses: {counts or 'none'}{bad}"

    def _report(self, error: BadRow) -> None:
        self.bad += 1
        print(f"rlvr grade: {error}", file=sys.stderr, flush=True)
        if self._path is None:
            return
        if self._errors is None:
            self._errors = self._partial(errors_of(self._path))
        record = {
            "file": error.file,
            "line": error.line,
            "field": error.field,
            "reason": error.reason,
            "row": error.row,
        }
        self._write(self._errors, json.dumps(record).encode("ascii") + b"\n")  # the row may hold what is not Unicode

    def _write(self, stream: IO[bytes], data: bytes) -> None:
        try:
            stream.write(data)
            stream.flush()
        except BrokenPipeError:  # whoever read has gone
            raise
        except OSError as error:
            if self._path is None:  # what it holds back would fail again at exit
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            where = "standard output" if self._path is None else repr(stream.name)
            raise BadFile(f"cannot write {where}: {error.strerror or error}") from error

    def _partial(self, path: Path) -> IO[bytes]:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return self._open.enter_context(partial_of(path).open("wb"))
        except OSError as error:
            raise BadFile(f"cannot write {str(partial_of(path))!r}: {error.strerror}") from error


def partial_of(path: Path) -> Path:
    """The name under which a file grows."""
    return path.with_name(f"{path.name}.partial")


def errors_of(path: Path) -> Path:
    """Where the bad rows of OUT stand."""
    return path.with_name(f"{path.name}.errors.jsonl")
