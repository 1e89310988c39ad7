"""The reward `process`: any executable that reads requests and writes grades, one line of JSON each.

    {reward: process, parameters: {command: "./grade.sh --strict", range: [0, 1]}}

Each worker starts the command once, in the caller's current folder, and keeps it running. For each response it writes
one line to the command's standard input: `GradeRequest.to_dict()` with a number `call`: `{"call", "prompt", "response",
...}`. The command answers with one line on its standard output, and flushes it. The line is a number, true, false, or
null for "could not be judged"; or an object with `score` and any of `reason`, `extracted`, `parts`, `details`; or a
whole grade with a `verdict`, as `GradeResult.to_dict()` writes it. If an object repeats `call`, it answers that request
only, so a surplus line is never taken for the next answer. Messages for people belong on standard error, which is
shown.

`range` gives the scores of wrong and right; without it the reward has no right and wrong. If a line is not a valid
answer, the response is ungraded and the command is restarted. A command that exits during a request is handled like a
worker that dies: the request is repeated with a fresh one, and if that exits too although an empty response is graded,
the response is to blame. The command is not sandboxed.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence

from rewards.declared import checked_range
from rewards.errors import GraderEnded, InvalidReward
from rewards.json_lines import LineSplitter, line
from rewards.outcome import Range, grade_from, short
from rewards.registry import reward
from rewards.types import GradeRequest, GradeResult, Json
from sandbox.json_text import JsonFault, read_json

# Asks the kernel to kill it when its parent dies (PR_SET_PDEATHSIG; Linux), then becomes the command by exec.
_STARTER = """
import os, sys
told, parent = int(sys.argv[1]), int(sys.argv[2])
os.set_inheritable(told, False)
if sys.platform == "linux":
    import ctypes
    ctypes.CDLL(None).prctl(1, 9, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
try:
    os.execvp(sys.argv[3], sys.argv[3:])
except OSError as error:
    os.write(told, str(error.strerror).encode())
    os._exit(1)
"""
_LOG = logging.getLogger(__name__)
_MOST_BYTES = 16 << 20  # of one answer
_READ_SIZE = 1 << 16
_GRADE_FIELDS = {
    "score",
    "correctness",
    "verdict",
    "extracted",
    "reason",
    "parts",
    "steps",
    "seconds",
    "details",
    "call",
}


def _words(command: str | Sequence[str]) -> list[str]:
    words = shlex.split(command) if isinstance(command, str) else [*command]
    if not words or not words[0]:
        raise ValueError("parameter 'command' is empty; name a program, as in command: ./grade.sh --strict")
    return words


def _range_of(given: Mapping[str, object]) -> Range | None:
    stated = given["range"]
    return None if stated is None else checked_range(stated, "parameter 'range'")


def _check(*, command: str | list[str], range: Sequence[float] | None) -> None:  # the parameter's name
    _words(command)
    _range_of({"range": range})


def _ready(given: Mapping[str, Json]) -> None:
    words = _words(given["command"])  # type: ignore[arg-type]  # checked
    if shutil.which(words[0]) is None:
        here = "it is no executable file" if os.path.exists(words[0]) else "there is no such program"
        raise InvalidReward(
            f"reward 'process': {words[0]!r} cannot be run: {here} (in {os.getcwd()}); give a path such as ./grade.sh "
            "that may be executed (chmod +x), or name an interpreter: python3 grade.py"
        )


def _with_pipes(command: Sequence[str], told: int) -> subprocess.Popen[bytes]:
    """Start the command. The pipes are made here, because before Python 3.11.4 Popen leaks one if it can open only one
    of two.
    """
    with contextlib.ExitStack() as given, contextlib.ExitStack() as ours:
        ends = []
        for mode in ("wb", "rb"):
            source, target = os.pipe()
            kept, handed = (target, source) if mode == "wb" else (source, target)
            given.callback(os.close, handed)
            ends.append((ours.enter_context(open(kept, mode, buffering=0)), handed))
        (stdin, its_stdin), (stdout, its_stdout) = ends
        process = subprocess.Popen(command, stdin=its_stdin, stdout=its_stdout, pass_fds=(told,))
        process.stdin, process.stdout = stdin, stdout
        ours.pop_all()
    return process


@reward("process", correctness=_range_of, validate=_check, ready=_ready)
class Executable:
    """Grades with a command. `range`: the scores of wrong and right; None = no right and wrong."""

    def __init__(self, *, command: str | list[str], range: tuple[float, float] | None = None) -> None:
        self._words = _words(command)
        self._scale = None if range is None else (float(range[0]), float(range[1]))
        self._process: subprocess.Popen[bytes] | None = None
        self._splitter = LineSplitter()
        self._call = 0

    def setup(self) -> None:
        """Start the command. Raises InvalidReward if it cannot be started."""
        if self._process is not None:
            return
        heard, told = os.pipe()
        starter = [sys.executable, "-I", "-S", "-c", _STARTER, str(told), str(os.getpid()), *self._words]
        try:
            try:
                self._process = _with_pipes(starter, told)
            finally:
                os.close(told)
            trouble = os.read(heard, _READ_SIZE)  # empty = exec succeeded: it closed the pipe
        finally:
            os.close(heard)
        if trouble:
            self._stop()
            raise InvalidReward(f"reward 'process': {self._spelt} cannot be started: {trouble.decode()}")
        self._splitter = LineSplitter()

    def grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        """One grade per request, in order. Raises GraderEnded if the command has exited."""
        return [self._grade(request) for request in requests]

    def __del__(self) -> None:
        with contextlib.suppress(Exception):  # at the end of the interpreter anything may be gone already
            self._stop()

    @property
    def _spelt(self) -> str:
        return shlex.join(self._words)

    def _grade(self, request: GradeRequest) -> GradeResult:
        self._drop_leftovers()
        self.setup()
        self._call += 1
        try:
            self._write(line({"call": self._call, **request.to_dict()}))
            answer, more = self._read()
        except BrokenPipeError:
            answer, more = None, False
        if answer is None:
            raise GraderEnded(self._ending())
        if more:
            self._stop()
            return self._odd("wrote more than one line for one request")
        return self._read_as_grade(answer)

    def _read_as_grade(self, answer: bytes) -> GradeResult:
        try:
            value = read_json(answer)
        except JsonFault as error:
            self._stop()
            return self._odd(f"wrote what is no JSON: {answer[:80].decode('utf-8', 'replace')!r} ({error})")
        if not isinstance(value, dict):
            return grade_from(value, reward=self._name, scale=self._scale)
        if unknown := value.keys() - _GRADE_FIELDS:
            return self._odd(f"wrote a grade with unknown fields {sorted(unknown)} (known: {sorted(_GRADE_FIELDS)})")
        if value.get("call", self._call) != self._call:
            self._stop()
            return self._odd(f"answered call {value['call']!r:.20} when it was asked call {self._call}")
        if "score" not in value:
            return self._odd(f"wrote a grade without a score (its fields: {', '.join(sorted(value)) or 'none'})")
        plain = grade_from(value["score"], reward=self._name, scale=self._scale).to_dict()
        if value["score"] is None and value.get("reason"):
            plain["reason"] = f"{self._name} could not judge: {value['reason']}"
        elif plain["score"] is not None:
            plain |= {name: item for name, item in value.items() if name != "call"}
        try:
            return GradeResult.from_dict(plain)
        except ValueError as error:
            return self._odd(f"wrote a grade that cannot be: {error}")

    @property
    def _name(self) -> str:
        return f"process ({self._spelt})"

    def _odd(self, what: str) -> GradeResult:
        return GradeResult.ungraded(short(f"reward {self._name!r} {what}"))

    # --- the pipe ---------------------------------------------------------------------------------------------------

    def _pipes(self) -> tuple[int, int]:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        return process.stdin.fileno(), process.stdout.fileno()

    def _write(self, data: bytes) -> None:
        """Raises BrokenPipeError."""
        target, view = self._pipes()[0], memoryview(data)
        while view:
            view = view[os.write(target, view) :]

    def _read(self) -> tuple[bytes | None, bool]:
        """Read a line. Returns it (None if the command closed its output), and whether more bytes follow it."""
        source, size = self._pipes()[1], 0
        while True:
            chunk = os.read(source, _READ_SIZE)
            if not chunk:
                return None, False
            size += len(chunk)
            lines = self._splitter.feed(chunk)
            if lines:
                return lines[0], len(lines) > 1 or self._splitter.holds_more
            if size > _MOST_BYTES:
                return chunk[:80], True

    def _drop_leftovers(self) -> None:
        """Restart the command if it wrote more than its answer: the rest belongs to no request."""
        if self._process is None:
            return
        waiting = select.poll()  # unlike select(), it accepts descriptors above 1023
        waiting.register(self._pipes()[1], select.POLLIN)
        if not waiting.poll(0):
            return
        text = os.read(self._pipes()[1], _READ_SIZE)
        if text:
            _LOG.warning(
                "reward %r wrote %r, which belongs to no request: grades before it may be those of other responses; "
                "write one line a request, or objects that repeat `call`",
                self._name,
                text[:80],
            )
        self._stop()

    def _ending(self) -> str:
        """How the command ended, as text for messages."""
        process, self._process = self._process, None
        assert process is not None
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            code = process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return f"the command {self._spelt} closed its output"
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"the command {self._spelt} was ended by {signal.Signals(-code).name}"
        return f"the command {self._spelt} ended with code {code}"

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            process.wait()
