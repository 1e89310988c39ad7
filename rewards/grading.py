"""`grade`, `agrade` and `stream`: grade with a reward by name, from any thread, with pools managed automatically.

`grade` may be called while an event loop runs, as in a notebook; it blocks that loop only. `stream` takes any iterable
and holds a bounded number of responses, so it works for data sets of any size.

A pool is kept for each reward and its options, so a second call finds warm workers. Beyond `KEPT` pools the least
recently used one is closed; all are closed at process exit.

Example:
    from rewards import GradeRequest, grade
    grade("math", [GradeRequest.from_dict({"response": "\\\\boxed{4}", "reference": "4"})])[0].score  # 1.0

    for result in stream("math", (GradeRequest.from_dict(row) for row in rows)):
        print(result.verdict)
"""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from rewards.clock import DEADLINE
from rewards.errors import InvalidRow
from rewards.pool import GraderPool, folder, whole
from rewards.registry import file_of, find, forget
from rewards.sources import forget_changed, of_cells
from rewards.spec import RewardSpec
from rewards.spec_properties import check
from rewards.streaming import graded
from rewards.types import GradeRequest, GradeResult

KEPT = 8
RewardLike: TypeAlias = RewardSpec | str | Mapping[str, object] | Callable[..., object]


@dataclass(slots=True)
class _Kept:
    """targets: the objects behind the names when the pool was made; re-running a notebook cell or changing a file
    replaces them. cells: the notebook statements that its workers ran, since `LIMIT = 2` in another cell changes a
    reward without replacing its function.
    """

    pool: GraderPool
    targets: tuple[object, ...]
    cells: tuple[tuple[int, ...], ...]
    users: int = 0
    forgotten: bool = False


_POOLS: OrderedDict[tuple[str, str, int | None, float], _Kept] = OrderedDict()
_LOCK = threading.Lock()


def _borrow(spec: RewardSpec, workers: int | None, deadline: float) -> _Kept:
    files = [file for leaf in spec.leaves() if (file := file_of(leaf.named.reward))]
    for file in files:
        forget_changed(file, forget)
    found = [find(leaf.named.reward) for leaf in spec.leaves()]
    targets, cells = tuple(made.target for made in found), tuple(map(of_cells, found))
    where = folder() if files else ""  # paths may be relative to the current folder
    key = (json.dumps(spec.to_dict(), sort_keys=True), where, workers, deadline)
    with _LOCK:
        kept, stale = _POOLS.get(key), None
        if kept is not None and (
            kept.cells != cells or any(a is not b for a, b in zip(kept.targets, targets, strict=True))
        ):
            stale, kept = _POOLS.pop(key), None
            stale.forgotten = True
        if kept is None:
            kept = _POOLS[key] = _Kept(GraderPool(spec, workers=workers, deadline=deadline), targets, cells)
        _POOLS.move_to_end(key)
        kept.users += 1
        idle = [k for k, other in _POOLS.items() if other.users == 0][: max(0, len(_POOLS) - KEPT)]
        surplus = [_POOLS.pop(k) for k in idle]
        if stale is not None and stale.users == 0:
            surplus.append(stale)
    for old in surplus:
        old.pool.close()
    return kept


def _give_back(kept: _Kept) -> None:
    with _LOCK:
        kept.users -= 1
        last = kept.forgotten and not kept.users
    if last:
        kept.pool.close()


def _checked(requests: Iterable[GradeRequest]) -> Iterable[GradeRequest]:
    """Check that it is a list of requests. Raises InvalidRow."""
    try:
        iter(requests)
    except TypeError as error:
        raise InvalidRow(f"requests must be a list of GradeRequest, also for one, not {requests!r:.80}") from error
    return requests


def _listed(requests: Iterable[GradeRequest]) -> Sequence[GradeRequest]:
    return requests if isinstance(requests, Sequence) else list(_checked(requests))


def grade(
    reward: RewardLike,
    requests: Iterable[GradeRequest],
    *,
    workers: int | None = None,
    deadline: float | None = None,
) -> list[GradeResult]:
    """Grade responses in worker processes; one result per request, in order. Thread-safe.

    reward: a registered name, `file.py:function`, a function, a composition (see `rewards.spec`) or a
        `RewardSpec`. A batched reward gets consecutive requests with the same `group_id` in one call; so, too,
        consecutive requests without a group.
    workers: most processes; None = one per core. deadline: wall seconds per grade; None = 10.

    Raises:
        UnknownReward, InvalidReward: there is no such reward, or its declaration or parameters are invalid.
        InvalidRow: a request that cannot be written as JSON, or an argument that is not a list of requests.
        GradingUnavailable: no worker can be started. A response never raises.
    """
    kept = _borrow(RewardSpec.from_dict(reward), workers, DEADLINE if deadline is None else deadline)
    try:
        return kept.pool.grade(_listed(requests))
    finally:
        _give_back(kept)


async def agrade(
    reward: RewardLike,
    requests: Iterable[GradeRequest],
    *,
    workers: int | None = None,
    deadline: float | None = None,
) -> list[GradeResult]:
    """`grade` for use in an event loop, which it does not block."""
    kept = _borrow(RewardSpec.from_dict(reward), workers, DEADLINE if deadline is None else deadline)
    try:
        return await kept.pool.agrade(_listed(requests))
    finally:
        _give_back(kept)


def stream(
    reward: RewardLike,
    requests: Iterable[GradeRequest],
    *,
    workers: int | None = None,
    deadline: float | None = None,
    window: int | None = None,
) -> Iterator[GradeResult]:
    """Grade requests as they arrive; one result per request, in order.

    requests: any iterable. A thread reads it at most `window` requests ahead of the results (None = enough to keep
        every worker busy), so results are returned while it waits for the next request. A batched reward gets
        consecutive requests with the same `group_id` in one call, once the next group begins; a request without a group
        is its own group.

    Raises:
        UnknownReward, InvalidReward: immediately; also for a window that is not an integer of at least 1.
        InvalidRow, GradingUnavailable: see `grade`. An exception of `requests` is raised after the results before it.
    """
    spec = RewardSpec.from_dict(reward)
    check(spec)
    ahead = None if window is None else whole("window", window)
    return _streamed(spec, _checked(requests), workers, DEADLINE if deadline is None else deadline, ahead)


def _streamed(
    spec: RewardSpec, requests: Iterable[GradeRequest], workers: int | None, deadline: float, window: int | None
) -> Iterator[GradeResult]:
    kept = _borrow(spec, workers, deadline)
    try:
        yield from graded(kept.pool, requests, ahead=max(64, 16 * kept.pool.workers) if window is None else window)
    finally:
        _give_back(kept)


def _forget_lock_in_child() -> None:
    global _LOCK
    _LOCK = threading.Lock()
    for kept in _POOLS.values():
        kept.users = 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_lock_in_child)
