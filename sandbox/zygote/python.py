"""Become `python FILE`, `python -m MODULE` or `python -c CODE` in this warm interpreter, without starting a new one.

A program sees what it would see in an interpreter of its own: a fresh `__main__`, `sys.argv`, its folder first on
`sys.path`, and the standard streams (the zygote's, created on pipes and never used before). At the end happens what an
interpreter does: traceback or exit code, threads joined, atexit, flush, and its `__main__` is let go of.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Sequence
from types import ModuleType, TracebackType
from typing import IO, Any, NoReturn

from . import kernel

_STREAMS: tuple[IO[str], ...] = (sys.stdout, sys.stderr)
NOTHING = "nothing"
"""A module that exists in a rehearsal."""
_FAILED_FLUSH, _INTERRUPTED = 120, -signal.SIGINT
_IGNORED = "Exception ignored on flushing sys.stdout:" if sys.version_info >= (3, 13) else "Exception ignored in: {!r}"


def is_warm(argv: Sequence[str]) -> bool:
    """Whether this interpreter can become that command; interpreter flags need a new one."""
    if argv[0] != "python" or len(argv) < 2:
        return False
    return len(argv) > 2 if argv[1] in ("-m", "-c") else not argv[1].startswith("-")


def become(argv: list[str]) -> NoReturn:
    """Run the program and end the process."""
    os._exit(_finish(_run(argv)))


def rehearse(argv: list[str]) -> None:
    """Become a program, and return; for `run.rehearse`. Its end is left out as far as it would have an effect."""
    before = sys.argv[:], sys.path[:], sys.orig_argv
    nothing = ModuleType(NOTHING)
    nothing.__file__ = ""
    nothing.main = _nothing  # type: ignore[attr-defined]
    sys.modules[NOTHING] = nothing
    if _run(argv) or _flush():
        raise OSError(f"the rehearsal of a run went wrong: {argv}")
    _let_go()
    gc.disable()
    del sys.modules[NOTHING]
    sys.argv[:], sys.path[:], sys.orig_argv = before


def _nothing() -> None:
    """The `main` of the module that a rehearsal becomes."""


def settle(work: str) -> None:
    """Prepare the zygote, once everything is imported, for what programs expect. work: the folder they start in.

    It gets an empty `__main__`, and that folder first on its path, which most programs can use as it is. The zygote's
    own modules disappear from `sys.modules`, so that programs do not see them.
    """
    _new_main()
    sys.path.insert(0, work)
    package = __name__.partition(".")[0]
    for name in [name for name in sys.modules if name == package or name.startswith(package + ".")]:
        del sys.modules[name]


def _new_main() -> ModuleType:
    """An empty `__main__`. A program's own is made after the fork: what was there before is never collected."""
    main = ModuleType("__main__")
    main.__builtins__ = __builtins__  # type: ignore[attr-defined]
    main.__annotations__ = {}
    sys.modules["__main__"] = main
    return main


def _run(argv: list[str]) -> int:
    gc.enable()
    sys.orig_argv = [sys.executable, *argv[1:]]
    try:
        if argv[1] == "-m":
            _run_module(argv[2:])
        elif argv[1] == "-c":
            sys.argv[:] = ["-c", *argv[3:]]
            sys.path[0] = ""
            exec(compile(argv[2], "<string>", "exec", dont_inherit=True), _new_main().__dict__)
        else:
            _run_file(argv[1:], _new_main())
    except SystemExit as end:
        return _exit_code(end.code)
    except BaseException as error:  # a program may raise anything
        _show(error)
        return _INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _run_module(argv: list[str]) -> None:
    """Call `main` of a preloaded module; run any other as usual."""
    sys.argv[:] = argv
    loaded = sys.modules.get(argv[0])
    if loaded is not None and hasattr(loaded, "main"):
        sys.argv[0] = str(loaded.__file__)
        loaded.main()
        return
    import runpy

    _new_main()
    runpy._run_module_as_main(argv[0])  # type: ignore[attr-defined]


def _run_file(argv: list[str], main: ModuleType) -> None:
    folder = os.getcwd()  # of most programs: `os.path` lies on pages that they do not need
    file = argv[0] if argv[0].startswith("/") else f"{folder}/{argv[0]}"
    sys.argv[:] = argv
    sys.path[0] = os.path.realpath(os.path.dirname(file)) if "/" in argv[0] else folder
    main.__file__ = file
    main.__cached__ = None  # type: ignore[attr-defined]
    try:
        with open(file, "rb") as source:
            text = source.read()
    except OSError as error:
        sys.stderr.write(f"{sys.executable}: can't open file {file!r}: {error}\n")
        raise SystemExit(2) from None
    exec(compile(text, file, "exec", dont_inherit=True), main.__dict__)


def _exit_code(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    with contextlib.suppress(BaseException):  # the program may have put anything there
        sys.stderr.write(f"{code}\n")
    return 1


def _show(error: BaseException) -> None:
    """Print an uncaught exception as the interpreter does, without the frames of this file."""
    trace: TracebackType | None = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    try:
        sys.excepthook(type(error), error.with_traceback(trace), trace)
    except BaseException:  # a hook of the program's own
        sys.__excepthook__(type(error), error, trace)


def _finish(code: int) -> int:
    """Do what an interpreter does last: join threads, run atexit functions, flush streams, let go of `__main__`.

    Returns the exit code.
    """
    threading = sys.modules.get("threading")
    for step in (getattr(threading, "_shutdown", None), atexit._run_exitfuncs):
        try:
            if step is not None:
                step()
        except SystemExit as end:
            code = _exit_code(end.code)
        except BaseException as error:  # as above
            _show(error)
    failed = _flush()
    _let_go()
    code = code or (_FAILED_FLUSH if failed or _flush() else 0)
    if code == _INTERRUPTED:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    return code


def _flush() -> bool:
    """Write out the standard streams. Returns whether that failed, and says so on standard error."""
    failed = False
    held: list[Any] = [getattr(sys, "stdout", None), *_STREAMS, getattr(sys, "stderr", None)]
    for stream in {id(stream): stream for stream in held}.values():
        try:
            stream.flush()
        except (AttributeError, ValueError):  # replaced, or closed
            pass
        except BaseException as error:  # as above: the stream may be the program's own
            failed = True
            said = f"{_IGNORED.format(stream)}\n{type(error).__name__}: {error}\n"
            os.write(2, said.encode(errors="replace"))
    kernel.flush_streams()
    return failed


def _let_go() -> None:
    """Release what `__main__` holds, as an interpreter does: each `__del__` runs, files left open are written out."""
    for name in ("stdin", "stdout", "stderr"):
        setattr(sys, name, getattr(sys, f"__{name}__", None))
    sys.modules["__main__"] = None  # type: ignore[assignment]
    gc.collect()
