"""In the checker: classes of the tests that involve the program's, and are therefore created in its process.

In `class Dog(Animal)`, `class Item: price = Positive()` or `@register class Plugin`, the program takes part in creating
the class: by a metaclass, `__init_subclass__`, `__set_name__` or the decorator. So it is created there, from functions
of the test, each of which is called back. Here it is like any class of the program: its objects equal no data, and
their content is what the program says. Test classes are never created there, nor yardsticks (`yardsticks.py`).
"""

from __future__ import annotations

import abc
import ast
import builtins
import re
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

from ..sources import counting, shapes
from . import proxies, witnessed, yardsticks
from .proxies import ask, is_class, is_proxy, the_link

_DESCRIBES = ("__get__", "__set__", "__set_name__")
_super, _build_class = super, builtins.__build_class__
# Attributes that hold values which a test compares with.
_EXPECTED = re.compile(
    r"expect|golden|truth|(?<![a-z])(?:want(?:ed)?|answers?|correct|reference|oracle)(?![a-z])", re.IGNORECASE
)
_OF_MADE = ("__dict__", "__weakref__", "__abstractmethods__", "_abc_impl")  # what every finished class has
_WRAPPED = (property, staticmethod, classmethod)
_METACLASSES = (type, abc.ABCMeta)
_made: dict[type, Any] = {}  # counterparts, in the program, of test classes that one of these derives from
_places: dict[str, dict[tuple[str, int], bool]] = {}  # by file: classes by name and line; decorated?


interfaces: dict[type, type] = {}  # the program's abstract class that a class of the test says it implements
decorated: set[type] = set()  # classes to which a decorator of the program may have added operators
_offer: Callable[[type, int], None]


def connect(offer: Callable[[type, int], None]) -> None:
    """Set the function that adds the operators which a class has there to its proxy here."""
    global _offer
    _offer = offer


def finish(kind: type) -> None:
    """Complete a decorated class, which is about to be used."""
    decorated.discard(kind)
    capabilities = ask("offered", kind)
    if type(capabilities) is int:
        _offer(kind, capabilities)


def make(name: str, bases: tuple[type, ...], names: dict[str, Any], keywords: dict[str, Any]) -> Any:
    """Let the program create a class; some of the bases may be its own."""
    what = f"a class of the test that derives from {bases[0].__name__}" if bases else "a class that is decorated"
    if name.startswith("Test") or any(n.startswith("test") for n in names):
        the_link().unsupported(what)
    sent: dict[str, Any] = {n: v for n, v in names.items() if n not in ("__classcell__", "__static_attributes__")}
    for attribute, value in sent.items():
        if isinstance(value, types.FunctionType):
            value.__globals__["super"] = _above
        elif _EXPECTED.search(attribute) and not (is_proxy(value) or callable(value) or isinstance(value, _WRAPPED)):
            the_link().unsupported(f"{what}, and holds what it is compared with")
    if any(base.__module__ == "typing" for base in bases if not is_class(base)):
        the_link().unsupported(f"{what}, and is generic")
    asked = yardsticks.measured_by(name, names, str(names.get("__qualname__", "")))
    if asked is None and (own := None if keywords else _of_interface(name, bases, names)) is not None:
        return own
    if asked is None:
        the_link().unsupported(f"{what}, and with which the test measures")
    for above in (above for base in bases if is_class(base) for above in base.__mro__):
        if is_class(above) and "__init__" not in type.__dict__["__dict__"].__get__(above):
            type.__setattr__(above, "__init__", _constructor(above))
    abstract = tuple(n for n, v in sent.items() if getattr(v, "__isabstractmethod__", False) is True)
    made = ask("derive", name, tuple(_sendable(base, what) for base in bases), sent, keywords, abstract)
    if not is_class(made):  # a failed assertion may be an instance of a standard one
        raise proxies.refused(f"it made no class of {name}")
    if not witnessed.watch(made, asked, names):
        the_link().unsupported(f"{what}, and with which the test measures")
    proxies.mark_named(made, name, is_used=True)
    if (cell := names.get("__classcell__")) is not None:
        cell.cell_contents = made
    return made


def _of_interface(name: str, bases: tuple[type, ...], names: dict[str, Any]) -> type | None:
    """A class of the test below an abstract class of the program that has only abstract methods; None if the base has
    more, which the class would need. It is an ordinary class here: nothing of it is the program's.
    """
    if len(bases) != 1 or not is_class(bases[0]) or "__classcell__" in names:
        return None
    needed = ask("interface", bases[0])
    if type(needed) is not tuple or not needed or any(type(n) is not str for n in needed):
        return None
    missing = {n: abc.abstractmethod(lambda _self: None) for n in needed if n not in names}
    made = abc.ABCMeta(name, (), {**names, **missing}) if missing else type(name, (), names)
    interfaces[made] = bases[0]
    return made


def _sendable(base: type, what: str) -> Any:
    """A base as it is sent: a class of the program, or a standard one by position. Test classes are created there."""
    if is_class(base):
        return base
    module, path = base.__module__, base.__qualname__
    if module in the_link().local_modules and type(base) in _METACLASSES:
        if base not in _made:
            names = {n: v for n, v in vars(base).items() if n not in _OF_MADE}
            _made[base] = make(base.__name__, tuple(b for b in base.__bases__ if b is not object), names, {})
        return _made[base]
    known = module.partition(".")[0] in sys.stdlib_module_names and not module.startswith("unittest")
    if not known or getattr(sys.modules.get(module), path, None) is not base:
        the_link().unsupported(what)
    return module, path


def _constructor(kind: type) -> Callable[..., Any]:
    """`Base.__init__(self, x)` in a test; for objects that are created there it is never called here."""

    def __init__(self: Any, /, *args: Any, **kwargs: Any) -> Any:  # noqa: N807  # it shows its name
        return ask("call", ask("getattr", kind, "__init__"), self, *args, **kwargs)

    return __init__


class _Above:
    """The result of `super()` in a class that was created there."""

    def __init__(self, kind: type, value: Any) -> None:
        object.__setattr__(self, "_parts", (kind, value))

    def __getattribute__(self, name: str) -> Any:
        kind, value = object.__getattribute__(self, "_parts")
        found = ask("above", kind, value, name)
        return witnessed.passing_on(kind, value, found) if name == "__init__" else found

    def __setattr__(self, name: str, value: Any) -> None:
        ask("setattr", object.__getattribute__(self, "_parts")[1], name, value)


def _above(*args: Any) -> Any:
    """A replacement for `super`, which finds nothing in proxies of classes."""
    if not args:
        frame = sys._getframe(1)
        held = frame.f_locals
        if "__class__" in held and frame.f_code.co_argcount:
            args = held["__class__"], held[frame.f_code.co_varnames[0]]
    if len(args) == 2 and is_proxy(args[1]) and type(args[0]) is type:
        args = _made.get(args[0], args[0]), args[1]
    return _Above(*args) if len(args) == 2 and is_class(args[0]) else _super(*args)


# --- classes that derive from none of the program ------------------------------------------------------------------


def watch(trees: dict[str, ast.Module], named: Iterable[str] = ()) -> None:
    """Let `make` create the classes of these files, given by the names that their code was compiled with. named: names
    of the program that no import brings.
    """
    for file, tree in trees.items():
        ours = counting.depending(tree).union(named)
        nodes = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)) if ours else ()
        found = {(node.name, line): mark for node in nodes for line, mark in _marks(node, ours)}
        if found:
            _places[file] = found
            builtins.__build_class__ = _build


def _marks(node: ast.ClassDef, ours: set[str]) -> Iterable[tuple[int, bool]]:
    if len(node.bases) + len(node.keywords) > 1 and _names(node.bases, ours):
        return [(line, False) for line in (node.lineno, *(mark.lineno for mark in node.decorator_list[:1]))]
    if _names(node.decorator_list, ours):
        return [(line, True) for line in (node.lineno, node.decorator_list[0].lineno)]
    inside: list[ast.expr] = []
    for statement in node.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None:
            inside.append(statement.value)
        elif isinstance(statement, ast.FunctionDef):
            inside += statement.decorator_list
    first = node.decorator_list[0].lineno if node.decorator_list else node.lineno
    return [(line, False) for line in (node.lineno, first)] if _names(inside, ours) else []


def _names(expressions: Iterable[ast.expr], ours: set[str]) -> bool:
    return not ours.isdisjoint(shapes.names_in(*expressions))


def _build(body: Any, name: str, /, *bases: Any, **keywords: Any) -> Any:
    """The replacement for `__build_class__`."""
    place = name, body.__code__.co_firstlineno
    marked = _places.get(body.__code__.co_filename, {}).get(place)
    if marked is None:
        return _build_class(body, name, *bases, **keywords)
    if any(map(is_class, bases)) and not (_are_plain(bases) and "metaclass" not in keywords):
        if (metaclass := keywords.pop("metaclass", None)) is abc.ABCMeta:
            bases = (*bases, abc.ABC)
        elif metaclass is not None and is_class(metaclass):
            keywords["metaclass"] = metaclass
            return _build_class(body, name, *bases, **keywords)
        elif metaclass is not None:
            the_link().unsupported(f"a class of the test with a metaclass of its own, {metaclass.__name__}")
        return _build_class(body, name, *bases, **keywords, metaclass=_of_both)
    own = all(isinstance(base, type) and type(base) is type and not is_class(base) for base in bases)
    if not own or name.startswith("Test") or "metaclass" in keywords:
        return _build_class(body, name, *bases, **keywords)

    def chosen(name: str, bases: tuple[type, ...], names: dict[str, Any], /, **keywords: Any) -> Any:
        if (marked or any(map(_describes, names.values()))) and not any(n.startswith("test") for n in names):
            made = make(name, bases, names, keywords)
            if marked:
                decorated.add(made)
            return made
        return type(name, bases, names, **keywords)

    return _build_class(body, name, *bases, metaclass=chosen, **keywords)


def _are_plain(bases: Iterable[type]) -> bool:
    return all(is_class(base) or type(base) is type for base in bases)


def _of_both(name: str, bases: tuple[type, ...], names: dict[str, Any], /, **keywords: Any) -> Any:
    """The metaclass of classes that derive from the program's and from others with a metaclass, such as `Enum`."""
    return make(name, bases, names, keywords)


def _describes(value: Any) -> bool:
    """Whether a value is a descriptor of the program."""
    if not is_proxy(value) or is_class(value) or hasattr(type(value), "__get__"):
        return False
    return any(_has(type(value), name) for name in _DESCRIBES)


def _has(kind: type, name: str) -> bool:
    try:
        ask("getattr", kind, name)
    except AttributeError:
        return False
    return True
