"""Frozen dataclasses that are made in two thirds of the time, for the few values made for every grade.

A frozen dataclass sets each field by `object.__setattr__`, which looks for the slot of that name every time. Here
`__init__` calls the setters of the slots.

Example:
    >>> from dataclasses import dataclass
    >>> @quick_init
    ... @dataclass(frozen=True, slots=True, kw_only=True)
    ... class Point:
    ...     x: int
    ...     y: int = 0
    >>> Point(x=1)
    Point(x=1, y=0)
"""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any, TypeVar

_T = TypeVar("_T")


def quick_init(cls: type[_T]) -> type[_T]:
    """Give a frozen dataclass with slots an equal `__init__` that is faster. Its default values must be immutable: a
    default factory is called once.
    """
    scope: dict[str, Any] = {}
    parameters, body = ["self"], []
    for field in fields(cls):  # type: ignore[arg-type]  # it is a dataclass
        if field.kw_only and "*" not in parameters:
            parameters.append("*")
        name, default = field.name, _default(field)
        scope[f"set_{name}"] = getattr(cls, name).__set__
        scope[f"default_{name}"] = default
        parameters.append(name if default is MISSING else f"{name}=default_{name}")
        body.append(f"set_{name}(self, {name})")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    exec(f"def __init__({', '.join(parameters)}):\n    " + "\n    ".join(body), scope)  # as `dataclasses` does
    made, old = scope["__init__"], cls.__dict__["__init__"]
    made.__qualname__, made.__annotations__ = old.__qualname__, old.__annotations__
    cls.__init__ = made  # type: ignore[method-assign]
    return cls


def _default(field: Field[Any]) -> object:
    return field.default if field.default_factory is MISSING else field.default_factory()
