"""A declared reward: the options of `@reward`, and the grader made from them.

`Reward` is the entry of the registry. `Reward.grader` makes the `Grader` that a worker (or the calling process, if
requested) uses: a function is called once per request or per batch, a class is instantiated with its parameters, and
whatever either returns or raises becomes a `GradeResult` that names the reward (`rewards.outcome`).

State is loaded once per process, before the first grade: a class may have a method `setup(self)`, and a function may be
declared with `setup=load`, whose result becomes its second argument. Both may be asynchronous.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import index
from typing import Any, Literal, Protocol, TypeAlias

from rewards.coroutines import WAITS
from rewards.errors import InvalidReward
from rewards.finite import finite
from rewards.outcome import UNBOUNDED, Range, grade_from, grades_from, raised
from rewards.parameters import Parameter, bind
from rewards.protocol import Grader
from rewards.types import REFERENCE_TYPES, GradeRequest, GradeResult, Json

Controls: TypeAlias = Callable[[GradeRequest], Sequence[GradeRequest]]
Seconds: TypeAlias = Callable[[GradeRequest], float]
Concurrency: TypeAlias = Callable[[Mapping[str, Json]], int]
Ready: TypeAlias = Callable[[Mapping[str, Json]], None]
Bound: TypeAlias = float | Callable[[Mapping[str, object]], float]
# The range of a reward with right and wrong, from wrong to right; or a function of the parameters; None = it has none.
Scale: TypeAlias = Range | Callable[[Mapping[str, object]], Range | None] | None
# Types of reference; or a function of the parameters; empty = it judges by any, or without.
References: TypeAlias = Sequence[str] | Callable[[Mapping[str, object]], Sequence[str]]
Validate: TypeAlias = Callable[..., None]
AtOnce: TypeAlias = Callable[..., GradeResult | None]
Setup: TypeAlias = Callable[..., object]
Kind: TypeAlias = Literal["function", "async", "class"]

# How many requests of an asynchronous reward one worker holds at once, unless the reward says otherwise.
CONCURRENCY = 8


@dataclass(frozen=True, slots=True)
class Source:
    """Where a reward was declared, for workers to import. `file` is empty in an interactive session.

    at_import: whether importing the module declares the reward; not so for a reward defined inside a function.
    """

    module: str
    file: str
    at_import: bool = True


def empty_response(request: GradeRequest) -> Sequence[GradeRequest]:
    """The default control request: the same row with an empty response."""
    return (replace(request, response=""),)


def checked_range(value: object, where: str) -> Range:
    """Check for two finite numbers, the first below the second, with a finite difference. Raises InvalidReward."""
    if isinstance(value, list | tuple) and len(value) == 2:
        low, high = map(finite, value)
        if low is not None and high is not None and low < high and finite(high - low) is not None:
            return low, high
    raise InvalidReward(f"{where} must be the scores of wrong and right, such as (0, 1) or (-1, 1), not {value!r:.80}")


def checked_references(name: str, references: object) -> Sequence[str]:
    """Types of reference. Raises InvalidReward where they are none."""
    named = [*references] if isinstance(references, Iterable) and not isinstance(references, str) else None
    if named is not None and all(kind in REFERENCE_TYPES for kind in named):
        return named
    raise InvalidReward(
        f"reward {name!r}: references must be a list of types ({', '.join(REFERENCE_TYPES)}), not {references!r:.80}"
    )


class SetUp(Grader, Protocol):
    """A grader that loads state before its first grade."""

    async def set_up(self) -> None:
        """Load the state, once. Raises whatever the reward raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reward:
    """A registered reward.

    scale: range of the scores from wrong to right; a score's position in it is the correctness. None = the reward has
        no right and wrong.
    floor, ceiling: lowest and highest score, or a function of the parameters; None = not declared. A score outside them
        is ungraded.
    asynchronous: a worker runs it on an event loop. concurrency: requests that one worker grades at once, or a function
        of the parameters.
    controls: the requests that a healthy grader must answer, used when a response is suspected of hanging it.
    seconds: time that a request may take beyond the pool's deadline; None = no extra time.
    ready: raises if this machine cannot grade with these parameters; called by each worker before its first grade.
    validate: raises ValueError if parameter values are invalid, alone or together.
    at_once: grades quickly without a worker; returns None for what it cannot decide.
    setup: makes the second argument of a function; classes have a method `setup` instead.
    in_process: grade in the calling process, without enforced deadline, memory limit or restart.
    references: reference types that it can judge, one of which a row must have, or a function of the parameters; empty
        = any, or none.
    """

    name: str
    version: str
    target: Callable[..., object]
    kind: Kind
    source: Source
    qualname: str
    batched: bool = False
    scale: Scale = None
    floor: Bound | None = None
    ceiling: Bound | None = None
    asynchronous: bool = False
    concurrency: int | Concurrency = 1
    controls: Controls = empty_response
    seconds: Seconds | None = None
    ready: Ready | None = None
    validate: Validate | None = None
    at_once: AtOnce | None = None
    setup: Setup | None = None
    in_process: bool = False
    references: References = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        """Name and version, as in graded rows."""
        return f"{self.name}@{self.version}"

    def concurrency_with(self, given: Mapping[str, Json]) -> int:
        """The number of requests one worker grades at once with these parameters. Raises InvalidReward."""
        if isinstance(self.concurrency, int):
            return self.concurrency
        said = self._said("concurrency", self.concurrency, given)
        try:
            return max(1, index(said))  # type: ignore[arg-type]  # of numpy, perhaps; what it is, is found out here
        except TypeError:
            raise InvalidReward(f"reward {self.name!r}: concurrency must be a whole number, not {said!r:.80}") from None

    def extra_seconds(self, request: GradeRequest, *, control: bool = False) -> float:
        """Seconds beyond the pool's deadline for a request, or for the controls made from it.

        0 if the reward's `seconds` fails: it is user code that runs on arbitrary requests in a pool's thread.
        """
        if self.seconds is None:
            return 0.0
        try:
            asked = [float(self.seconds(one)) for one in (self.controls(request) if control else (request,))]
        except BaseException:  # user code; the plain deadline applies
            return 0.0
        return sum(seconds for seconds in asked if 0.0 < seconds < math.inf)

    def scale_with(self, given: Mapping[str, Json]) -> Range | None:
        """The range from wrong to right with these parameters; None if there is no right and wrong.

        Raises InvalidReward if it is a function that returns no valid range.
        """
        if not callable(self.scale):
            return self.scale
        said = self._said("correctness", self.scale, given)
        return None if said is None else checked_range(said, f"reward {self.name!r}: correctness")

    def references_with(self, given: Mapping[str, Json]) -> frozenset[str]:
        """The reference types that it can judge with these parameters; empty = any, or none.

        Raises InvalidReward if it is a function that returns no valid types.
        """
        if not callable(self.references):
            return frozenset(self.references)
        return frozenset(checked_references(self.name, self._said("references", self.references, given)))

    def lowest(self, given: Mapping[str, Json]) -> float:
        """The minimum score with these parameters; 0 if not declared. Raises InvalidReward."""
        scale = self.scale_with(given)
        return self._bound("floor", self.floor, given) if scale is None else scale[0]

    def highest(self, given: Mapping[str, Json]) -> float:
        """The maximum score with these parameters; 0 if not declared. Raises InvalidReward."""
        scale = self.scale_with(given)
        return self._bound("ceiling", self.ceiling, given) if scale is None else scale[1]

    def bounds_with(self, given: Mapping[str, Json]) -> Range:
        """The declared floor and ceiling with these parameters; infinite if not declared. Raises InvalidReward."""
        low, high = UNBOUNDED
        return (
            low if self.floor is None else self._bound("floor", self.floor, given),
            high if self.ceiling is None else self._bound("ceiling", self.ceiling, given),
        )

    def _bound(self, key: str, bound: Bound | None, given: Mapping[str, Json]) -> float:
        if not callable(bound):
            return bound or 0.0
        said = self._said(key, bound, given)
        try:
            number = finite(float(said))  # type: ignore[arg-type]  # of numpy, perhaps; what it is, is found out here
        except (TypeError, ValueError, OverflowError):
            number = None
        if number is None:
            raise InvalidReward(f"reward {self.name!r}: {key} must be a finite number, not {said!r:.80}")
        return number

    def _said(self, key: str, function: Callable[[Mapping[str, Any]], object], given: Mapping[str, Json]) -> object:
        """The value of a function of the parameters. Turns any exception into InvalidReward."""
        try:
            return function(self._complete(given))
        except InvalidReward:
            raise
        except Exception as error:  # user code, in the thread that makes a pool
            raise InvalidReward(
                f"reward {self.name!r}: {key} cannot be told for {dict(given)}: {type(error).__name__}: {error}"
            ) from error

    def _complete(self, given: Mapping[str, Json]) -> dict[str, object]:
        """All parameters, with defaults filled in."""
        return {name: given.get(name, parameter.default) for name, parameter in self.parameters.items()}

    def check(self, given: Mapping[str, Json]) -> dict[str, Json]:
        """Check the parameters and convert them to the target's types. Raises InvalidReward."""
        bound = bind(self.name, self.parameters, given)
        if self.validate is not None:
            try:
                self.validate(**self._complete(bound))
            except ValueError as error:
                raise InvalidReward(f"reward {self.name!r}: {error}") from error
            except Exception as error:  # a bug in the user's check
                raise InvalidReward(
                    f"reward {self.name!r}: its parameters cannot be checked: {type(error).__name__}: {error}"
                ) from error
        return bound

    def grader(self, given: Mapping[str, Json]) -> SetUp:
        """The grader with these parameters. Raises InvalidReward."""
        bound = self.check(given)
        if self.kind == "class":
            try:
                return _ClassGrader(self, self.target(**bound), bound)
            except (TypeError, ValueError) as error:
                raise InvalidReward(f"reward {self.name!r} cannot be made with {dict(given)}: {error}") from error
        return _FunctionGrader(self, bound)


async def _awaited(value: object) -> object:
    if not isinstance(value, Awaitable):
        return value
    try:
        return await value
    except RuntimeError as error:
        if str(error) == "no running event loop":  # what a plain function handed back is run without one
            raise RuntimeError(WAITS) from error
        raise


def _taken(target: Callable[..., object], bound: Mapping[str, Json]) -> Mapping[str, Json]:
    """The parameters of the function itself; the others are for its `setup`."""
    takes = inspect.signature(target).parameters
    return {name: value for name, value in bound.items() if name in takes}


class _FunctionGrader:
    """A function as a `Grader`."""

    def __init__(self, reward: Reward, bound: Mapping[str, Json]) -> None:
        self._reward = reward
        self._given = bound
        self._bound = bound if reward.setup is None else _taken(reward.target, bound)
        self._scale, self._bounds = reward.scale_with(bound), reward.bounds_with(bound)
        self._state: tuple[object, ...] = ()

    async def set_up(self) -> None:
        """Load the function's second argument. Raises whatever its `setup` raises."""
        setup = self._reward.setup
        if setup is not None and not self._state:
            takes = inspect.signature(setup).parameters
            self._state = (await _awaited(setup(**{k: v for k, v in self._given.items() if k in takes})),)

    async def _call(self, argument: GradeRequest | Sequence[GradeRequest]) -> object:
        value = self._reward.target(argument, *self._state, **self._bound)
        return await _awaited(value) if isinstance(value, Awaitable) else value

    async def grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        reward = self._reward
        if self._reward.setup is not None:
            await self.set_up()
        if reward.batched:
            try:
                values = await self._call(requests)
            except MemoryError:
                raise
            except (Exception, SystemExit) as error:  # whatever the reward raises is its own failure
                return [raised(reward.name, error)] * len(requests)
            return grades_from(values, len(requests), reward=reward.name, scale=self._scale, bounds=self._bounds)
        results = []
        for request in requests:
            try:
                value = await self._call(request)
            except MemoryError:
                raise
            except (Exception, SystemExit) as error:
                results.append(raised(reward.name, error))
            else:
                results.append(grade_from(value, reward=reward.name, scale=self._scale, bounds=self._bounds))
        return results


class _ClassGrader:
    """Wraps a user's `Grader` to keep the protocol's promises: one result per request, and no exceptions."""

    def __init__(self, reward: Reward, inner: object, bound: Mapping[str, Json]) -> None:
        self._reward = reward
        self._scale, self._bounds = reward.scale_with(bound), reward.bounds_with(bound)
        self._grade: Callable[[Sequence[GradeRequest]], object] = inner.grade  # type: ignore[attr-defined]
        self._setup: Callable[[], object] | None = getattr(inner, "setup", None)

    async def set_up(self) -> None:
        """Call the class's `setup`, once. Raises whatever it raises."""
        setup, self._setup = self._setup, None
        if setup is not None:
            await _awaited(setup())

    async def grade(self, requests: Sequence[GradeRequest]) -> list[GradeResult]:
        reward = self._reward
        try:
            if self._setup is not None:
                await self.set_up()
            values = await _awaited(self._grade(requests))
        except MemoryError:
            raise
        except (Exception, SystemExit) as error:  # whatever the reward raises is its own failure
            return [raised(reward.name, error)] * len(requests)
        return grades_from(values, len(requests), reward=reward.name, scale=self._scale, bounds=self._bounds)
