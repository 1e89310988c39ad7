"""In the checker: proxy classes made from the descriptions that the program sends, and handles of these classes.

A description is names and a set of operators. The behaviour comes from our own templates; none of it is the program's.
"""

from __future__ import annotations

import abc
import ast
import contextlib
import functools
import sys
import types
from collections.abc import Callable
from typing import Any

from ..encoding.codec import Violation, plain_base
from ..shared import wire
from ..sources import context, lending
from . import ancestry, derived
from .handles import Handle, HandleMeta
from .operators import TEMPLATES, contains, differs_from_content, equals_content, found_in, found_in_text, iterate
from .plain import PlainHandle, plain_names
from .proxies import NUMBER, Asking, ask, capabilities_of, class_numbers, is_class, state_of, the_link
from .raised import ErrorHandle, equals_error, standard_error, truth_of_error

_LOOKS = dict(enumerate(wire.LOOKALIKES, 1))
# Standard types whose objects are no data, by name: not all of their modules are loaded.
_STANDARD_OBJECTS = frozenset(
    (
        *("object", "enumerate", "zip", "map", "filter", "reversed", "property", "classmethod", "staticmethod"),
        *("super", "ChainMap", "Row"),
    )
)
_OF_ERRORS = {"__bool__": truth_of_error, "__eq__": equals_error, "__hash__": Handle.__hash__}
# Fraction compares with `numerator` and `denominator` of anything that claims to be rational: 0/0 would equal all.
_LESS = {"Rational": "Real", "Integral": "Real"}
_standard_classes: dict[type, type] = {}
standard_classes: dict[type, type] = {}  # the class that each proxy class stands for


def _attributes_for_prompt(name_of_class: str) -> Callable[[Any, str], Any]:
    """Attributes of objects of the program's own definition of a prompt's class, or a subclass. If a comparison of the
    prompt asks such an object about another (`other.same(self)`), the prompt's method is used, which requests only
    data. The same holds for a method that contains the expected values itself.
    """

    def attribute(value: Any, name: str) -> Any:
        held = vars(ancestry.of_prompt[name_of_class]).get(name)
        if isinstance(held, types.FunctionType):
            code, asking = held.__code__, sys._getframe(1).f_code
            compares = (
                asking.co_name in wire.COMPARISONS and asking.co_filename == code.co_filename and code.co_argcount > 1
            )
            if compares or _judges(code):
                return types.MethodType(held, value)
        return Handle.__getattr__(value, name)

    return attribute


@functools.cache
def _judges(code: types.CodeType) -> bool:
    tree = context.tree_of(code.co_filename)
    nodes = ast.walk(tree) if tree is not None else ()
    return any(isinstance(n, ast.FunctionDef) and n.name == code.co_name and lending.judges(n) for n in nodes)


class _Module(str):
    """`__module__` of the type of functions, and of each of them its own."""

    __slots__ = ()

    def __get__(self, function: Any, _kind: type | None = None) -> Any:
        return str(self) if function is None else ask("getattr", function, "__module__")


def _bound(function: Any, owner: object, _kind: type | None = None) -> Any:
    """Bind a function as a method if it is an attribute of a test class."""
    return function if owner is None else types.MethodType(function, owner)


class _Docstring:
    """`__doc__` of a class and of its objects, which may have their own."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def __get__(self, owner: Any, _kind: type | None = None) -> Any:
        return self._text if owner is None else ask("getattr", owner, "__doc__")


class _Constructor:
    """`__init__` of a class of the program, which a test may keep to call it from its replacement: its function."""

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        return ask("getattr", kind if owner is None else owner, "__init__")


class _AbstractMeta(HandleMeta, abc.ABCMeta):
    """The metaclass of proxies for classes that derive from a plain type which has this one, as Fraction does."""


def make_class(number: int, description: Any) -> type:
    """Make the proxy class for a class of the program from its description. Raises Violation."""
    name, qualname, module, doc, bases, capabilities, overridden, look, metaclass = _checked(description)
    makes_classes = False
    error = next((b for b in bases if issubclass(b, BaseException)), None)
    plain = next((b for b in bases if not issubclass(b, BaseException) and plain_base(b)), None)
    names: dict[str, Any] = {"\0internal": True, "__module__": module, "__qualname__": qualname}
    names["__doc__"] = doc if type(doc) is str else None
    if error is not None:
        names.update({n: _OF_ERRORS.get(n) or TEMPLATES[n] for n in wire.OF_ERRORS if capabilities & wire.BITS[n]})
        attempts = _bases_of_error(bases, error)
    elif plain is not None:
        names.update(plain_names(plain_base(plain), capabilities, overridden))
        attempts = _bases_of_plain(bases, plain)
    elif makes_classes := any(base is type or _makes_classes(base) for base in bases):
        attempts = [tuple(b for b in bases if _makes_classes(b)) or (HandleMeta,)]
    else:
        names.update(_names_of_object(capabilities, look, names["__doc__"]))
        attempts = [tuple(b for b in bases if is_class(b)) or (Handle,), (Handle,)]
    shows_itself = "__class__" in names or error is not None
    known = None if plain is not None else next((b for b in bases if not is_class(b)), None)
    if error is None and known is not None and known.__module__ in the_link().local_modules:
        raise Violation("a class that derives from one of the test")
    shown = known or _is_shown(module) or name in ancestry.of_prompt or any(map(_is_below_shown, bases))
    if not shows_itself and not makes_classes and shown:
        names["__class__"] = ancestry.SHOWN
    if plain is None and error is None and name in ancestry.of_prompt:
        names["__getattr__"] = _attributes_for_prompt(name)
    if type(metaclass) is not str:
        kind = metaclass
    else:
        kind = HandleMeta if plain is None or not isinstance(plain_base(plain), abc.ABCMeta) else _AbstractMeta
    made = _build(name, attempts, names, kind)
    if metaclass in ancestry.METACLASSES:
        ancestry.METACLASS[made] = ancestry.METACLASSES[metaclass]
    if known is not None:
        ancestry.REAL[made] = known
    if any(above.__module__ == "enum" for above in made.__mro__) and plain is None:
        ancestry.as_enum(made)
    if plain is None and error is None and (wraps := ancestry.wrapped_by(made)) is not None:
        for operator, method in _comparing_content(wraps).items():
            type.__setattr__(made, operator, method)
    capabilities_of[made] = capabilities
    for ancestor in made.__mro__[1:]:
        capabilities_of[made] |= capabilities_of.get(ancestor, 0)
    class_numbers[made] = number
    return made


def _comparing_content(wraps: type) -> dict[str, Any]:
    """The operators of objects that wrap plain data of this type."""
    names = {"__eq__": equals_content(wraps), "__ne__": differs_from_content(wraps)}
    if wraps is str:  # substrings of a text are not among its items
        names["__contains__"] = found_in_text
    return names


def _checked(description: Any) -> tuple[Any, ...]:
    """Check the parts of a description and their types. Raises Violation."""
    if type(description) is not tuple or len(description) != 9:
        raise Violation("a class without a description")
    name, qualname, module, _, bases, capabilities, overridden, _, metaclass = description
    fits = (
        all(type(text) is str and "\0" not in text and len(text) <= 1000 for text in (name, qualname, module))
        and (type(bases) is tuple and all(isinstance(base, type) for base in bases))
        and type(capabilities) is int
        and (type(overridden) is tuple and [type(names) for names in overridden] == [tuple, tuple])
        and all(type(text) is str for names in overridden for text in names)
        and (type(metaclass) is str or _makes_classes(metaclass))
    )
    if not fits:
        raise Violation("a class whose description means nothing")
    return description


def _bases_of_error(bases: tuple[type, ...], error: type) -> list[tuple[type, ...]]:
    usable = tuple(b for b in bases if issubclass(b, BaseException))
    real = (*(b for b in usable if is_class(b)), ErrorHandle)
    return [(*real, *(b for b in usable if not is_class(b))), (ErrorHandle, standard_error(error))]


def _bases_of_plain(bases: tuple[type, ...], plain: type) -> list[tuple[type, ...]]:
    mixed = tuple(b for b in bases if is_class(b) and not plain_base(b))
    first = (plain, *mixed) if is_class(plain) else (PlainHandle, plain, *mixed)
    return [first, (PlainHandle, plain_base(plain) or object)]


def _names_of_object(capabilities: int, look: Any, doc: str | None) -> dict[str, Any]:
    """Attributes of a proxy class for objects that are neither data nor exceptions. look: what they are taken for."""
    kind = _LOOKS.get(look)
    names = _offered(capabilities)
    if capabilities & (wire.BITS["__iter__"] | wire.BITS["__getitem__"]):
        names["__contains__"] = contains if capabilities & wire.BITS["__contains__"] else found_in
    if capabilities & wire.BITS["__getitem__"] and "__iter__" not in names:
        names["__iter__"] = iterate
    if any(capabilities & wire.BITS[n] for n in wire.ASYNCHRONOUS):
        from . import awaited  # which imports asyncio

        names.update({n: method for n, method in awaited.METHODS.items() if capabilities & wire.BITS[n]})
        if kind is types.CoroutineType:
            names.update(awaited.COROUTINE)
    if kind is not None:
        names["__class__"] = property(lambda _self: kind)
        names["__doc__"] = property(lambda self: ask("getattr", self, "__doc__"))
    else:  # objects of a class used as decorator have the docstring of what they wrap
        names["__doc__"] = _Docstring(doc)
        if context.mentions(".__init__"):
            names["__init__"] = _Constructor()
    if kind is types.FunctionType:
        names["__get__"] = _bound
        names["__module__"] = _Module("builtins")
    return names


class _NotOfIterators:
    """`__copy__` of a class of iterators: `itertools.tee` would copy an object that has it, instead of reading it."""

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        if owner is not None:
            raise AttributeError("__copy__")
        return Asking.__copy__


def _offered(capabilities: int) -> dict[str, Any]:
    """The templates of the operators that a class supports."""
    names = {name: TEMPLATES[name] for name, bit in wire.BITS.items() if capabilities & bit and name in TEMPLATES}
    return {**names, "__copy__": _NotOfIterators()} if "__next__" in names else names


def _offer(made: type, capabilities: int) -> None:
    """Add operators that a class has got since it was described."""
    if issubclass(made, Handle):
        for name, method in _offered(capabilities & ~capabilities_of[made]).items():
            type.__setattr__(made, name, method)
        capabilities_of[made] |= capabilities


derived.connect(_offer)


def _is_shown(module: str) -> bool:
    return ancestry.is_standard(module) or ancestry.is_of_library(module)


def _is_below_shown(base: type) -> bool:
    shown = (_is_shown(kind.__module__) or ancestry.is_of_prompt(kind) for kind in base.__mro__ if is_class(kind))
    return any(shown)


def register(made: type) -> None:
    """Make `isinstance(x, Mapping)` and `issubclass(Shape, ABC)` true for the proxy of such a class of the program.

    The class gains nothing else: everything it does is still requested, or refused. This may ask the program.
    """
    import collections.abc
    import numbers

    known = {"abc": abc, "collections.abc": collections.abc, "numbers": numbers}.get(made.__module__)
    name = made.__name__
    standard = getattr(known, _LESS.get(name, name) if known is numbers else name, None)
    if isinstance(standard, abc.ABCMeta):
        with contextlib.suppress(TypeError, RuntimeError):  # an impossible one
            standard.register(made)


def _makes_classes(kind: Any) -> bool:
    """Whether a class of the program is a metaclass."""
    return is_class(kind) and issubclass(kind, HandleMeta)


def _build(name: str, attempts: list[tuple[Any, ...]], names: dict[str, Any], metaclass: type[HandleMeta]) -> type:
    for bases in attempts:
        try:
            made: type = HandleMeta.__new__(metaclass, name, bases, dict(names))
            return made
        except TypeError:  # an impossible order or layout
            continue
    raise Violation(f"a class {name[:80]!r} that cannot be")


def _standard_class(kind: type) -> type:
    """Proxy classes for objects of a standard type that are not data: an iterator, a property."""
    if kind.__name__ not in _STANDARD_OBJECTS:
        raise Violation(f"an object of type {kind.__name__} that is not sent as its content")
    if kind not in _standard_classes:
        below = kind.__mro__[:-1]
        capabilities = sum(1 << bit for bit, n in enumerate(wire.CAPABILITIES) if any(n in vars(k) for k in below))
        names = _offered(capabilities)
        if "__iter__" in names:
            names["__contains__"] = found_in
        if (wraps := ancestry.content_type(kind)) is not None:
            names |= _comparing_content(wraps)
        names |= {"\0internal": True, "__module__": "builtins", "__class__": property(lambda _self: kind)}
        names["__doc__"] = property(lambda self: ask("getattr", self, "__doc__"))
        made = HandleMeta(kind.__name__, (Handle,), names)
        capabilities_of[made] = capabilities
        _standard_classes[kind], standard_classes[made] = made, kind
    return _standard_classes[kind]


def make_handle(number: int, kind: Any) -> Any:
    """Make the handle for an object of a class of the program. Raises Violation."""
    if not isinstance(kind, type):
        raise Violation("an object of a class that is none")
    if not is_class(kind):
        kind = _standard_class(kind)
    if not issubclass(kind, Handle):
        raise Violation(f"an object of class {kind.__name__} that is not sent as its content")
    made = object.__new__(kind)
    state_of(made)[NUMBER] = number
    return made
