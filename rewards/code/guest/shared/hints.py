"""Annotations that are not classes (`List[int]`, `int | None`), as parts from which each end builds its own.

Parts are `(form, arguments)`. The form is a name of `typing`, `"|"` for a union of types, or a class for `list[int]`.
An argument is a class, another annotation, None or `...`; a list of those for `Callable`; plain data for `Literal`.
"""

from __future__ import annotations

import types
import typing
from typing import Any

from ..encoding.codec import Violation

_FORMS = frozenset(
    (
        *("List", "Dict", "Set", "FrozenSet", "Tuple", "Type", "Deque", "DefaultDict", "OrderedDict", "Counter"),
        *("Optional", "Union", "Callable", "Literal", "Final", "ClassVar"),
        *("Iterable", "Iterator", "Sequence", "MutableSequence", "Collection", "Container", "Mapping", "Hashable"),
        *("MutableMapping", "Generator", "AsyncIterator", "AsyncIterable", "AsyncGenerator", "Awaitable", "Coroutine"),
    )
)
_KINDS = frozenset(
    (
        *(types.GenericAlias, types.UnionType, type(typing.Literal[1]), type(typing.Callable[[int], int])),
        *(type(getattr(typing, name)) for name in _FORMS),
        *(type(form[int]) for form in (typing.List, typing.Optional)),  # noqa: UP006
    )
)
_MOST = 50
_DEEPEST = 8


def parts_of(value: object, depth: int = _DEEPEST) -> tuple[Any, ...] | None:
    """The parts of an annotation; None if the value is none, or contains something that is none."""
    kind = type(value)
    if kind not in _KINDS or depth == 0:
        return None
    name = str(getattr(value, "_name", None) or getattr(getattr(value, "__origin__", None), "_name", ""))
    form: Any
    if kind is types.UnionType:
        form = "|"
    elif kind is types.GenericAlias:
        form = value.__origin__  # type: ignore[attr-defined]
    elif name in _FORMS:
        if getattr(typing, name) is value:
            return name, ()
        form = "Union" if name == "Optional" else name
    else:
        return None
    given: tuple[Any, ...] = getattr(value, "__args__", ())
    if form == "Callable":
        given = (given[0] if given[0] is ... else list(given[:-1]), given[-1])
    arguments = tuple(_argument(argument, depth - 1, form) for argument in given)
    return None if _Unknown in arguments or len(arguments) > _MOST else (form, arguments)


class _Unknown:
    """Stands for an argument that cannot be sent."""


def _argument(value: Any, depth: int, form: Any) -> Any:
    if form == "Literal":
        return value if type(value) in (str, bytes, int, bool, type(None)) else _Unknown
    if type(value) is list:
        made = [_argument(item, depth, "") for item in value]
        return _Unknown if _Unknown in made else made
    if value is None or value is ... or value is typing.Any or parts_of(value, depth) is not None:
        return value
    return value if isinstance(value, type) else _Unknown


def made_of(parts: Any) -> Any:
    """The annotation of these parts. Raises Violation."""
    if type(parts) is not tuple or len(parts) != 2 or type(parts[1]) is not tuple or len(parts[1]) > _MOST:
        raise Violation("an annotation without its parts")
    form, arguments = parts
    if any(_argument(argument, _DEEPEST, form) is _Unknown for argument in arguments):
        raise Violation("an annotation of what is none")
    try:
        if issubclass(type(form), type):  # its real type: a program's class may have a metaclass (`Cache[int, int]`)
            return types.GenericAlias(form, arguments)
        if form == "|" and arguments:
            made = arguments[0]
            for argument in arguments[1:]:
                made |= argument
            return made
        if type(form) is str and form in _FORMS:
            of = arguments[0] if len(arguments) == 1 else arguments  # `ClassVar` takes no tuple
            return getattr(typing, form)[of] if arguments else getattr(typing, form)
    except (TypeError, ValueError):
        pass
    raise Violation("an annotation that cannot be")
