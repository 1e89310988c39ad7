"""In the checker: commands that tests run. Those that are the program's, or run it, run in its process.

`subprocess.run([sys.executable, "solution.py"], ...)` starts the program as a child there. So does a command that runs,
or is, a file that the program wrote, which could read the tests if it ran here. Only data comes back: an exit status
and the output.
"""

from __future__ import annotations

import ast
import importlib
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ..guards.evaluation import is_own
from ..sources import context
from ..transfer.link import Link
from . import beside, scripts

_SHELL = "/bin/sh"
_INTERPRETER = r"(?:python|pypy|sh|bash|dash|zsh|perl|ruby|node|php|lua)[\d.]*"
_UNREAD = object()
_READS_PROGRAM = re.compile(  # in words joined by blanks: nothing but options and `-` after its name
    rf"(?:\A|[\s/;&|(`]){_INTERPRETER}(?:\s+-(?![cem]\b)\S*)*\s*(?:\Z|[;&|)`<])"
)
_IMPORTS_IT = re.compile(r"\b(?:import|from)\s+(?:[\w.]+\s*,\s*)*solution\b|(?:import_module|__import__)\(.solution.\)")
_JUDGES = (ast.Assert, ast.Compare, ast.If, ast.IfExp, ast.Raise, ast.BoolOp, ast.While, ast.Match)
_JUDGING = re.compile(r"assert|unittest\b|doctest\b|pytest\b")  # names


def watch(link: Link, text: str) -> None:
    """Let the program's process start commands that are the program's, or run it."""
    if "subprocess" in text:
        _watch_subprocess(link)
    if "os.system" in text or "popen" in text:
        _watch_shell(link)


def _command(args: object) -> tuple[str, ...] | None:
    """The words after the interpreter, of a command that starts the program with Python."""
    if not isinstance(args, Sequence) or isinstance(args, str | bytes) or len(args) < 2:
        return None
    words = [os.fspath(word) for word in args if isinstance(word, str | os.PathLike)]
    if len(words) != len(args) or not os.path.basename(str(words[0])).startswith("python"):
        return None
    if any(before == "-c" and _IMPORTS_IT.search(str(word)) for before, word in pairwise(words)):
        return tuple(map(str, words[1:]))
    program = [
        at
        for at, word in enumerate(words)
        if at and (scripts.is_program(word) or words[at - 1 : at + 1] == ["-m", "solution"])
    ]
    if not program:
        return None
    return tuple("solution.py" if scripts.is_program(word) else str(word) for word in words[1:])


def _judges(text: str) -> bool:
    """Whether a script of the tests may decide what is right: the exit status of one that runs in the program's process
    proves nothing.
    """
    try:
        nodes = list(ast.walk(ast.parse(text)))
    except SyntaxError:
        return True
    return any(isinstance(node, _JUDGES) or _JUDGING.match(context.name_of(node)) or _ends_by(node) for node in nodes)


def _ends_by(node: ast.AST) -> bool:
    """Whether it exits with a status that it computes: `exit(solution.f(3) - 9)`, but not `exit(solution.main())`."""
    if not (isinstance(node, ast.Call) and context.name_of(node.func) in ("exit", "_exit", "quit")):
        return False
    return not all(isinstance(status, ast.Constant | ast.Call) for status in node.args)


def _watch_subprocess(link: Link) -> None:
    subprocess: Any = importlib.import_module("subprocess")
    original, popen = subprocess.run, subprocess.Popen

    def run(args: Any, *rest: Any, **options: Any) -> Any:
        words = None if rest else _command(args)
        if words is not None and any(before == "-c" and _judges(word) for before, word in pairwise(words)):
            link.unsupported("a command that imports the program, and judges it there")
        if words is not None:
            return _child(link, args, words, **options)
        taken = _taken(options)
        fed = _reads_program(args) and taken is not _UNREAD and not _is_tests(taken)
        if rest or (not fed and _is_own(args, options.get("cwd"), options.get("executable"))):
            return original(args, *rest, **options)
        return _child(link, args, _whole(args, options.get("shell")), plain=True, **options)

    class Popen(popen):  # type: ignore[misc, valid-type]
        def __init__(self, args: Any, *rest: Any, **options: Any) -> None:
            if _command(args) is not None or not _is_own(args, options.get("cwd"), *rest):
                link.unsupported("the program as a process that the test talks to (subprocess.run is supported)")
            reads = _reads_program(args)
            if reads and not _is_tests(_taken(options)):
                link.unsupported("an interpreter that is given a program that does not stand in the tests")
            super().__init__(args, *rest, **options)
            if reads and options.get("stdin") == subprocess.PIPE:
                self.stdin: Any = _Fed(link, self.stdin)

        def communicate(self, input: Any = None, timeout: float | None = None) -> Any:
            if isinstance(self.stdin, _Fed):
                self.stdin.check(input)
            return super().communicate(input, timeout)

    def check_output(args: Any, **options: Any) -> Any:
        return run(args, stdout=subprocess.PIPE, check=True, **options).stdout

    def check_call(args: Any, **options: Any) -> int:
        return int(run(args, check=True, **options).returncode)

    def call(args: Any, **options: Any) -> int:
        return int(run(args, **options).returncode)

    subprocess.run, subprocess.Popen = run, Popen
    subprocess.check_output, subprocess.check_call, subprocess.call = check_output, check_call, call


def _watch_shell(link: Link) -> None:
    import io

    shell: Any = os
    system, popen = os.system, os.popen

    def run(command: Any) -> int:
        if _is_own(command):
            return system(command)
        return int(_child(link, command, (_SHELL, "-c", str(command)), plain=True).returncode) << 8

    def opened(command: Any, mode: str = "r", *rest: Any) -> Any:
        if mode != "r":
            given = popen(command, mode, *rest)
            return _Fed(link, given) if _reads_program(command) else given
        if _is_own(command):
            return popen(command, mode, *rest)
        done = _child(link, command, (_SHELL, "-c", str(command)), plain=True, stdout=-1, text=True)
        return io.StringIO(done.stdout)

    shell.system, shell.popen = run, opened


class _Fed:
    """The standard input of an interpreter that reads its program from there: only text of the tests may be written."""

    def __init__(self, link: Link, stream: Any) -> None:
        self._link = link
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __enter__(self) -> _Fed:
        return self

    def __exit__(self, *_error: Any) -> None:
        self._stream.close()

    def check(self, text: Any) -> None:
        """Raises UnsupportedTest if a text is not the tests' own."""
        if not _is_tests(text):
            self._link.unsupported("an interpreter that is given a program that does not stand in the tests")

    def write(self, text: Any) -> Any:
        self.check(text)
        return self._stream.write(text)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)


def _reads_program(args: Any) -> bool:
    """Whether a command is an interpreter that reads its program from standard input."""
    words = [args] if isinstance(args, str | bytes | os.PathLike) else list(args)
    known = [os.fsdecode(word) for word in words if isinstance(word, str | bytes | os.PathLike)]
    return _READS_PROGRAM.search(" ".join(known)) is not None


def _taken(options: dict[str, Any]) -> Any:
    """What a command gets on its standard input: None = nothing yet; `_UNREAD` if it cannot be examined."""
    stdin = options.get("stdin")
    if stdin is None or (isinstance(stdin, int) and stdin < 0):  # nothing, PIPE, DEVNULL
        return options.get("input")
    if not hasattr(stdin, "read") or not stdin.seekable():
        return _UNREAD
    at = stdin.tell()
    text = stdin.read()
    stdin.seek(at)
    return text


def _is_tests(text: Any) -> bool:
    """Whether every line of a text is in the tests."""
    if text is None:
        return True
    if isinstance(text, bytes | bytearray | memoryview):
        text = bytes(text).decode(errors="replace")
    return (
        type(text) is str
        and not beside.received
        and (is_own(text) or _known().issuperset(map(str.strip, text.splitlines())))
    )


def _known() -> set[str]:
    return {""} | {line.strip() for text in context.SOURCES.values() for line in text.splitlines()}


def _is_own(args: Any, *places: Any) -> bool:
    """Whether a command is the test's own: its words are in the tests, and it names no folder of the program."""
    words = [args] if isinstance(args, str | bytes | os.PathLike) else list(args)
    known = _known()
    for word in [*words, *(place for place in places if place is not None)]:
        if not isinstance(word, str | bytes | os.PathLike):
            return False
        text = os.fsdecode(word)
        installed = text == sys.executable  # the environment may be in a temporary folder
        # Here it could run what the program wrote, or read the tests for it.
        if beside.received or (_is_temporary(text) and not installed):
            return False
        if not installed and not is_own(text) and any(line.strip() not in known for line in text.splitlines()):
            return False
    return True


def _is_temporary(text: str) -> bool:
    """Whether a word is, or names, a file in a temporary folder."""
    top = os.path.realpath(tempfile.gettempdir()) + os.sep
    return top in text or os.path.realpath(text).startswith(top)


def _whole(args: Any, shell: Any) -> tuple[str, ...]:
    if isinstance(args, str | bytes | os.PathLike):
        text = os.fsdecode(args)
        return (_SHELL, "-c", text) if shell else (text,)
    words = tuple(os.fsdecode(word) for word in args)
    return (_SHELL, "-c", *words) if shell else words


def _child(link: Link, args: Any, words: tuple[str, ...], plain: bool = False, **options: Any) -> Any:
    """`subprocess.run` of the program, done by its own process."""
    import subprocess

    encoding = options.get("encoding") or (
        "utf-8" if options.get("text") or options.get("universal_newlines") else None
    )
    given = options.get("input")
    if given is None and hasattr(options.get("stdin"), "read"):
        given = options["stdin"].read()
    if isinstance(given, str):
        given = given.encode(encoding or "utf-8")
    timeout, env = options.get("timeout"), options.get("env")
    merged = options.get("stderr") == subprocess.STDOUT
    folder = options.get("cwd")
    folder = None if folder is None or not plain else os.fspath(folder)
    told = link.ask("child", words, given or b"", timeout, None if env is None else dict(env), merged, folder, plain)
    if told is None:
        raise subprocess.TimeoutExpired(args, timeout or 0.0)
    if type(told) is not tuple or [type(part) for part in told] != [int, bytes, bytes]:
        link.lose("the program broke the protocol: a child that ended with no status", violated=True)
    status, *written = told
    captures = options.get("capture_output") is True
    shown: list[Any] = []
    for name, raw in zip(("stdout", "stderr"), written, strict=True):
        text = raw.decode(encoding, options.get("errors") or "strict").replace("\r\n", "\n") if encoding else raw
        wanted = captures or options.get(name) == subprocess.PIPE
        shown.append(text if wanted and not (name == "stderr" and merged) else None)
    if options.get("check") and status:
        raise subprocess.CalledProcessError(status, args, *shown)
    return subprocess.CompletedProcess(args, status, *shown)
