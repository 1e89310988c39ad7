"""The signs ± and ∓, which stand for two values."""

from __future__ import annotations

from dataclasses import replace

from rewards.math.expressions import has_signs, with_sign
from rewards.math.values import Inequality, Many, Named, Scalar, Value


def expanded(value: Value) -> Value:
    """Expand `1 ± 2` to two values, `(0, ±2)` to two points; all signs in one value are coupled."""
    if isinstance(value, Many) and not value.opening:
        items: list[Value] = []
        for item in map(expanded, value.items):
            if isinstance(item, Named) and _is_list(item.value):
                assert isinstance(item.value, Many)
                items += [replace(item, value=one) for one in item.value.items]
            else:
                items += item.items if isinstance(item, Many) and _is_list(item) else [item]
        return replace(value, items=tuple(items))
    if isinstance(value, Many) and value.opening == "\\{":
        inner = expanded(Many(value.items))
        assert isinstance(inner, Many)
        return Many(inner.items, value.opening, value.closing)
    if isinstance(value, Named):
        inner = expanded(value.value)
        return Named(value.name, inner, value.expression, value.parameters)
    if isinstance(value, Inequality) and value.relations == ("!=",) and any(map(has_signs, value.members)):
        both = (tuple(with_sign(member, upper=up) for member in value.members) for up in (True, False))
        return Many(tuple(Inequality(members, ("!=",)) for members in both), conjoined=True)
    if not _is_signed(value):
        return value
    return Many((_signed(value, True), _signed(value, False)), conjoined=True)  # without an order: no point


def _is_list(value: Value) -> bool:
    return isinstance(value, Many) and not value.opening and not value.hedged


def _is_signed(value: Value) -> bool:
    if isinstance(value, Scalar):
        return has_signs(value.expression)
    return isinstance(value, Many) and any(map(_is_signed, value.items))


def _signed(value: Value, up: bool) -> Value:
    if isinstance(value, Scalar):
        return Scalar(with_sign(value.expression, upper=up), value.unit, value.percent)
    if isinstance(value, Many):
        return Many(tuple(_signed(item, up) for item in value.items), value.opening, value.closing, value.hedged)
    return value
