"""Build a `Reward` from a function or class: its kind, its parameters, and where it was declared.

Example:
    >>> def concise(request: object, *, limit: int = 400) -> float: ...
    >>> made = made_from("concise", concise, Source(module="mine", file="mine.py"))
    >>> made.kind, [*made.parameters]
    ('function', ['limit'])
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from types import FrameType

from rewards.declared import CONCURRENCY, Kind, Reward, Setup, Source
from rewards.errors import InvalidReward
from rewards.parameters import parameters_of

# Argument name that identifies a function written for another trainer -> that trainer.
_OF_OTHERS = {
    "completions": "trl",
    "solution_str": "verl",
    "queries": "openrlhf",
    "completion": "verifiers",
    "trace": "verifiers",
}


def made_from(
    name: str,
    target: Callable[..., object],
    source: Source,
    *,
    version: str = "1",
    setup: Setup | None = None,
    batched: bool = False,
) -> Reward:
    """Build a `Reward` from a function's signature."""
    kind = _kind(name, target)
    if setup is not None and kind == "class":
        raise InvalidReward(f"reward {name!r}: `setup=` is for functions; give the class a method `setup(self)`")
    awaits = _awaits(target) or (setup is not None and _awaits(setup))
    skip = 0 if kind == "class" else 1 if setup is None else 2
    loads = {} if setup is None else parameters_of(name, setup, skip=0)
    try:
        own = parameters_of(name, target, skip=skip)
    except InvalidReward as error:
        raise InvalidReward(f"{error}{_whose(target)}") from error
    return Reward(
        name=name,
        version=version,
        target=target,
        kind=kind,
        source=source,
        qualname=getattr(target, "__qualname__", repr(target)),
        batched=batched,
        asynchronous=awaits,
        concurrency=CONCURRENCY if kind == "async" and not batched else 1,
        setup=setup,
        parameters={**loads, **own},
    )


def _whose(target: Callable[..., object]) -> str:
    """A hint for a function that looks written for another trainer: which one, and how to name it."""
    code = getattr(target, "__code__", None)
    taken = code.co_varnames[: code.co_argcount] if code is not None else ()
    kind = next((kind for argument, kind in _OF_OTHERS.items() if argument in taken), None)
    return f"; it looks like a function for another trainer: name it {kind}:FILE:FUNCTION" if kind else ""


def _kind(name: str, target: object) -> Kind:
    if inspect.isclass(target):
        if not callable(getattr(target, "grade", None)):
            raise InvalidReward(f"reward {name!r}: class {target.__name__} has no method `grade(requests)`")
        return "class"
    if not callable(target):
        raise InvalidReward(f"reward {name!r} must be a function or a class, not {target!r:.80}")
    return "async" if _awaits(target) else "function"


def _awaits(target: object) -> bool:
    if inspect.isclass(target):
        methods = (getattr(target, "grade", None), getattr(target, "setup", None))
        return any(inspect.iscoroutinefunction(method) for method in methods)
    called = getattr(target, "__call__", None)  # noqa: B004  # an object whose __call__ is a coroutine function
    return inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(called)


def source_of(frame: FrameType) -> Source:
    """The source location of `@reward`. Rewards declared during an import are declared again when it is repeated."""
    space = frame.f_globals
    name, file, spec = space.get("__name__", ""), space.get("__file__"), space.get("__spec__")
    at_import = frame.f_code.co_name == "<module>"
    if name == "__main__" and spec is not None:
        name = spec.name  # `python -m package.module`: the worker imports it under its real name
    elif name != "__main__":
        outer: FrameType | None = frame
        while outer is not None and not at_import:
            at_import = outer.f_globals is space and outer.f_code.co_name == "<module>"
            outer = outer.f_back
    return Source(module=name, file=os.path.realpath(file) if file else "", at_import=at_import)
