"""Classes of immutable data that both ends have under one name: named tuples, and classes derived from `str` or `int`.

An object of such a class crosses as its content. Each end makes an object of its own class from it, by the plain type's
constructor.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Form: TypeAlias = "tuple[str, ...] | str"
"""What both classes must agree on: the fields of a named tuple, or the name of the plain type."""

_BASES: dict[str, type] = {"str": str, "int": int}


def form_of(kind: type) -> Form | None:
    """The form of a class; None if its objects are no such data."""
    if issubclass(kind, tuple):
        fields = getattr(kind, "_fields", None)
        return fields if type(fields) is tuple and all(type(field) is str for field in fields) else None
    return next((name for name, base in _BASES.items() if issubclass(kind, base)), None)


def content_of(value: Any, form: Form) -> Any:
    """The content of an object, as the exact plain type."""
    if isinstance(form, tuple):
        return tuple(tuple.__iter__(value))
    return str.__str__(value) if form == "str" else int.__int__(value)


def fits(content: Any, form: Form) -> bool:
    """Whether a content is that of an object of this form."""
    if isinstance(form, tuple):
        return type(content) is tuple and len(content) == len(form)
    return type(content) is _BASES.get(form)


def made(kind: Any, form: Form, content: Any) -> Any:
    """The object of a class that has a content."""
    return (tuple if isinstance(form, tuple) else _BASES[form]).__new__(kind, content)
