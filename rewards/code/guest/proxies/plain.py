"""In the checker: instances of the program's classes that derive from a plain type, such as a namedtuple.

Each is a real instance of the plain type, with its base content. The program is asked for attributes that the type
lacks, for texts, and for methods that it overrides, but never for comparisons.
"""

from __future__ import annotations

import copy
import sys
import types
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from ..encoding.codec import DEEPEST, Encoder, Unsendable, Violation, decode, plain_base, put_base
from ..encoding.extended import VERDICTS
from ..shared import wire
from . import views
from .operators import TEMPLATES, is_compared, says_itself, text_method
from .plain_operators import asked_method, plain_binary, plain_unary
from .proxies import (
    NUMBER,
    Asking,
    ask,
    in_assertion,
    is_class,
    is_known,
    is_proxy,
    is_true,
    pickled,
    state_of,
    was_made,
)
from .refusing import NEVER, made_of_class, may_answer, refuse

# Methods that the program may answer: for any such class, and for mutable containers.
_PLAIN_ASKED = ("__call__", "__enter__", "__exit__")
_CONTAINER_ASKED = ("__getitem__", "__setitem__", "__delitem__", "__len__", "__iter__")
_TEXTS = ("__str__", "__repr__", "__format__")
_HASH = "\0hash"
_UNARY = ("__neg__", "__pos__", "__abs__", "__invert__", "__round__", "__trunc__", "__floor__", "__ceil__")
_MOST_DIGITS = 4000
_SEQUENCES = (list, bytearray, deque)
_TOLD_BY_CONTENT = frozenset(("copy", "keys", "values", "items"))
_WHOLE = (str, bytes, int, float, complex, tuple, frozenset)  # results of their methods are made of their content alone


class PlainHandle(Asking):
    """Mixin for classes that derive from a plain type: the program is asked for attributes that the type lacks."""

    def __getattr__(self, name: str) -> Any:
        if name in NEVER or name.startswith("\0") or (name in VERDICTS and not is_known(self)):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return ask("getattr", self, name)

    def __reduce_ex__(self, _protocol: Any) -> Any:
        return pickled(self) if was_made(self) else (copy.copy, (_content(self),))


def _content(value: Any) -> Any:
    """The base content, as an instance of the exact plain type."""
    encoder = Encoder()
    try:
        put_base(encoder, value, plain_base(type(value)) or object, DEEPEST)
        return decode(encoder.message())
    except Unsendable:
        refuse(value, "pickling")


def _content_first(plain: type, name: str, asked: Callable[..., Any]) -> Callable[..., Any]:
    """A container method that the program overrides; for a class that the tests do not mention, the content's own."""
    own: Callable[..., Any] = getattr(plain, name)

    def method(self: Any, *args: Any) -> Any:
        if is_known(self) and not is_compared(self, sys._getframe(1)):
            return asked(self, *args)
        if name != "__getitem__":
            return own(self, *args)
        try:
            return own(self, *args)
        except (IndexError, TypeError):  # a ring, a matrix that takes pairs
            return asked(self, *args)

    return method


def _contains(plain: Any) -> Callable[..., Any]:
    """`in` of a container that the program gives one of its own: of its content, but for the case of names."""

    def method(self: Any, item: Any) -> bool:
        found: bool = plain.__contains__(self, item)
        if type(item) is not str or is_compared(self, sys._getframe(1)):
            return found
        named = not found and any(views.names_alike(given, item) for given in plain.__iter__(self))
        if not (named or (found and is_known(self))):
            return found
        return ask("__contains__", self, item) is True

    return method


def _whole_contains(plain: Any) -> Callable[..., Any]:
    """`in` of a text, tuple or number that means something else there: `3 in Interval(1, 5)`."""

    def method(self: Any, item: Any) -> bool:
        if is_proxy(item):
            return ask("__contains__", self, item) is True
        if made_of_class(self):
            return says_itself(self, item) if may_answer(self) else refuse(self, "`in`")
        if not hasattr(plain, "__contains__"):
            raise TypeError(f"argument of type {type(self).__name__!r} is not iterable")
        found: bool = plain.__contains__(self, item)
        return found

    return method


def _overridden(plain: type, name: str) -> Callable[..., Any]:
    """Any other method: the content's, too, if its result is a verdict (`r.isupper()`) or made of content alone."""
    asked = asked_method(name)
    if not (name.startswith("is") or name in _TOLD_BY_CONTENT or issubclass(plain, _WHOLE)):
        return asked
    own: Callable[..., Any] = getattr(plain, name)

    def method(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        asks = (is_known(self) and not in_assertion(sys._getframe(1))) or not callable(own)
        return asked(self, *args, **kwargs) if asks else own(self, *args, **kwargs)

    method.__name__ = name
    return method


def _compared(plain: Any, name: str) -> Callable[..., Any]:
    """A comparison that the program defines for texts, numbers or tuples: asked about two objects that the test made of
    such a class (`Name("A") == Name("a")`), as it is of any other objects. With anything else the content is compared.
    """
    own: Callable[[Any, Any], Any] = getattr(plain, name)

    def method(self: Any, other: Any) -> Any:
        if is_proxy(other) and made_of_class(self) and made_of_class(other):
            return is_true(ask(name, self, other))
        return own(self, other)

    return method


def _hash_of_made(of_content: Callable[[Any], int]) -> Callable[[Any], int]:
    """The hash that the program defines, of objects that the test made."""

    def method(self: Any) -> int:
        state = state_of(self)
        if _HASH not in state:
            value = ask("__hash__", self) if was_made(self) else None
            state[_HASH] = hash(value) if type(value) is int else of_content(self)
        return int(state[_HASH])

    return method


class _ValueOrMethod:
    """A field, property or member with the name of a method. What can be called does not stand in for the method."""

    def __init__(self, plain: type, name: str) -> None:
        self._name, self._method = name, _overridden(plain, name)

    def __get__(self, owner: Any, kind: type) -> Any:
        value = ask("getattr", kind if owner is None else owner, self._name)
        if not callable(value):
            return value
        return self._method if owner is None else types.MethodType(self._method, owner)


def _hash_of_content(self: Any) -> int:
    """The hash of a list, set or dictionary that the program makes hashable: that of its content, as for equality."""
    if isinstance(self, dict):
        return hash(frozenset(dict.items(self)))
    if isinstance(self, set):
        return hash(frozenset(set.__iter__(self)))
    return hash(tuple(list.__iter__(self) if isinstance(self, list) else _content(self)))


def _hash_of_tuple(self: Any) -> int:
    """The hash of a tuple whose class has one of its own, such as of two of its fields: that of what can be hashed."""
    try:
        return tuple.__hash__(self)
    except TypeError:
        hashes = []
        for item in tuple.__iter__(self):
            try:
                hashes.append(hash(item))
            except TypeError:
                hashes.append(0)
        return hash(tuple(hashes))


def _text_of_number(asked: Callable[..., Any]) -> Callable[..., Any]:
    """The text of a number may add to it or format it differently, but its digits must not show another number."""

    def method(self: Any, *args: Any) -> Any:
        text = asked(self, *args)
        if not is_known(self) and text.isdecimal() and len(text) < _MOST_DIGITS and int(text) != abs(int.__int__(self)):
            refuse(self, "the text of another number")
        return text

    return method


def plain_names(
    plain: type | None, capabilities: int, overridden: tuple[tuple[str, ...], tuple[str, ...]]
) -> dict[str, Any]:
    """The attributes of such a class besides those of `PlainHandle`. overridden: by methods, and by values."""
    assert plain is not None
    own = {n for n, bit in wire.BITS.items() if capabilities & bit}
    asked = (*_PLAIN_ASKED, *(_CONTAINER_ASKED if issubclass(plain, wire.MUTABLE) else ()))
    names: dict[str, Any] = {n: TEMPLATES[n] for n in own.intersection(asked)}
    names["__dict__"] = property(lambda self: ask("getattr", self, "__dict__"))  # `type` would add its own
    for n in ("__len__", "__iter__", *(("__getitem__",) if issubclass(plain, _SEQUENCES) else ())):
        if n in names:
            names[n] = _content_first(plain, n, names[n])
    if "__contains__" in own:
        names["__contains__"] = _contains(plain) if issubclass(plain, wire.MUTABLE) else _whole_contains(plain)
    if issubclass(plain, wire.MUTABLE) and "__hash__" in own:
        names["__hash__"] = _hash_of_content
    elif issubclass(plain, tuple) and "__hash__" in own:
        names["__hash__"] = _hash_of_tuple
    if issubclass(plain, _WHOLE):
        names.update({n: _compared(plain, n) for n in own.intersection(wire.COMPARISONS) if hasattr(plain, n)})
        of_content = names.get("__hash__", plain.__hash__)
        by_class = "__eq__" in names and "__hash__" in own
        names["__hash__"] = _hash_of_made(of_content) if by_class else of_content  # as it is compared
    if issubclass(plain, dict) and "__missing__" in own:
        names["__missing__"] = TEMPLATES["__getitem__"]
    for n in own.intersection(_TEXTS):
        names[n] = _text_of_number(text_method(n)) if issubclass(plain, int) else text_method(n)
    names.update({n: plain_unary(n) for n in own.intersection(_UNARY)})
    in_place = wire.IN_PLACE if issubclass(plain, wire.MUTABLE) else ()
    names.update({n: plain_binary(n) for n in own.intersection((*wire.ARITHMETIC, *wire.REFLECTED, *in_place))})
    methods, values = ([n for n in given if not n.startswith("_") and "\0" not in n] for given in overridden)
    names.update({n: _overridden(plain, n) for n in methods})
    names.update({n: _ValueOrMethod(plain, n) for n in values if callable(getattr(plain, n, None))})
    return names


def plain_type(kind: Any) -> type:
    """The plain type of a class that `make_plain` and `begin_plain` can make instances of. Raises Violation."""
    plain = plain_base(kind) if isinstance(kind, type) else None
    if plain is None or not is_class(kind) or not issubclass(kind, PlainHandle):
        raise Violation("content of a class that has none")
    return plain


def begin_plain(number: int, kind: Any) -> Any:
    """Create an instance of a class that derives from a mutable container, still empty: its content may hold it."""
    make: Callable[..., Any] = plain_type(kind).__new__
    made = make(kind)
    state_of(made)[NUMBER] = number
    return made


def fill_plain(made: Any, content: Any) -> None:
    """Give an instance that `begin_plain` created its content. Raises Violation."""
    plain: Any = plain_type(type(made))
    _check(plain, content)
    if issubclass(plain, dict):
        put = OrderedDict.__setitem__ if issubclass(plain, OrderedDict) else dict.__setitem__  # each has its own order
        for key, value in content.items():
            put(made, key, value)
    elif issubclass(plain, deque):
        deque.__init__(made, content, content.maxlen)
    else:
        plain.__init__(made, content)


def make_plain(number: int, kind: Any, content: Any) -> Any:
    """Create an instance of a class that derives from an immutable plain type, with its content. Raises Violation."""
    plain = plain_type(kind)
    _check(plain, content)
    make: Callable[..., Any] = plain.__new__
    if plain.__module__ == "datetime":
        made = make(kind, *_datetime_fields(content))
    elif plain is Fraction:  # its constructor would set attributes, of which the program is asked
        made = object.__new__(kind)
        for part in (vars(Fraction)[name] for name in Fraction.__slots__):
            part.__set__(made, part.__get__(content))
    else:
        made = make(kind, content)
    state_of(made)[NUMBER] = number
    return made


def _check(plain: type, content: Any) -> None:
    if not _fits(plain, content):
        raise Violation(f"content of another type than {plain.__name__}")


def _fits(plain: type, content: Any) -> bool:
    kind = type(content)
    if issubclass(plain, dict):
        return kind is dict
    if plain is bytearray:
        return kind is bytes
    return kind is plain


def _datetime_fields(value: Any) -> tuple[Any, ...]:
    if isinstance(value, datetime):
        return (*value.timetuple()[:6], value.microsecond, value.tzinfo)
    if isinstance(value, date):
        return value.year, value.month, value.day
    if isinstance(value, timedelta):
        return value.days, value.seconds, value.microseconds
    return value.hour, value.minute, value.second, value.microsecond, value.tzinfo
