"""In the candidate: give the program the names that its tests lend (`lending.py` decides which these are).

They are put into the program's globals before it is loaded, if it mentions them; its own definitions replace them, as
in a single namespace. Literals and modules are the program's own. A class or function is a stand-in: when the program
uses it, the tests are asked for the real one.
"""

from __future__ import annotations

import contextlib
import enum
import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import CodeType
from typing import Any, NamedTuple

from ..shared import standard
from .joining import EXTENDS
from .stubs import Imports

_OF_ANY = frozenset((*vars(type("Any", (), {})), "__firstlineno__", "__static_attributes__"))


def lay_out(
    imports: Imports, names: dict[str, Any], codes: Iterable[CodeType], lent: Mapping[str, tuple[Any, ...]]
) -> None:
    """Put the lent names into the globals of a program.

    names: its globals. codes: its code objects, which say what it mentions. lent: name -> (kind, details).
    """
    names[EXTENDS] = _extending(names)
    mentioned = {name for code in codes for name in _mentioned(code)} - names.keys()
    for kind, *what in lent.values():
        if kind == "star":
            names.update(_brought(what[0], mentioned))
    for name in mentioned & lent.keys():
        kind, *what = lent[name]
        if kind in _LENDING:
            with contextlib.suppress(_Absent):
                names[name] = _LENDING[kind](_Loan(name, imports, names), *what)


def bases_of(file: str, lent: dict[str, tuple[Any, ...]]) -> list[CodeType]:
    """The code of test classes from which the program derives its own classes, which are no longer lent but copied, and
    of named tuples.
    """
    found = [
        compile(what[1], "<setup>", "exec", dont_inherit=True)
        for kind, *what in lent.values()
        if kind == "record" and len(what) > 1
    ]
    for name, source in [what for kind, *what in lent.values() if kind == "base"]:
        if re.search(rf"^\s*class\s+\w+\s*\([^)]*\b{name}\b", _text(file), re.MULTILINE):
            lent.pop(name, None)
            found.append(compile(source, "<setup>", "exec", dont_inherit=True))
    return found


def share(imports: Imports, names: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Share enumerations and classes of data by name, if the program has them, from the prompt or setup, or by an equal
    definition.
    """
    for name, (kind, *what) in options["lent"].items():
        found: Any = names.get(name)
        if kind == "enumeration" and isinstance(found, enum.EnumType) and {*found.__members__} == {*what[0]}:
            standard.share(name, found)
        elif kind == "record" and isinstance(found, type) and _is_alike(name, what[0], _text(options["file"])):
            imports.share(name, found)


def _is_alike(name: str, marks: Sequence[int], program: str) -> bool:
    """Whether a program defines no other class than the tests under a name. marks: hashes of theirs."""
    if not marks or not re.search(rf"\bclass\s+{name}\b", program):
        return True
    import ast

    from ..shared import likeness

    own = (node for node in ast.walk(ast.parse(program)) if isinstance(node, ast.ClassDef) and node.name == name)
    return all(likeness.added(node, marks) is not None for node in own)


def _text(file: str) -> str:
    with open(file, encoding="utf-8", errors="replace") as program:
        return program.read()


def _extending(names: dict[str, Any]) -> Callable[[type], Any]:
    def extend(made: type) -> Any:
        lent = names[made.__name__]
        for name, value in vars(made).items():
            if name not in _OF_ANY:
                setattr(lent, name, value)
        return lent

    return extend


def _brought(name: str, mentioned: set[str]) -> dict[str, Any]:
    """The mentioned names that a star import brings."""
    with contextlib.suppress(Exception):  # a module that is not there: the program says so when it needs it
        module = importlib.import_module(name)
        shown = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
        return {name: getattr(module, name) for name in mentioned.intersection(shown)}
    return {}


def _mentioned(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _mentioned(constant)


class _Absent(Exception):
    """A module or name that is not installed: the program says so when it needs it."""


class _Loan(NamedTuple):
    """One lent name. names: the globals of the program."""

    name: str
    imports: Imports
    names: dict[str, Any]

    def asker(self) -> Callable[[], Any]:
        """A function that returns the tests' object. It is requested when first needed: it may not exist before."""
        held: list[Any] = []

        def get() -> Any:
            if not held:
                held.append(self.imports.back("lent", self.name))
            return held[0]

        return get


def _imported(_loan: _Loan, module: str, attribute: str) -> Any:
    try:
        found = importlib.import_module(module)
        return getattr(found, attribute) if attribute else found
    except Exception as error:  # a module may raise anything
        raise _Absent from error


def _function(loan: _Loan) -> Callable[..., Any]:
    get = loan.asker()

    def call(*args: Any, **kwargs: Any) -> Any:
        return get()(*args, **kwargs)

    call.__name__ = call.__qualname__ = loan.name
    return call


def _async_function(loan: _Loan) -> Callable[..., Any]:
    get = loan.asker()

    async def call(*args: Any, **kwargs: Any) -> Any:
        return await get()(*args, **kwargs)

    call.__name__ = call.__qualname__ = loan.name
    return call


class _Lent(type):
    """The metaclass of stand-ins for classes that the tests lend."""

    def __call__(cls, /, *args: Any, **kwargs: Any) -> Any:
        return cls._get()(*args, **kwargs)

    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, cls._get())

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("_") and name not in ("__members__", "__dataclass_fields__"):
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
        return getattr(cls._get(), name)

    def __setattr__(cls, name: str, value: Any) -> None:
        """Set an attribute, also on the stand-ins for the class's objects: `ListNode.__lt__ = ...`."""
        super().__setattr__(name, value)
        cls._imports.graft(cls.__name__, name, value)

    def __iter__(cls) -> Iterator[Any]:
        return iter(cls._get())

    def __len__(cls) -> int:
        return len(cls._get())

    def __bool__(cls) -> bool:
        return True

    def __getitem__(cls, name: Any) -> Any:
        return cls._get()[name]

    def __contains__(cls, value: Any) -> bool:
        return value in cls._get()


def _class(loan: _Loan, matched: tuple[str, ...], _marks: object) -> type:
    names = {"_get": staticmethod(loan.asker()), "_imports": loan.imports, "__match_args__": matched}
    return _Lent(loan.name, (), names)


def _late_exception(loan: _Loan, _marks: object) -> type:
    """A stand-in for an exception class that the tests have not made yet, until the program creates an instance."""
    name, _, names = loan
    get = loan.asker()

    def made(_cls: type, *args: Any, **kwargs: Any) -> Any:
        names[name] = get()
        return names[name](*args, **kwargs)

    return type(name, (Exception,), {"__new__": made})


# What the program gets for a name, by the kind of loan (`lending.py`). An enumeration is its own (`share`), and a base
# class is copied (`bases_of`).
_LENDING: Mapping[str, Callable[..., Any]] = {
    "number": lambda _loan, value: value,
    "literal": lambda _loan, source: eval(source, {"__builtins__": {}}),
    "import": _imported,
    "function": _function,
    "async function": _async_function,
    "class": _class,
    "exception": lambda loan, *_details: loan.imports.back("lent", loan.name),
    "late exception": _late_exception,
}
