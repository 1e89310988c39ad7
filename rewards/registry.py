"""`@reward`: a function or class becomes a grader that a configuration can name.

    @reward("concise")                                   # a number: no right and wrong, verdict `scored`
    def concise(request: GradeRequest, *, limit: int = 100) -> float:
        return -len(request.response) / limit

    @reward("exact", correctness=True)                   # a number in [0, 1] that is also the correctness
    def exact(request: GradeRequest) -> bool: ...

    @reward("judge")                                     # asynchronous: several requests at once in one worker
    async def judge(request: GradeRequest) -> float: ...

    @reward("rank", batched=True)                        # a whole group in one call, one value each
    def rank(requests: Sequence[GradeRequest]) -> list[float]: ...

    @reward("mine")                                      # a Grader class; its parameters are those of __init__
    class Mine: ...

A name finds its reward here: one that was registered, one that the package brings (imported on first use), or a file:
`./my_rewards.py:concise`. The workers import the same module or file again, so a reward stands at the top level of a
file; nothing is pickled.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import math
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Literal, TypeAlias, TypeVar

from rewards.errors import InvalidReward, UnknownReward
from rewards.outcome import grade_from, grades_from, raised
from rewards.parameters import Parameter, bind, nearest, parameters_of
from rewards.protocol import Grader
from rewards.types import GradeRequest, GradeResult, Json

Controls: TypeAlias = Callable[[GradeRequest], Sequence[GradeRequest]]
Seconds: TypeAlias = Callable[[GradeRequest], float]
Concurrency: TypeAlias = Callable[[Mapping[str, Json]], int]
Ready: TypeAlias = Callable[[Mapping[str, Json]], None]
Bound: TypeAlias = float | Callable[[Mapping[str, object]], float]
Validate: TypeAlias = Callable[..., None]
AtOnce: TypeAlias = Callable[..., GradeResult | None]
Kind: TypeAlias = Literal["function", "async", "class"]
Target = TypeVar("Target", bound=Callable[..., object])

# How many requests of an asynchronous reward one worker holds at once, unless the reward says otherwise.
CONCURRENCY = 8


@dataclass(frozen=True, slots=True)
class Source:
    """Where a reward was defined: what a worker imports. `file` is empty for an interactive session."""

    module: str
    file: str


def empty_response(request: GradeRequest) -> Sequence[GradeRequest]:
    """The control request of a reward that names none: the same row with nothing in the response."""
    return (replace(request, response=""),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """A registered reward: what it declares, and how a grader is made of it.

    correctness: it has right and wrong: a score in [0, 1] is also the correctness.
    floor, ceiling: the lowest and highest score it pays; None = not declared; a function of the parameters where they
        decide.
    asynchronous: it awaits, so a worker runs it on an event loop. concurrency: requests that one worker grades at once;
        a function of the parameters where they decide.
    controls: what the grader must answer when a response is suspected of having hung it.
    seconds: how long a request may take beyond the pool's deadline; None = no longer.
    ready: raises where this machine cannot grade with these parameters; a worker asks before its first grade.
    validate: raises ValueError where the values of the parameters make no sense, alone or together.
    at_once: grades what needs no worker, in the caller's process; None for all else.
    """

    name: str
    version: str
    target: Callable[..., object]
    kind: Kind
    source: Source
    qualname: str
    batched: bool = False
    correctness: bool = False
    floor: Bound | None = None
    ceiling: Bound | None = None
    asynchronous: bool = False
    concurrency: int | Concurrency = 1
    controls: Controls = empty_response
    seconds: Seconds | None = None
    ready: Ready | None = None
    validate: Validate | None = None
    at_once: AtOnce | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """Name and version, as it stands in a graded row."""
        return f"{self.name}@{self.version}"

    def side_by_side(self, given: Mapping[str, Json]) -> int:
        """How many requests one worker grades at once with these parameters."""
        return self.concurrency if isinstance(self.concurrency, int) else max(1, self.concurrency(given))

    def patience(self, request: GradeRequest) -> float:
        """Seconds beyond the pool's deadline that a request may take; none where the reward cannot say it."""
        try:
            seconds = 0.0 if self.seconds is None else float(self.seconds(request))
        except Exception:  # the reward's own code, on a request made by anyone; the deadline holds without it
            return 0.0
        return seconds if 0.0 < seconds < math.inf else 0.0

    def lowest(self, given: Mapping[str, Json]) -> float:
        """The least that it pays with these parameters; 0 where it does not say."""
        return self._bound(self.floor, given)

    def highest(self, given: Mapping[str, Json]) -> float:
        """The most that it pays with these parameters; 0 where it does not say."""
        return self._bound(self.ceiling, given)

    def _bound(self, bound: Bound | None, given: Mapping[str, Json]) -> float:
        return float(bound(self._complete(given))) if callable(bound) else bound or 0.0

    def _complete(self, given: Mapping[str, Json]) -> dict[str, object]:
        """Every parameter: its value, or its default."""
        return {name: given.get(name, parameter.default) for name, parameter in self.parameters.items()}

    def check(self, given: Mapping[str, Json]) -> dict[str, Json]:
        """The parameters as the target takes them. Raises InvalidReward."""
        bound = bind(self.name, self.parameters, given)
        if self.validate is not None:
            try:
                self.validate(**self._complete(bound))
            except ValueError as error:
                raise InvalidReward(f"reward {self.name!r}: {error}") from error
        return bound

    def grader(self, given: Mapping[str, Json]) -> Grader:
        """The grader with these parameters. Raises InvalidReward."""
        bound = self.check(given)
        if self.kind == "class":
            try:
                return _Guarded(self, self.target(**bound))
            except (TypeError, ValueError) as error:
                raise InvalidReward(f"reward {self.name!r} cannot be made with {dict(given)}: {error}") from error
        return _FunctionGrader(self, bound)


class _FunctionGrader:
    """A function as a `Grader`."""

    def __init__(self, reward: Reward, bound: Mapping[str, Json]) -> None:
        self._reward = reward
        self._bound = bound

    async def _call(self, argument: GradeRequest | Sequence[GradeRequest]) -> object:
        value = self._reward.target(argument, **self._bound)
        return await value if isinstance(value, Awaitable) else value

    async def grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        reward = self._reward
        if reward.batched:
            try:
                values = await self._call(requests)
            except MemoryError:
                raise
            except (Exception, SystemExit) as error:  # whatever the reward raises is its own failure
                return [raised(reward.name, error)] * len(requests)
            return grades_from(values, len(requests), reward=reward.name, correctness=reward.correctness)
        results = []
        for request in requests:
            try:
                value = await self._call(request)
            except MemoryError:
                raise
            except (Exception, SystemExit) as error:
                results.append(raised(reward.name, error))
            else:
                results.append(grade_from(value, reward=reward.name, correctness=reward.correctness))
        return results


class _Guarded:
    """A user's `Grader` that keeps the promises of the protocol: one result each, and never an exception."""

    def __init__(self, reward: Reward, inner: object) -> None:
        self._reward = reward
        self._grade: Callable[[Sequence[GradeRequest]], object] = inner.grade  # type: ignore[attr-defined]

    async def grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        reward = self._reward
        try:
            values = self._grade(requests)
            if isinstance(values, Awaitable):
                values = await values
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:
            return [raised(reward.name, error)] * len(requests)
        return grades_from(values, len(requests), reward=reward.name, correctness=reward.correctness)


# --- declaring ------------------------------------------------------------------------------------------------------

_REGISTERED: dict[str, Reward] = {}
_FILES: dict[str, ModuleType] = {}
# Brought by this package; the module registers the reward when it is first asked for.
_BUILTIN = {
    "math": "rewards.math",
    "countdown": "rewards.countdown",
    "code": "rewards.code.grader",
    "choice": "rewards.rules.choice",
    "exact": "rewards.rules.short_text",
    "f1": "rewards.rules.short_text",
    "format": "rewards.rules.format",
    "json_schema": "rewards.rules.json_schema",
    "language": "rewards.rules.language",
    "length": "rewards.rules.length",
    "regex": "rewards.rules.regex",
    "repetition": "rewards.rules.repetition",
    "tag_count": "rewards.rules.tag_count",
}


def reward(
    name: str,
    *,
    batched: bool = False,
    correctness: bool = False,
    floor: Bound | None = None,
    ceiling: Bound | None = None,
    version: str = "1",
    concurrency: int | Concurrency | None = None,
    controls: Controls = empty_response,
    seconds: Seconds | None = None,
    ready: Ready | None = None,
    validate: Validate | None = None,
    at_once: AtOnce | None = None,
) -> Callable[[Target], Target]:
    """Register the function or class below under a name. It comes back unchanged, to be called and tested as it is.

    batched: it takes a sequence of requests (a group) and returns one value each.
    correctness: it has right and wrong: its score, in [0, 1], is also the correctness. Otherwise the score is a number
        like any other, and the verdict is `scored`.
    floor, ceiling: the lowest and highest score, or functions of the parameters (all of them, by name) that say them; a
        response that hangs the grader is paid the floor (0 if undeclared).
    version: changes when the grades do; it stands in every graded row.
    concurrency: for an asynchronous function or class, how many requests one worker holds at once; or a function of the
        parameters that says it.
    controls: the requests that the grader must answer, made from the suspected one; see docs/design/grading_pool.md.
    seconds: for grades that take their time honestly (they run programs, ask a server): how long a request may take
        beyond the pool's deadline, as a function of the request. It must be quick; the response must not decide it.
    ready: called in each worker with the parameters before its first grade; it raises an error that says what is
        missing on this machine. A run then stops before its first token.
    validate: called with all parameters by keyword wherever they are checked; it raises a ValueError that says which
        value makes no sense. Their types are checked already.
    at_once: takes what the function takes and returns the grade that the function will give, or None; it is asked
        first, in the caller's process. It must be linear in the length of a response and wait for nothing.

    Raises:
        InvalidReward: a bad name, signature or bound, or a name that another definition holds.
    """
    _check_name(name)
    if not isinstance(version, str) or not version:
        raise InvalidReward(f"reward {name!r}: version must be a non-empty string, not {version!r}")
    floor, ceiling = _bounds(name, correctness, floor, ceiling)

    def register(target: Target) -> Target:
        kind, awaits = _kind(name, target), _awaits(target)
        if isinstance(concurrency, int) and (concurrency < 1 or (not awaits and concurrency > 1)):
            raise InvalidReward(
                f"reward {name!r}: concurrency is {concurrency}; it must be at least 1, and 1 for what does not await "
                "(several workers grade it side by side)"
            )
        made = Reward(
            name=name,
            version=version,
            target=target,
            kind=kind,
            source=_source(target),
            qualname=getattr(target, "__qualname__", repr(target)),
            batched=batched,
            correctness=correctness,
            floor=floor,
            ceiling=ceiling,
            asynchronous=awaits,
            concurrency=concurrency or (CONCURRENCY if kind == "async" and not batched else 1),
            controls=controls,
            seconds=seconds,
            ready=ready,
            validate=validate,
            at_once=at_once,
            parameters=parameters_of(name, target, skip=0 if kind == "class" else 1),
        )
        _register(made)
        return target

    return register


def _check_name(name: str) -> None:
    if not isinstance(name, str) or not name or ":" in name or any(c.isspace() for c in name):
        raise InvalidReward(f"a reward's name must be a word without ':' and spaces, not {name!r}")


def _bounds(
    name: str, correctness: bool, floor: Bound | None, ceiling: Bound | None
) -> tuple[Bound | None, Bound | None]:
    if correctness:
        if floor is not None or ceiling is not None:
            raise InvalidReward(
                f"reward {name!r} has right and wrong, so its scores are in [0, 1]; drop floor, ceiling"
            )
        return 0.0, 1.0
    for key, bound in (("floor", floor), ("ceiling", ceiling)):
        if bound is not None and not callable(bound) and not math.isfinite(bound):
            raise InvalidReward(f"reward {name!r}: {key} must be finite, not {bound!r}")
    if isinstance(floor, int | float) and isinstance(ceiling, int | float) and floor > ceiling:
        raise InvalidReward(f"reward {name!r}: floor {floor} is above ceiling {ceiling}")
    return floor, ceiling


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
        return inspect.iscoroutinefunction(getattr(target, "grade", None))
    called = getattr(target, "__call__", None)  # noqa: B004  # an object whose __call__ is a coroutine function
    return inspect.iscoroutinefunction(target) or inspect.iscoroutinefunction(called)


def _source(target: object) -> Source:
    name = getattr(target, "__module__", None) or ""
    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if name == "__main__" and (spec := getattr(module, "__spec__", None)) is not None:
        name = spec.name  # `python -m package.module`: the worker imports it under its real name
    return Source(module=name, file=os.path.realpath(file) if file else "")


def _register(made: Reward) -> None:
    held = _REGISTERED.get(made.name)
    again = held is not None and (held.source.file, held.qualname) == (made.source.file, made.qualname)
    if held is not None and not again:
        here, there = made.source.file or made.source.module, held.source.file or held.source.module
        raise InvalidReward(
            f"reward {made.name!r} is already registered by {held.qualname} in {there}; "
            f"choose another name for {made.qualname} in {here}"
        )
    if made.name in _BUILTIN and made.source.module.partition(".")[0] != "rewards":
        raise InvalidReward(f"reward {made.name!r} is a name of this package's own; choose another")
    _REGISTERED[made.name] = made


# --- finding --------------------------------------------------------------------------------------------------------


def names() -> list[str]:
    """All names that `find` knows, sorted."""
    return sorted({*_REGISTERED, *_BUILTIN})


def find(name: str) -> Reward:
    """The reward of that name, or in that file (`./my_rewards.py:concise`).

    Raises:
        UnknownReward: with the nearest known names.
        InvalidReward: the file cannot be imported.
    """
    if ":" in name:
        return _in_file(name)
    if name not in _REGISTERED and name in _BUILTIN:
        importlib.import_module(_BUILTIN[name])
    if name not in _REGISTERED:
        raise UnknownReward(
            f"no reward is called {name!r}{nearest(name, names())} (known: {', '.join(names())}); "
            "one of your own is named by its file: ./my_rewards.py:function"
        )
    return _REGISTERED[name]


def _in_file(name: str) -> Reward:
    path, _, function = name.rpartition(":")
    module = load_file(path)
    file = os.path.realpath(path)
    for made in _REGISTERED.values():
        if made.source.file == file and function in (made.name, made.qualname):
            return made
    target = getattr(module, function, None)
    if not callable(target):
        here = sorted(m.name for m in _REGISTERED.values() if m.source.file == file)
        functions = [n for n, v in vars(module).items() if inspect.isfunction(v) and v.__module__ == module.__name__]
        known = sorted({*here, *functions})
        raise UnknownReward(
            f"{path} has no reward {function!r}{nearest(function, known)} (it has: {', '.join(known) or 'none'})"
        )
    kind = _kind(name, target)
    return Reward(
        name=name,
        version="1",
        target=target,
        kind=kind,
        source=Source(module=module.__name__, file=file),
        qualname=function,
        asynchronous=_awaits(target),
        concurrency=CONCURRENCY if kind == "async" else 1,
        parameters=parameters_of(name, target, skip=0 if kind == "class" else 1),
    )


def load_file(path: str) -> ModuleType:
    """Import a Python file by its path, once. Raises UnknownReward (no such file), InvalidReward (it does not load)."""
    file = os.path.realpath(path)
    if file in _FILES:
        return _FILES[file]
    for loaded in list(sys.modules.values()):
        held = getattr(loaded, "__file__", None) or ""
        if os.path.basename(held) == os.path.basename(file) and os.path.realpath(held) == file:
            return loaded
    if not os.path.isfile(file):
        raise UnknownReward(f"there is no file {path!r} to take a reward from (looked at {file})")
    name = f"_rewards_file_{len(_FILES)}_{os.path.splitext(os.path.basename(file))[0]}"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise InvalidReward(f"{path!r} is not a Python file; a reward is named ./my_rewards.py:function")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # whatever the user's file raises while loading is shown as theirs
        sys.modules.pop(name, None)
        if isinstance(error, InvalidReward):
            raise
        raise InvalidReward(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    _FILES[file] = module
    return module


def import_source(source: Source) -> None:
    """In a worker: import what registered a reward in the parent. Raises InvalidReward."""
    if not source.file:
        raise InvalidReward(
            f"a reward was defined in an interactive session ({source.module or 'no module'}), which a worker process "
            "cannot import; put it into a file"
        )
    try:
        spec = importlib.util.find_spec(source.module)
    except (ImportError, ValueError, AttributeError):
        spec = None
    if spec is not None and spec.origin and os.path.realpath(spec.origin) == source.file:
        importlib.import_module(source.module)
    else:
        load_file(source.file)
