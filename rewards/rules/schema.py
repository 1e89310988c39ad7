"""Check JSON schemas, and validate values against them. The only file that imports jsonschema.

Nothing is fetched: a `$ref` must point into the schema itself or to a published meta-schema, which jsonschema includes.
Refused when the schema is parsed: any other `$ref`; a schema of an unknown draft; more than `DEEPEST` levels; a schema
that refers to itself without descending into the value, on which no validator terminates; and patterns that cannot be
matched in linear time. Patterns are matched by `rewards.rules.linear_regex`, not by Python's backtracking `re`.
`format` is only an annotation, as in the standard.

The result of a reference is cached per part of the value, so the time does not grow exponentially with depth if several
alternatives lead to one part; references that depend on their context (`$dynamicRef`) are not cached. `multipleOf` is
exact in decimal: 19.99 is a multiple of 0.01. With `unevaluatedItems` or `unevaluatedProperties`, for which jsonschema
takes quadratic time, a list or object of more than `MOST_MEMBERS` members is invalid.

Example:
    >>> fault({"type": "object", "required": ["a"]}, {"b": 1})
    "'a' is a required property"
    >>> check_schema({"$ref": "https://example.org/person.json"})
    Traceback (most recent call last):
    ValueError: '$ref' leads to 'https://example.org/person.json', which is not in the schema; nothing is ...
"""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

from rewards.rules.linear_regex import Unsupported, compile_linear
from sandbox.json_text import Json

DEEPEST = 50
"""Levels of nesting of a schema, and of a value."""
LONGEST = 1_000_000
"""Characters of a schema."""
MOST_MEMBERS = 1_000
"""Most members of a list or object with `unevaluatedItems` or `unevaluatedProperties`."""

_FOLLOWED: ContextVar[dict[tuple[int, int], Any]] = ContextVar("_FOLLOWED")
"""Cached errors by (id of the reference, id of the part of the value); None = valid."""

_DYNAMIC = ("$dynamicRef", "$recursiveRef")
_REFERENCES = ("$ref", *_DYNAMIC)
_IN_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "extends")
_DATA = ("enum", "const", "default", "examples")


def _levels(value: object) -> Iterator[list[Collection[object]]]:
    """Yield the lists and objects of a value level by level, down to one level below `DEEPEST`, without recursion."""
    level: list[object] = [value]
    for _ in range(DEEPEST + 1):
        holding: list[Collection[object]] = [one for one in level if isinstance(one, Mapping | list | tuple)]
        if not holding:
            return
        yield holding
        level = [inner for one in holding for inner in (one.values() if isinstance(one, Mapping) else one)]


def depth_of(value: object) -> int:
    """The number of nested levels of lists and objects, counted up to `DEEPEST` + 1."""
    return sum(1 for _ in _levels(value))


def check_schema(schema: Json) -> None:
    """Check that a schema can be used. Raises ValueError, which says why not."""
    if not isinstance(schema, Mapping | bool):
        raise ValueError(f"a JSON schema is an object, true or false, not {schema!r:.80}")
    if depth_of(schema) > DEEPEST:
        raise ValueError(f"it is nested more than {DEEPEST} deep")
    try:
        text = json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"it is not JSON: {error}") from error
    if len(text) > LONGEST:
        raise ValueError(f"it has {len(text)} characters; {LONGEST} are read at most")
    _validator(text)


def fault(schema: Json, value: Json) -> str:
    """The first violation of the schema by a value of at most `DEEPEST` levels; empty = it is valid.

    Raises:
        ValueError: the schema itself is invalid.
    """
    text = json.dumps(schema)
    validator = _validator(text)
    if '"unevaluated' in text:
        most = max((len(one) for level in _levels(value) for one in level), default=0)
        if most > MOST_MEMBERS:
            return f"a list or object has {most} members; beside 'unevaluated…' {MOST_MEMBERS} are read at most"
    outer = _FOLLOWED.set({})
    try:
        error = next(validator.iter_errors(value), None)
    finally:
        _FOLLOWED.reset(outer)
    if error is None:
        return ""
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path).lstrip(".")
    return f"{where}: {error.message}" if where else str(error.message)


@lru_cache(maxsize=256)
def _validator(text: str) -> Any:
    """The validator of a schema given as JSON text. Raises ValueError."""
    from rewards.clock import off_the_clock

    with off_the_clock():
        import jsonschema
        from referencing import Registry
        from referencing.jsonschema import specification_with

    schema = json.loads(text)
    kind = jsonschema.validators.validator_for(schema, default=None)
    if kind is None and isinstance(schema, dict) and "$schema" in schema:
        raise ValueError(f"its $schema is {schema['$schema']!r:.80}, which is no published draft; leave it out")
    kind = kind or jsonschema.Draft202012Validator
    try:
        kind.check_schema(schema)
    except jsonschema.SchemaError as error:
        where = "".join(f"[{part!r}]" for part in error.absolute_path)
        raise ValueError(f"it is no JSON schema: at {where or 'its top'}: {error.message:.200}") from error
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    specification = specification_with(kind.ID_OF(kind.META_SCHEMA))
    _check_parts(schema, specification, jsonschema.validators.SPECIFICATIONS)
    changed = dict(_KEYWORDS)
    if not any(f'"{name}"' in text for name in _DYNAMIC):
        changed["$ref"] = _once(kind.VALIDATORS["$ref"])
    strict = jsonschema.validators.extend(kind, {name: changed[name] for name in changed if name in kind.VALIDATORS})
    return strict(schema, registry=Registry())


def _check_parts(schema: Json, specification: Any, published: Any) -> None:
    """Resolve every reference, compile every pattern, and refuse references that form a cycle on one value."""
    from referencing.exceptions import Unresolvable

    resource = specification.create_resource(schema)
    waiting = [(schema, published.with_resource("", resource).resolver_with_root(resource))]
    parts: dict[int, Mapping[str, Json]] = {}
    same_value: dict[int, list[int]] = {}
    while waiting:
        node, resolver = waiting.pop()
        if isinstance(node, list):
            waiting += [(item, resolver) for item in node]
        if not isinstance(node, dict) or id(node) in parts:
            continue
        parts[id(node)] = node
        _check_patterns(node)
        # here `$id` may be the name of a property
        with contextlib.suppress(Unresolvable, AttributeError, TypeError, ValueError):
            resolver = resolver.in_subresource(specification.create_resource(node))
        leads_to = [*_subschemas(node)]
        for name in _REFERENCES:
            target = node.get(name)
            if isinstance(target, str):
                try:
                    found = resolver.lookup(target)
                except (Unresolvable, ValueError, LookupError, TypeError) as error:
                    raise ValueError(
                        f"{name!r} leads to {target!r:.80}, which is not in the schema; nothing is fetched, so put it "
                        "under '$defs' and refer to '#/$defs/NAME'"
                    ) from error
                leads_to.append(found.contents)
        same_value[id(node)] = [id(part) for part in leads_to if isinstance(part, dict)]
        waiting += [(value, resolver) for key, value in node.items() if key not in _DATA]
    _refuse_circles(same_value)


def _subschemas(node: Mapping[str, Json]) -> Iterator[Json]:
    """The subschemas that apply to the same value as the schema."""
    for name in _IN_PLACE:
        part = node.get(name)
        if isinstance(part, list):
            yield from part
        elif name == "dependentSchemas" and isinstance(part, Mapping):
            yield from part.values()
        else:
            yield part


def _check_patterns(node: Mapping[str, Json]) -> None:
    properties = node.get("patternProperties")
    pattern = node.get("pattern")
    sources = [*([pattern] if isinstance(pattern, str) else []), *(properties if isinstance(properties, dict) else ())]
    for source in sources:
        try:
            compile_linear(source)
        except Unsupported as error:
            raise ValueError(f"its pattern {source!r:.80}: {error}") from error
    if properties and "unevaluatedProperties" in node:
        raise ValueError(
            "'unevaluatedProperties' beside 'patternProperties' is not supported; use 'additionalProperties'"
        )


def _refuse_circles(same_value: Mapping[int, list[int]]) -> None:
    done: set[int] = set()
    for start in same_value:
        path: dict[int, Iterator[int]] = {} if start in done else {start: iter(same_value[start])}
        while path:
            last = next(reversed(path))
            following = next(path[last], None)
            if following is None:
                del path[last]
                done.add(last)
            elif following in path:
                raise ValueError(
                    "a '$ref' leads back to where it stands without going down into the value, so that no validation "
                    "ends; put it under 'properties' or 'items'"
                )
            elif following not in done:
                path[following] = iter(same_value.get(following, ()))


# --- keywords where jsonschema backtracks, repeats work, takes quadratic time, or computes with binary floats --------

_Keyword: TypeAlias = Callable[[Any, Any, Any, Any], Iterator[Any]]


def _error(message: str, path: Iterable[str | int] = ()) -> Any:
    import jsonschema

    return jsonschema.ValidationError(message, path=path)


def _once(followed: _Keyword) -> _Keyword:
    """Cache the result of a reference keyword for each part of the value."""

    def remembered(validator: Any, target: str, value: object, schema: object) -> Iterator[Any]:
        known, key = _FOLLOWED.get(), (id(schema), id(value))
        if key not in known:
            first = next(followed(validator, target, value, schema), None)
            known[key] = None if first is None else (first.message, tuple(first.path))
        if known[key] is not None:
            yield _error(*known[key])

    return remembered


def _multiple_of(validator: Any, divisor: float, value: object, _schema: object) -> Iterator[Any]:
    if validator.is_type(value, "number") and Fraction(str(value)) % Fraction(str(divisor)):
        yield _error(f"{value!r:.80} is not a multiple of {divisor!r}")


def _pattern(validator: Any, source: str, value: object, _schema: object) -> Iterator[Any]:
    if validator.is_type(value, "string") and not compile_linear(source).search(str(value)):
        yield _error(f"{value!r:.80} does not match {source!r}")


def _pattern_properties(validator: Any, patterns: Mapping[str, Json], value: object, _schema: object) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for source, schema in patterns.items():
            pattern = compile_linear(source)
            for name, inner in value.items():
                if pattern.search(name):
                    yield from validator.descend(inner, schema, path=name, schema_path=source)


def _additional_properties(validator: Any, allowed: Json, value: object, schema: Mapping[str, Any]) -> Iterator[Any]:
    if not isinstance(value, Mapping):
        return
    patterns = [compile_linear(source) for source in schema.get("patternProperties", {})]
    known = schema.get("properties", {})
    for name, inner in value.items():
        if name in known or any(pattern.search(name) for pattern in patterns):
            continue
        if allowed is False:
            yield _error(f"additional property {name!r:.80} is not allowed")
        elif isinstance(allowed, Mapping):
            yield from validator.descend(inner, allowed, path=name)


def _unique_items(validator: Any, wanted: Json, value: object, _schema: object) -> Iterator[Any]:
    if wanted and validator.is_type(value, "array") and isinstance(value, list):
        seen: set[Hashable] = set()
        for item in value:
            canonical = _canonical(item)
            if canonical in seen:
                yield _error(f"{item!r:.80} stands twice in a list of unique items")
                return
            seen.add(canonical)


_KEYWORDS: Mapping[str, _Keyword] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "uniqueItems": _unique_items,
    "multipleOf": _multiple_of,
    "divisibleBy": _multiple_of,
}


def _canonical(value: Json) -> Hashable:
    """A hashable form that is the same for equal JSON: 1 equals 1.0 but not true; objects are unordered."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return (type(value).__name__, value)
    if isinstance(value, int | float):
        return (
            "number",
            int(value) if isinstance(value, float) and math.isfinite(value) and value == int(value) else value,
        )
    if isinstance(value, Mapping):
        return ("object", frozenset((name, _canonical(inner)) for name, inner in value.items()))
    return ("array", tuple(_canonical(inner) for inner in value))
