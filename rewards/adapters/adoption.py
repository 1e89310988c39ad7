"""Adopt a function written for another trainer: the table of adapters, and the `Reward` made from the function.

Every adopted function has the parameters `range` (the scores of wrong and right) and `arguments` (additional keyword
arguments for the function), and those of its adapter.
"""

from __future__ import annotations

import contextlib
import inspect
import sys
from collections.abc import Awaitable, Callable, Container, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from rewards.adapters import openrlhf, trl, verifiers, verifiers_task, verl
from rewards.adapters.adapter import Adapter, Options
from rewards.adapters.columns import named, takes_all
from rewards.declared import Reward, Source, checked_range
from rewards.errors import InvalidReward, UnknownReward
from rewards.outcome import Range
from rewards.parameters import nearest
from rewards.registry import register_made
from rewards.signatures import made_from, source_of
from rewards.sources import load_module
from rewards.types import GradeRequest, Json

Function: TypeAlias = Callable[..., object]

_EXAMPLES = {
    "trl": "trl:trl.rewards:accuracy_reward",
    "verl": "verl:./score.py:compute_score or verl:verl.utils.reward_score.math_reward:compute_score",
    "openrlhf": "openrlhf:./reward.py:reward_func",
    "verifiers": "verifiers:./rubric.py:exact",
}
ADAPTERS: dict[str, Adapter] = {
    "trl": trl.ADAPTER,
    "verl": verl.ADAPTER,
    "openrlhf": openrlhf.ADAPTER,
    "verifiers": verifiers.ADAPTER,
}
# One reward per name, as long as the name refers to the same function.
_ADOPTED: dict[str, tuple[Function, Reward]] = {}
_COMMON: dict[str, object] = {
    "range": tuple[float, float] | None,
    "arguments": dict[str, object] | None,
}


def adopt(kind: str, function: Function, *, name: str, version: str = "1", **options: Json) -> Function:
    """Register a function of another trainer under a name. Returns the function unchanged.

    kind: trl, verl, openrlhf or verifiers.
    options: defaults of its parameters: `range`, `arguments`, and those of the adapter.

    Raises:
        InvalidReward: unknown kind or option, or the trainer could not call the function.
    """
    if kind not in ADAPTERS:
        raise InvalidReward(
            f"there is no adapter {kind!r}{nearest(kind, [*ADAPTERS])} (there are: {', '.join(ADAPTERS)})"
        )
    made = _made(kind, name, function, source_of(sys._getframe(1)), options)
    made.check({})
    register_made(replace(made, version=version, qualname=getattr(function, "__qualname__", name)))
    return function


def adopted_reward(kind: str, name: str, function: Function | Reward, source: Source, qualname: str) -> Reward:
    """The reward named `kind:place:function`. Raises InvalidReward."""
    if isinstance(function, Reward):
        raise InvalidReward(f"{name!r} is registered with @reward, so it is ours: name it without '{kind}:'")
    held = _ADOPTED.get(name)
    if held is None or held[0] is not function:
        held = _ADOPTED[name] = function, replace(_made(kind, name, function, source, {}), qualname=qualname)
    return held[1]


def names_function(kind: str, rest: str, ours: Container[str]) -> bool:
    """Whether `kind:rest` names a function to adopt. False if a module with the trainer's name defines `rest` itself.

    ours: names of rewards that need no adapter. Raises UnknownReward if it is neither; the message says what to write.
    """
    if ":" in rest:
        return True
    with contextlib.suppress(UnknownReward, InvalidReward):
        if callable(getattr(load_module(kind), rest, None)):
            return False
    given = "" if kind == "verifiers" else f"; rewards.adapters.to_{kind}({rest!r}) hands it to {kind}"
    raise UnknownReward(
        f"'{kind}:{rest}' names no function: behind '{kind}:' stand a file or module and a function in it, such as "
        f"{_EXAMPLES[kind]}{f'. {rest!r} alone is a reward of ours{given}' if rest in ours else ''}"
    )


def _made(kind: str, name: str, function: Function, source: Source, defaults: Mapping[str, Json]) -> Reward:
    try:
        adapter = _adapter_of(kind, function)
        adapter.check(function)
    except InvalidReward as error:
        raise InvalidReward(f"reward {name!r}: {error}") from error
    except (ValueError, TypeError) as error:
        raise InvalidReward(f"reward {name!r}: the signature of {function!r:.80} cannot be read: {error}") from error
    function = verifiers_task.scoring(function)
    types = {**_COMMON, **adapter.options}
    for option in defaults:
        if option not in types:
            raise InvalidReward(
                f"reward {name!r} has no option {option!r}{nearest(option, [*types])} ({', '.join(types)})"
            )
    values = {**dict.fromkeys(types), **defaults}
    batched = adapter.batched(function)
    target = _target(adapter, name, function, batched, values)
    target.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # what the registry reads
        [inspect.Parameter("requests", inspect.Parameter.POSITIONAL_ONLY)]
        + [inspect.Parameter(o, inspect.Parameter.KEYWORD_ONLY, default=values[o], annotation=types[o]) for o in types]
    )

    def scale(given: Mapping[str, object]) -> Range | None:
        return None if given["range"] is None else checked_range(given["range"], "parameter 'range'")

    def validate(**given: object) -> None:
        scale(given)
        _check_call(kind, adapter, function, Options(given).arguments)

    made = made_from(name, target, source, batched=batched)
    return replace(made, scale=scale, validate=validate, ready=adapter.ready)


def _adapter_of(kind: str, function: Function) -> Adapter:
    """The adapter of the trainer's version that the function is written for."""
    return verifiers_task.ADAPTER if kind == "verifiers" and verifiers_task.takes_trace(function) else ADAPTERS[kind]


def _check_call(kind: str, adapter: Adapter, function: Function, arguments: Mapping[str, object]) -> None:
    """Check that calls pass every required argument, and none twice. Raises InvalidReward."""
    takes = named(function)
    for name in arguments:
        if name in adapter.gives:
            own = f"give it as the parameter {name!r}" if name in adapter.options else "leave it out"
            raise InvalidReward(f"parameter 'arguments' holds {name!r}, which each response has its own of; {own}")
        if name not in takes and not takes_all(function):
            more = [other for other in takes if other not in adapter.gives]
            raise InvalidReward(
                f"parameter 'arguments' holds {name!r}, and the function takes no such argument{nearest(name, more)} "
                f"(besides those that {kind} passes: {', '.join(more) or 'none'})"
            )
    missing = [name for name, required in takes.items() if required and name not in (*adapter.gives, *arguments)]
    if missing and not adapter.columns:
        raise InvalidReward(
            f"the function requires {', '.join(map(repr, missing))}, and {kind} passes it only "
            f"{', '.join(adapter.gives)}; give values by the parameter 'arguments', such as "
            f"{{{', '.join(f'{name!r}: ...' for name in missing)}}}"
        )


def _target(
    adapter: Adapter, name: str, function: Function, batched: bool, defaults: Mapping[str, object]
) -> Callable[..., object]:
    """The function with the calling convention of the registry."""

    def asked(given: GradeRequest | Sequence[GradeRequest], options: Mapping[str, object]) -> tuple[int, object]:
        requests = [given] if isinstance(given, GradeRequest) else given
        filled = Options({**defaults, **options})
        positional, by_name = adapter.ask(function, requests, filled)
        return len(requests), function(*positional, **by_name, **filled.arguments)

    def read(count: int, value: object) -> object:
        values = adapter.read(value, count, name)
        return values if batched else values[0]

    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None)):  # noqa: B004

        async def ask_later(given: GradeRequest | Sequence[GradeRequest], **options: object) -> object:
            count, value = asked(given, options)
            return read(count, await value if isinstance(value, Awaitable) else value)

        return ask_later

    def ask(given: GradeRequest | Sequence[GradeRequest], **options: object) -> object:
        return read(*asked(given, options))

    return ask
