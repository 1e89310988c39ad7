"""The typed parameters of a reward, read from its signature and checked before any grade.

Parameters are all arguments of a reward besides its request: `def length(request, *, limit: int = 100)`. They cross to
workers as JSON, so the supported types are bool, int, float, str, None, Literal, list, tuple, dict, and unions.

Example:
    >>> def length(request, *, limit: int = 100) -> float: ...
    >>> bind("length", parameters_of("length", length, skip=1), {"limit": "ten"})
    Traceback (most recent call last):
    rewards.errors.InvalidReward: reward 'length': parameter 'limit' is 'ten' but must be int
"""

from __future__ import annotations

import difflib
import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rewards.errors import InvalidReward
from rewards.finite import finite
from rewards.types import Json

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a reward. `annotation` is a resolved type; `object` = any JSON value.

    default: from the signature; None if the parameter is required.
    """

    name: str
    annotation: object
    required: bool
    default: object = None


def nearest(name: str, known: Sequence[str]) -> str:
    """`; did you mean 'x'?` for the nearest known name, or an empty string."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def parameters_of(reward: str, target: Callable[..., object], *, skip: int) -> dict[str, Parameter]:
    """Read the parameters of a function after its first `skip` positional arguments (the request).

    Raises:
        InvalidReward: the signature takes no request, or has parameters that a configuration cannot name.
    """
    try:
        signature = inspect.signature(target)
    except (ValueError, TypeError) as error:
        raise InvalidReward(f"reward {reward!r}: the signature of {target!r:.80} cannot be read: {error}") from error
    found: dict[str, Parameter] = {}
    positions = 0
    for parameter in signature.parameters.values():
        if parameter.kind in _POSITIONAL and positions < skip:
            positions += 1
            continue
        if parameter.kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD):
            raise InvalidReward(
                f"reward {reward!r} takes '{parameter}'; name its parameters, as in `*, limit: int = 100`, "
                "so that they can be checked"
            )
        required = parameter.default is inspect.Parameter.empty
        if parameter.kind in _POSITIONAL and required:
            raise InvalidReward(
                f"reward {reward!r} takes a second argument {parameter.name!r}; a reward takes one GradeRequest "
                f"(a batched one a sequence of them), and parameters by keyword: `*, {parameter.name}: ...`"
            )
        annotation = _resolve(reward, target, parameter)
        default = None if required else parameter.default
        found[parameter.name] = Parameter(
            name=parameter.name, annotation=annotation, required=required, default=default
        )
    if positions < skip:
        raise InvalidReward(f"reward {reward!r} takes no request; write `def f(request: GradeRequest) -> float`")
    return found


def _resolve(reward: str, target: Callable[..., object], parameter: inspect.Parameter) -> object:
    """The parameter's type; string annotations are evaluated in the function's module."""
    if parameter.annotation is inspect.Parameter.empty:
        return object
    function = target.__init__ if inspect.isclass(target) else getattr(target, "__func__", target)
    holder = types.SimpleNamespace(__annotations__={parameter.name: parameter.annotation})
    try:
        hints = typing.get_type_hints(holder, globalns=getattr(function, "__globals__", {}))
    except (NameError, TypeError, SyntaxError) as error:
        raise InvalidReward(
            f"reward {reward!r}: the type of parameter {parameter.name!r} is unknown: {error}"
        ) from error
    annotation = hints[parameter.name]
    if not _checkable(annotation):
        raise InvalidReward(
            f"reward {reward!r}: parameter {parameter.name!r} has type {_spell(annotation)}, which cannot come from a "
            "configuration; use bool, int, float, str, None, Literal, list, tuple, dict or a union of them"
        )
    return annotation


_SCALARS: dict[object, Callable[[object], bool]] = {
    bool: lambda v: isinstance(v, bool),
    int: lambda v: isinstance(v, int) and not isinstance(v, bool),
    float: lambda v: isinstance(v, float) or finite(v) is not None,  # an integer may be too large for a float
    str: lambda v: isinstance(v, str),
    type(None): lambda v: v is None,
    list: lambda v: isinstance(v, list | tuple),
    tuple: lambda v: isinstance(v, list | tuple),
    dict: lambda v: isinstance(v, Mapping),
    object: lambda _v: True,
    typing.Any: lambda _v: True,
}
_UNIONS = (typing.Union, types.UnionType)


def _checkable(annotation: object) -> bool:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return True
    if origin in _UNIONS or origin in _CONTAINERS:
        return all(a is Ellipsis or _checkable(a) for a in arguments)
    return isinstance(annotation, typing.Hashable) and annotation in _SCALARS


def _list_fits(value: object, arguments: tuple[object, ...]) -> bool:
    return isinstance(value, list | tuple) and all(_fits(v, arguments[0]) for v in value)


def _tuple_fits(value: object, arguments: tuple[object, ...]) -> bool:
    if not isinstance(value, list | tuple):
        return False
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        return all(_fits(v, arguments[0]) for v in value)
    return len(value) == len(arguments) and all(map(_fits, value, arguments))


def _dict_fits(value: object, arguments: tuple[object, ...]) -> bool:
    return isinstance(value, Mapping) and all(
        _fits(k, arguments[0]) and _fits(v, arguments[1]) for k, v in value.items()
    )


_CONTAINERS: dict[object, Callable[[object, tuple[object, ...]], bool]] = {
    list: _list_fits,
    tuple: _tuple_fits,
    dict: _dict_fits,
    Sequence: _list_fits,
    Mapping: _dict_fits,
}


def _fits(value: object, annotation: object) -> bool:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return any(value == a and type(value) is type(a) for a in arguments)
    if origin in _UNIONS:
        return any(_fits(value, a) for a in arguments)
    if origin in _CONTAINERS:
        return _CONTAINERS[origin](value, arguments)
    return _SCALARS[annotation](value)


def _spell(annotation: object) -> str:
    if isinstance(annotation, type) and typing.get_origin(annotation) is None:
        return annotation.__name__
    if typing.get_origin(annotation) is typing.Literal:
        return " or ".join(repr(value) for value in typing.get_args(annotation))
    return str(annotation).replace("typing.", "")


def _shaped(value: Json, annotation: object) -> Json:
    """The value converted to the annotated type: JSON has no tuples, and writes some floats as integers."""
    if annotation is float and isinstance(value, int):
        return float(value)
    if isinstance(value, list) and (annotation is tuple or typing.get_origin(annotation) is tuple):
        return tuple(value)
    return value


def bind(reward: str, declared: Mapping[str, Parameter], given: Mapping[str, Json]) -> dict[str, Json]:
    """Check values against the declared parameters.

    Raises:
        InvalidReward: an unknown parameter (suggests the nearest known one), a missing one or a value of the wrong
        type.
    """
    for name in given:
        if name not in declared:
            known = f"it takes {', '.join(declared)}" if declared else "it takes no parameters"
            raise InvalidReward(f"reward {reward!r} has no parameter {name!r}{nearest(name, [*declared])} ({known})")
    for name, parameter in declared.items():
        if parameter.required and name not in given:
            raise InvalidReward(f"reward {reward!r} needs a value for its parameter {name!r}")
    for name, value in given.items():
        if not _fits(value, declared[name].annotation):
            expected = _spell(declared[name].annotation)
            raise InvalidReward(f"reward {reward!r}: parameter {name!r} is {value!r:.80} but must be {expected}")
    return {name: _shaped(value, declared[name].annotation) for name, value in given.items()}
