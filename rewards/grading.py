"""`grade`, `agrade` and `stream`: grade with a reward by name, from any thread, without thinking of pools.

`grade` may be called where an event loop runs, as in a notebook: it blocks the loop, and nothing else. `stream` takes
any iterable and holds a bounded number of responses, so that a data set of any size passes through.

A pool is kept for each reward and its options, so a second call finds warm workers. The least recently used of more
than `KEPT` pools is closed; all are closed at the end of the process.

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
from rewards.composed import check
from rewards.composition import RewardSpec
from rewards.errors import InvalidRow
from rewards.pool import GraderPool, folder, whole
from rewards.registry import file_of, find, forget
from rewards.sources import forget_changed, of_cells
from rewards.streaming import graded
from rewards.types import GradeRequest, GradeResult

KEPT = 8
RewardLike: TypeAlias = RewardSpec | str | Mapping[str, object] | Callable[..., object]


@dataclass(slots=True)
class _Kept:
    """targets: what the names meant when the pool was made: a notebook's cell that is run again makes another, and so
    does a file that was written anew. cells: the notebook's statements that its workers ran: `LIMIT = 2` in a cell of
    its own changes what a reward means, and makes no other function of it.
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
    where = folder() if files else ""  # paths are perhaps relative to where we are
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
    """Raises InvalidRow where it is one request, or nothing of the kind."""
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
    """Grade responses in worker processes; one result each, in order. It may be called from any thread.

    reward: a registered name, `file.py:function`, a function, a composition (see `rewards.composition`) or a
        `RewardSpec`. A reward over batches gets each run of requests of one `group_id` in one call, and those without a
        group that stand side by side together.
    workers: processes at most; None = one a core. deadline: wall seconds of one grade; None = 10.

    Raises:
        UnknownReward, InvalidReward: there is no such reward, or it is declared or parametrised wrongly.
        InvalidRow: a request that is not JSON, or what is no list of requests.
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
    """`grade` without blocking the event loop that awaits it."""
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
    """Grade requests as they come: one result each, in order.

    requests: any iterable. A thread reads it, at most `window` ahead of the results (None = enough to keep every worker
        busy), so results come also while it waits for its next request. A reward over batches gets each run of requests
        of one `group_id` in one call, when the next run begins; one without a group is a group by itself.

    Raises:
        UnknownReward, InvalidReward: at once, also for a window that is no whole number of at least 1.
        InvalidRow, GradingUnavailable: see `grade`; whatever `requests` raises comes after the results before it.
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
