"""How each kind of mutable container that both ends hold is remembered, compared, sent and changed (`sharing.py`).

A container is compared by the identity of its items, and read by the plain type's own functions, because the iteration
of a subclass would be the program's code.
"""

from __future__ import annotations

import io
import operator
import sys
from array import array
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import partial
from itertools import chain
from types import SimpleNamespace
from typing import Any, NamedTuple

from ..encoding.codec import Unsendable, Violation
from ..encoding.extended import check_names

_is = operator.is_


class Kind(NamedTuple):
    """How one kind of container is remembered, compared, sent and changed."""

    base: type
    remember: Callable[[Any], Any]
    same: Callable[[Any, Any], bool]
    content: Callable[[Any], object]
    apply: Callable[[Any, Any], None]


def _list_items(value: Any) -> list[Any]:
    """The items as the plain type holds them; a subclass's own iteration is not used."""
    return list(list.__iter__(value))


def _deque_items(value: Any) -> list[Any]:
    return list(deque.__iter__(value))


def _same_items(now: list[Any], then: list[Any]) -> bool:
    return len(now) == len(then) and all(map(_is, now, then))


def _dict_items(value: Any) -> list[Any]:
    """Keys, then values. None is looked up, because that could call the program's `__eq__` of a key."""
    return [*dict.__iter__(value), *dict.values(value)]


def _flat(value: Any) -> list[Any]:
    return list(chain.from_iterable(zip(dict.__iter__(value), dict.values(value), strict=True)))


def _ordered_pairs(value: Any) -> list[tuple[Any, Any]]:
    """The pairs in the order of the OrderedDict, which may differ from that of the underlying dictionary."""
    held = {id(key): content for key, content in dict.items(value)}
    return [(key, held[id(key)]) for key in OrderedDict.__iter__(value)]


def _ordered_items(value: Any) -> list[Any]:
    return list(chain.from_iterable(_ordered_pairs(value)))


def _apply_pairs(kind: Any, value: Any, content: Any) -> None:
    if len(content) % 2:
        raise Violation("a dictionary with a key that has no value")
    kind.clear(value)
    for at in range(0, len(content), 2):
        kind.__setitem__(value, content[at], content[at + 1])


def _apply_list(value: Any, content: Any) -> None:
    list.__setitem__(value, slice(None), content)


def _apply_set(value: Any, content: Any) -> None:
    set.clear(value)
    set.update(value, content)


def _apply_bytes(value: Any, content: Any) -> None:
    bytearray.__setitem__(value, slice(None), content)


def _apply_deque(value: Any, content: Any) -> None:
    deque.clear(value)
    deque.extend(value, content)


def _ids(value: Any) -> set[int]:
    return set(map(id, set.__iter__(value)))


def _remember_set(value: Any) -> Any:
    return _ids(value), list(set.__iter__(value))


def _apply_namespace(value: Any, content: Any) -> None:
    _apply_pairs(dict, value.__dict__, content)
    check_names(value.__dict__)


def _apply_array(value: Any, content: Any) -> None:
    del value[:]
    value.frombytes(content)


def _stream_state(value: Any) -> Any:
    return (None, 0) if value.closed else (value.getvalue(), value.tell())


def _apply_stream(value: Any, content: Any) -> None:
    text, at = content
    if text is None:
        value.close()
        return
    value.seek(0)
    value.truncate()
    value.write(text)
    value.seek(at)


def _array_state(value: Any) -> Any:
    if value.dtype.kind in "OUS":
        return list(map(id, value.reshape(-1))) if value.dtype.kind == "O" else value.tolist()
    return value.tobytes()


def _array_content(value: Any) -> object:
    return value.reshape(-1).tolist() if value.dtype.kind in "OUS" else value.tobytes()


def _apply_ndarray(value: Any, content: Any) -> None:
    import numpy

    if isinstance(content, bytes):
        if len(content) != value.nbytes or value.dtype.kind in "OUS":
            raise Violation("an array of another size")
        if value.dtype.kind == "b":
            value[...] = (numpy.frombuffer(content, dtype=numpy.uint8) != 0).reshape(value.shape)
        else:
            value[...] = numpy.frombuffer(content, dtype=value.dtype).reshape(value.shape)
        return
    if len(content) != value.size:
        raise Violation("an array of another size")
    for at, item in zip(numpy.ndindex(value.shape), content, strict=True):
        value[at] = item


_KINDS: tuple[Kind, ...] = (
    Kind(list, _list_items, _same_items, _list_items, _apply_list),
    Kind(OrderedDict, _ordered_items, _same_items, _ordered_items, partial(_apply_pairs, OrderedDict)),
    Kind(dict, _dict_items, _same_items, _flat, partial(_apply_pairs, dict)),
    Kind(set, _remember_set, lambda now, then: now[0] == then[0], lambda v: list(set.__iter__(v)), _apply_set),
    Kind(bytearray, bytes, operator.eq, bytes, _apply_bytes),
    Kind(deque, _deque_items, _same_items, _deque_items, _apply_deque),
    Kind(array, array.tobytes, operator.eq, array.tobytes, _apply_array),
    Kind(
        SimpleNamespace,
        lambda v: _dict_items(v.__dict__),
        _same_items,
        lambda v: _flat(v.__dict__),
        _apply_namespace,
    ),
    Kind(io.StringIO, _stream_state, operator.eq, _stream_state, _apply_stream),
    Kind(io.BytesIO, _stream_state, operator.eq, _stream_state, _apply_stream),
)
_BY_TYPE: dict[type, Kind] = {kind.base: kind for kind in _KINDS}


def kind_of(value: object) -> Kind:
    """The kind of a container. Raises Unsendable for a value that is none."""
    kind = _BY_TYPE.get(type(value))
    if kind is not None:
        return kind
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray):
        return Kind(numpy.ndarray, _array_state, operator.eq, _array_content, _apply_ndarray)
    for kind in _KINDS:
        if isinstance(value, kind.base):
            return kind
    raise Unsendable(f"a value of type {type(value).__name__} cannot be shared")
