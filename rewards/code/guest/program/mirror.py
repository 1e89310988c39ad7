"""In the candidate: state that a test changes for the program, and output that the program writes for the test.

The checker has a list of mirrored state (`sys.stdin`, `builtins.input`, `time.sleep`, the environment, ...), and sends
what differs from the start. What the program prints goes to the checker, in order.
"""

from __future__ import annotations

import importlib
import io
import itertools
import operator
import os
import sys
import types
import warnings
from collections.abc import Callable, Collection
from typing import Any

_MOST_OUTPUT = 4 << 20
_TOLD = (str, int, float, type(None))


class _Forward(io.TextIOBase):
    """A text stream that goes to the checker with the next message."""

    def __init__(self, name: str, pieces: list[tuple[str, str]], descriptor: int) -> None:
        self._name = name
        self._pieces = pieces
        self._descriptor = descriptor
        self._raw: _ForwardBytes | None = None

    encoding = "utf-8"
    errors = "strict"

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if text:
            self._pieces.append((self._name, str(text)))
        return len(text)

    def fileno(self) -> int:
        return self._descriptor

    @property
    def name(self) -> str:
        return f"<{self._name}>"

    @property
    def buffer(self) -> _ForwardBytes:
        if self._raw is None:
            self._raw = _ForwardBytes(self)
        return self._raw

    def reconfigure(self, **_: object) -> None:
        pass


class _ForwardBytes(io.RawIOBase):
    def __init__(self, text: _Forward) -> None:
        self._text = text

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        raw = bytes(data)
        self._text.write(raw.decode("utf-8", "surrogateescape"))
        return len(raw)

    def fileno(self) -> int:
        return self._text.fileno()


def _is_told(value: object, depth: int = 8) -> bool:
    """Whether JSON gives this value back as it is."""
    if type(value) is dict:
        return depth > 0 and all(type(k) is str and _is_told(v, depth - 1) for k, v in value.items())
    if type(value) is list:
        return depth > 0 and all(_is_told(v, depth - 1) for v in value)
    return isinstance(value, _TOLD)


def _log_to(pieces: list[tuple[str, str]]) -> None:
    """Turn everything that the program logs into pieces of output."""
    import json
    import logging

    own = frozenset(vars(logging.makeLogRecord({})))

    def plain(holder: object, but: Collection[str]) -> dict[str, Any]:
        return {k: v for k, v in vars(holder).items() if k not in but and _is_told(v)}

    def told_of(record: logging.LogRecord) -> dict[str, Any]:
        """The fields of a log record besides its text; `level` is that of the program's logger."""
        logger: Any = logging.getLogger(record.name)
        while not logger.level and logger.parent is not None:
            logger = logger.parent
        error = record.exc_info[1] if record.exc_info else None
        return {
            "level": logger.level if logger.parent is not None else 0,
            "func": record.funcName,
            "line": record.lineno,
            "msg": record.msg,
            "args": record.args,
            "extra": plain(record, own),
            "error": (
                [",".join(k.__name__ for k in type(error).__mro__[:8]), str(error)[:1000], plain(error, ())]
                if error
                else None
            ),
        }

    class Logged(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            trace = (
                logging.Formatter().formatException(record.exc_info) if record.exc_info and record.exc_info[0] else ""
            )
            message = record.getMessage().replace("\0", "")
            told = json.dumps(told_of(record), default=lambda _: None)
            pieces.append(("log", f"{record.levelno}\0{record.name}\0{message}\0{trace}\0{told}"))

    root = logging.getLogger()
    root.addHandler(Logged())
    root.setLevel(1)


def _memory(name: str) -> int:
    """An unnamed file in memory: a memfd, or one in the run's /tmp, if the sandbox counts no other memory."""
    try:
        return os.memfd_create(name)
    except OSError:
        return os.open("/tmp", os.O_TMPFILE | os.O_RDWR, 0o600)


class Streams:
    """Output that the program has written since the last message."""

    def __init__(self) -> None:
        self._pieces: list[tuple[str, str]] = []
        self._files: list[tuple[str, int, int]] = []  # name, file of the descriptor, how far it was read

    def forward(self, what: tuple[str, ...]) -> None:
        """Forward `output`, `warnings`, `logs` to the checker; with `descriptors` also what bypasses `sys.stdout`."""
        if "warnings" in what:
            warnings.simplefilter("always")
            warnings.showwarning = self._warned
        if "logs" in what:
            _log_to(self._pieces)
        if "output" not in what:
            return
        if "descriptors" in what:
            self._redirect()
            return
        sys.stdout = sys.__stdout__ = _Forward("stdout", self._pieces, 1)  # type: ignore[misc, assignment]
        sys.stderr = sys.__stderr__ = _Forward("stderr", self._pieces, 2)  # type: ignore[misc, assignment]

    def _warned(self, message: Any, category: Any, filename: str, *_: Any, **__: Any) -> None:
        names = ",".join(kind.__name__ for kind in category.__mro__[:8])
        caller = "tests" if os.path.dirname(filename) == os.path.dirname(__file__) else "program"  # by `stacklevel`
        self._pieces.append(("warning", f"{names}\0{caller}\0{message}"))

    def _redirect(self) -> None:
        """Let both descriptors write to files in memory, and `sys.stdout` directly to its descriptor."""
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            held = _memory(name)
            os.dup2(held, descriptor)
            self._files.append((name, held, 0))
            stream = io.TextIOWrapper(os.fdopen(descriptor, "wb", 0, closefd=False), "utf-8", write_through=True)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)

    def _read_files(self) -> None:
        for at, (name, held, begun) in enumerate(self._files):
            written = os.pread(held, _MOST_OUTPUT, begun)
            if written:
                self._files[at] = (name, held, begun + len(written))
                self._pieces.append((name, written.decode("utf-8", "surrogateescape")))

    def take(self) -> tuple[tuple[str, str], ...]:
        """Streams and texts since the last call, in order; consecutive text on one stream is joined."""
        if self._files:
            self._read_files()
        if not self._pieces:
            return ()
        taken: list[tuple[str, str]] = []
        pieces = self._pieces[:]
        del self._pieces[: len(pieces)]  # threads of the program may have written more
        for name, group in itertools.groupby(pieces, key=operator.itemgetter(0)):
            texts = [text for _, text in group]
            taken += [(name, "".join(texts))] if name in ("stdout", "stderr") else [(name, text) for text in texts]
        return tuple(taken)


class _Stdin(io.TextIOBase):
    """`sys.stdin` if the test has replaced it: each read asks the checker."""

    encoding = "utf-8"
    errors = "strict"

    def __init__(self, back: Callable[..., Any]) -> None:
        self._back = back
        self.buffer = _StdinBytes(back)

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> str:
        return self._back("stdin", "read", size, False)  # type: ignore[no-any-return]

    def readline(self, size: int = -1) -> str:  # type: ignore[override]
        return self._back("stdin", "readline", size, False)  # type: ignore[no-any-return]

    def readlines(self, _hint: int = -1) -> list[str]:  # type: ignore[override]
        return list(iter(self.readline, ""))

    def __iter__(self) -> Any:
        return iter(self.readline, "")


class _StdinBytes(io.RawIOBase):
    """Its `buffer`, also if the test's stream holds text and has none."""

    def __init__(self, back: Callable[..., Any]) -> None:
        self._back = back

    def readable(self) -> bool:
        return True

    def _asked(self, method: str, size: int | None) -> bytes:
        found = self._back("stdin", method, size, True)
        return found.encode("utf-8", "surrogateescape") if isinstance(found, str) else bytes(found)

    def read(self, size: int | None = -1) -> bytes:
        return self._asked("read", size)

    read1 = read

    def readline(self, size: int | None = -1) -> bytes:
        return self._asked("readline", size)

    def readinto(self, target: Any) -> int:
        held = self.read(len(target))
        target[: len(held)] = held
        return len(held)


_MISSING = object()


class Mirrored:
    """Interpreter state that follows the checker's."""

    def __init__(self, back: Callable[..., Any]) -> None:
        self._back = back
        self._original: dict[tuple[str, str], Any] = {}
        self._modules: dict[str, Any] = {}
        self._put: list[str] = []  # folders that tests have added to `sys.path`

    def apply(self, changes: tuple[Any, ...]) -> None:
        """Apply `("set", module, name, value)`, `("restore", module, name)`, `("stdin",)`, `("environ", {...})`,
        `("module", name, kind, value)`, `("path", folders)`, `("set_recursion", limit)` `("decimal", settings)` or
        `("cwd", path)`.
        """
        for change in changes:
            getattr(self, f"_{change[0]}")(*change[1:])

    def _target(self, module: str, name: str) -> tuple[Any, str]:
        target: Any = importlib.import_module(module)
        *path, last = name.split(".")
        for part in path:
            target = getattr(target, part)
        return target, last

    def _set(self, module: str, name: str, value: Any) -> None:
        target, last = self._target(module, name)
        self._original.setdefault((module, name), getattr(target, last, _MISSING))
        setattr(target, last, value)

    def _restore(self, module: str, name: str) -> None:
        target, last = self._target(module, name)
        value = self._original.pop((module, name), _MISSING)
        if value is _MISSING:
            delattr(target, last)
        else:
            setattr(target, last, value)

    def _stdin(self) -> None:
        self._original.setdefault(("sys", "stdin"), sys.stdin)
        sys.stdin = _Stdin(self._back)

    def _environ(self, changed: dict[str, str | None]) -> None:
        for name, value in changed.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value

    def _module(self, name: str, kind: str, value: Any) -> None:
        """Set what the program finds when it imports that name; None = the import fails."""
        self._modules.setdefault(name, sys.modules.get(name, _MISSING))
        if kind == "back":
            value = self._modules.pop(name)
        elif kind == "made":
            made = types.ModuleType(name)
            vars(made).update(value)
            value = made
        if value is _MISSING:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = value

    def _path(self, folders: list[str]) -> None:
        sys.path[:] = [*folders, *(path for path in sys.path if path not in self._put)]
        self._put = folders
        importlib.invalidate_caches()

    def _set_recursion(self, limit: int) -> None:
        sys.setrecursionlimit(limit)

    def _decimal(self, settings: tuple[Any, ...] | None) -> None:
        """Compute as the test's decimal context says; None = as before."""
        import decimal  # rarely needed

        context = decimal.getcontext()
        held: decimal.Context = self._original.setdefault(("decimal", ""), context.copy())
        if settings is None:
            decimal.setcontext(held.copy())
            return
        context.prec, context.rounding, traps = settings
        for signal in context.traps:
            context.traps[signal] = signal.__name__ in traps

    def _cwd(self, path: str) -> None:
        os.makedirs(path, exist_ok=True)
        os.chdir(path)
