"""In the checker: log the program's records here as well, so that handlers of the tests see them, and its warnings.

A record consists of text and plain values. The logger's level is the one that the tests have set; if they have not, the
one that the program has set.
"""

from __future__ import annotations

import ast
import json
import logging
import re
import sys
import warnings
from types import FrameType
from typing import Any

from ..proxies import ancestry, proxies, uses
from ..sources import context
from ..transfer.link import Link

_PLAIN = (str, int, float, bool, type(None))
_DATA = (*_PLAIN, list, dict)
_SHORT = 1000
_MOST = 1 << 20
# Formats that do not make a short text long.
_FORMAT = re.compile(r"(?:[^%]|%(?:\(\w{1,40}\))?(?:\.\d)?[sdrifgexX%])*\Z")
_warned: dict[Any, Any] = {}  # the warning registry of the module `solution`
_OF_RECORDS = frozenset(("message", "asctime", *vars(logging.makeLogRecord({})), *dir(logging.LogRecord)))


def log(text: str) -> None:
    """Log a record. text: level, name, message, traceback, and the other fields of the record as JSON."""
    level, _, rest = text.partition("\0")
    name, _, rest = rest.partition("\0")
    message, _, rest = rest.partition("\0")
    trace, _, told = rest.rpartition("\0")
    logger = logging.getLogger(name[:200])
    more = _read(told)
    if not level.isdigit() or not _is_enabled(logger, number := int(level[:3]), more.get("level")):
        return
    form, args = _format(more, message)
    line = more.get("line")
    function = more.get("func")
    record = logger.makeRecord(
        logger.name, number, "solution.py", line if type(line) is int else 0, form, args, None,
        function[:_SHORT] if type(function) is str else None,
    )  # fmt: skip
    record.exc_text = trace or None
    _add(record, more)
    logger.handle(record)


def _read(told: str) -> dict[str, Any]:
    try:
        found = json.loads(told)
    except (ValueError, RecursionError):
        return {}
    return found if type(found) is dict else {}


def _is_enabled(logger: logging.Logger, number: int, level: object) -> bool:
    above: logging.Logger | None = logger
    while above is not None and above.parent is not None and not above.level:
        above = above.parent
    is_set_here = above is not None and above.parent is not None
    if type(level) is int and level > 0 and not is_set_here:
        return number >= level and not logger.disabled and number > logging.root.manager.disable
    return logger.isEnabledFor(number)


def _format(more: dict[str, Any], message: str) -> tuple[str, Any]:
    """The format and arguments of a message if they produce it; else the message itself."""
    form, args = more.get("msg"), more.get("args")
    values: list[Any] = list(args.values()) if type(args) is dict else args if type(args) is list else []
    if type(form) is str and (type(args) in (dict, list)) and all(type(value) in _PLAIN for value in values):
        if form.count("%") * max((len(value) for value in values if type(value) is str), default=0) > _MOST:
            return "%s", (message,)
        given: Any = args if type(args) is dict else tuple(values)
        try:
            if not given and form == message:
                return form, ()
            if given and _FORMAT.match(form) and form % given == message:
                return form, (given,) if type(given) is dict else given
        except (TypeError, ValueError, KeyError, OverflowError):
            pass
    return "%s", (message,)


def _add(record: logging.LogRecord, more: dict[str, Any]) -> None:
    extra, error = more.get("extra"), more.get("error")
    _set_plain(record, extra, _OF_RECORDS)
    if type(error) is list and len(error) == 3 and all(type(part) is str for part in error[:2]):
        made = proxies.the_link().error_of(error[0].split(",")[:8], error[1][:_SHORT])
        _set_plain(made, error[2], frozenset(dir(made)))
        record.exc_info = (type(made), made, None)


def _set_plain(holder: object, told: object, own: frozenset[str]) -> None:
    """Set attributes that are plain data, and that the object does not have by itself."""
    for name, value in told.items() if type(told) is dict else ():
        if name.isidentifier() and not name.startswith("_") and name not in own and type(value) in _DATA:
            object.__setattr__(holder, name, value)  # that of a proxy would ask the program


def warn(text: str) -> None:
    """Issue a warning of the program, at the line of the test that called it or in the module `solution`.

    text: its classes by name, the caller that it names, its message.
    """
    names, caller, message = (*text.split("\0", 2), "", "")[:3]
    warning = proxies.the_link().warning_of(names.split(",")[:8], message)
    frame = uses.test_frame()
    if caller == "tests" and frame is not None:
        file, line, module = frame.f_code.co_filename, frame.f_lineno, str(frame.f_globals.get("__name__", ""))
        seen = frame.f_globals.setdefault("__warningregistry__", {})
    else:
        file, line, module = str(getattr(sys.modules.get("solution"), "__file__", "solution.py")), 1, "solution"
        seen = _warned
    warnings.warn_explicit(warning, type(warning), file, line, module, seen)


_COMPARES = ("assertIs", "assertIsNot", "assertEqual", "assertNotEqual")


def find_theirs(link: Link) -> None:
    """Let tests compare a logger of the program with `logging.getLogger(...)`, and get the program's there.

    The program is asked for it only if it has given a logger of that name: it learns no name that it did not tell.
    """
    original = logging.getLogger

    def get_logger(name: str | None = None) -> Any:
        if _is_compared(sys._getframe(1)):
            for handle in link.theirs.handles():
                if ancestry.standard_of(type(handle)) in (logging.Logger, logging.RootLogger):
                    told = proxies.ask("getattr", handle, "name")
                    if type(told) is str and told == (name or "root"):
                        found = proxies.ask("forwarded", "logging", "getLogger", name)
                        return found if proxies.is_proxy(found) else original(name)
        return original(name)

    get_logger.__name__ = get_logger.__qualname__ = original.__name__
    logging.getLogger = get_logger


def _is_compared(frame: FrameType) -> bool:
    """Whether a test compares what is called there, and does nothing else with it."""
    for call in context.running_calls(frame):
        above = context.parents_around(frame)[call]
        if isinstance(above, ast.Compare):
            return all(isinstance(op, ast.Is | ast.IsNot | ast.Eq | ast.NotEq) for op in above.ops)
        return isinstance(above, ast.Call) and context.name_of(above.func) in _COMPARES
    return False
