"""In the checker: exceptions of the program, of a standard class or of its own subclass of one."""

from __future__ import annotations

from typing import Any

from ..encoding.codec import Violation
from ..encoding.extended import VERDICTS
from ..shared import wire
from .proxies import NUMBER, Root, ask, is_class, is_known, pickled, state_of
from .refusing import NEVER


class ErrorHandle(Root):
    """Mixin for exception classes of the program."""

    def __getattr__(self, name: str) -> Any:
        if name in NEVER or NUMBER not in state_of(self) or (name in VERDICTS and not is_known(self)):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return ask("getattr", self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__"):
            BaseException.__setattr__(self, name, value)
        else:
            ask("setattr", self, name, value)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return pickled(self) if NUMBER in state_of(self) else super().__reduce_ex__(protocol)

    def __str__(self) -> str:
        return str(state_of(self).get("\0text", ""))


def is_error(value: object) -> bool:
    """Whether a value is an exception of the program. Looks only at its real type."""
    return issubclass(type(value), ErrorHandle)


def renew(error: BaseException) -> None:
    """Take over what a constructor of the test has made of an exception: it was shown here before that ran."""
    try:
        args, text = ask("getattr", error, "args"), ask("__str__", error)
    except Exception:  # the program's `__str__` may raise anything
        return
    if type(args) is tuple and type(text) is str:
        BaseException.__dict__["args"].__set__(error, args)
        state_of(error)["\0text"] = text


def truth_of_error(error: Any) -> bool:
    """Whether an exception that the program returns is true, by its own word only where the tests name its class."""
    return ask("__bool__", error) is True if NUMBER in state_of(error) and is_known(error) else True


def equals_error(error: Any, other: Any) -> Any:
    """`==` of two exceptions of the program; anything else is no equal."""
    is_held = NUMBER in state_of(error) and is_error(other) and NUMBER in state_of(other)
    return ask("__eq__", error, other) if is_held else NotImplemented


_FIELDS = ("name", "path")  # of standard classes, as plain functions
_LONGEST_FIELD, _LARGEST_FIELD = 10_000, 1_000_000


def standard_error(kind: type) -> type:
    """The nearest standard exception class among the bases."""
    return next(b for b in kind.__mro__ if type(b) is type and issubclass(b, BaseException))


def _bare_error(kind: type, args: tuple[Any, ...]) -> BaseException:
    """An exception created without running its constructor."""
    make: Any = standard_error(kind).__new__
    try:
        made = make(kind, *args)
    except (TypeError, ValueError):
        made = BaseException.__new__(kind)
    BaseException.__dict__["args"].__set__(made, args)
    return made  # type: ignore[no-any-return]


def _check_place(args: tuple[Any, ...]) -> None:
    """Check the position fields of an error, whose text depends on them. Raises Violation."""
    at = args[-3:-1]
    if len(args) < 4 or type(args[-4]) not in (str, bytes) or not all(type(n) is int for n in at):
        raise Violation("an error about a text that is none")
    if not 0 <= at[0] <= at[1] <= len(args[-4]):
        raise Violation("an error about a place that is not in its text")


def made_here(kind: type, text: str) -> Any:
    """An exception of a class of the program, recreated here as far as its text allows."""
    made = _bare_error(kind, (text,))
    if is_class(kind):
        state_of(made)["\0text"] = text
    return made


def _fill(made: BaseException, fields: dict[Any, Any]) -> None:
    """Set the fields of the standard base of a program's class: Python finds them before it asks the program."""
    for kind, names in wire.FIELDS_OF_ERRORS.items():
        for name in names if isinstance(made, kind) else ():
            value = fields.get(name)
            short = type(value) is str and len(value) <= _LONGEST_FIELD
            if short or (type(value) is int and abs(value) <= _LARGEST_FIELD):
                vars(kind)[name].__set__(made, value)


def make_error(number: int, kind: Any, args: Any, text: Any, attributes: Any) -> BaseException:
    """Create an exception of the program, of a standard class or its own. Raises Violation."""
    if not (isinstance(kind, type) and issubclass(kind, BaseException)):
        raise Violation("an exception of a class that is none")
    if type(args) is not tuple or type(text) is not str or type(attributes) is not dict:
        raise Violation("an exception without its parts")
    made: BaseException
    if is_class(kind):
        made = _bare_error(kind, args)
        _fill(made, attributes)
        state_of(made).update({NUMBER: number, "\0text": text})
        return made
    if issubclass(kind, UnicodeDecodeError | UnicodeEncodeError | UnicodeTranslateError):
        _check_place(args)
    try:
        made = kind(*args)
    except Exception:  # it has its own signature
        made = _bare_error(kind, args or (text,))
    if type(made) is not kind:  # OSError chooses a subclass
        made = _bare_error(kind, args)
    for name, value in attributes.items():
        # Attributes of the class are its fields and methods, which Python uses for its text without asking.
        own = type(name) is not str or name.startswith("_") or hasattr(standard_error(kind), name)
        if name in VERDICTS and callable(value):
            continue
        if name == "__notes__" or not own or (name in _FIELDS and type(value) in (str, type(None))):
            try:
                setattr(made, name, value)
            except (AttributeError, TypeError, ValueError):
                continue
    return made
