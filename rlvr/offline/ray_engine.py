"""Grade on a Ray cluster. The only file of this package that imports ray. Needs `rlvr[cluster]`.

Ray Data does the reading, scheduling, back-pressure and fault tolerance. We provide a data source and a map function in
a pool of actors, each with its own grading pool, so that deadlines are enforced as usual. A read task is a span of a
file: some megabytes of JSONL, some row groups of Parquet, or a whole compressed file. Results return in input order and
are written by this process: one output, one journal, and the same resuming as without Ray.

Ray replaces an actor or node that dies, and its rows are graded again. A watchdog kills one that hangs, for which Ray
would wait forever.

The nodes need this package, the reward's file and the input files at the same paths.
"""

from __future__ import annotations

import logging
import os
import pickle
import re
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import Any

import numpy as np

from rewards.errors import GradingUnavailable
from rlvr.errors import ConfigError, MissingExtra
from rlvr.offline.engine import Grades, Setup
from rlvr.offline.recorder import Written
from rlvr.offline.selection import Numbered, Selection, Start
from rlvr.offline.sources import Source, Span
from rlvr.offline.stream import length
from sandbox.errors import ToolkitError
from sandbox.ray import connect
from sandbox.watchdog import SILENCE_SECONDS, Watchdog

_CHUNK_ROWS = 256  # rows per call of an actor
_CHUNK_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 20  # a block is one task of an actor; small, so that all actors have work
_SPAN_BYTES = 8 << 20  # bytes of a file per read task
_REACH_SECONDS = 10.0  # to connect to a cluster
_CORES_OF_A_READER = 8  # it reads faster than so many of them grade


class RayEngine:
    """Grades on a cluster. After `stop`, rows that have not returned are left to a resumed run."""

    def __init__(
        self,
        sources: Sequence[Source],
        selection: Selection,
        setup: Setup,
        *,
        address: str,
        actors: int | None,
        start: Start = Start(),  # noqa: B008  # frozen
        first: int = 0,
        is_done: Callable[[int], bool] = lambda _ordinal: False,
    ) -> None:
        """actors: most actors; None = one per core of the cluster, minus one for reading.

        Raises:
            MissingExtra: ray is not installed. ConfigError: no cluster at the address, or a stream as a source.
        """
        self._selection = selection
        self._setup = setup
        self._start = start
        self._ordinal = first
        self._is_done = is_done
        self._stopped = False
        self._tasks = _tasks(sources, start)
        self._ours = _connect(address)
        self._actors = actors

    def stop(self) -> None:
        """Stop waiting for results."""
        self._stopped = True

    def __iter__(self) -> Iterator[list[Written]]:
        from ray.exceptions import RayError, RayTaskError

        try:
            yield from self._batches()
        except RayTaskError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, ToolkitError):  # a truncated file, workers that cannot be started
                raise cause from error
            raise GradingUnavailable(f"a task on the Ray cluster failed: {cause!r}") from error
        except RayError as error:
            raise GradingUnavailable(f"the Ray cluster cannot go on: {error}") from error
        finally:
            if self._ours:
                import ray

                ray.shutdown()

    def _batches(self) -> Iterator[list[Written]]:
        index = self._start.index
        for chunk in self._chunks():
            batch: list[Written] = []
            for written in pickle.loads(chunk):  # from our own actors
                if written.place == 0 and self._selection.limit == index:
                    self._stopped = True
                    break
                written.ordinal, written.index = self._ordinal, index if written.place == 0 else index - 1
                index += written.place == 0
                self._ordinal += 1
                if not self._is_done(written.ordinal):
                    batch.append(written)
            yield batch
            yield []  # blocks take long, so let the caller flush
            if self._stopped:
                return

    def _chunks(self) -> Iterator[bytes]:
        import ray
        from ray.data import ActorPoolStrategy, DataContext

        context = DataContext.get_current().copy()
        context.execution_options.preserve_order = True
        context.enable_progress_bars = False
        context.target_max_block_size = _BLOCK_BYTES
        context.target_min_block_size = 1
        resources: Callable[[], Mapping[str, float]] = ray.cluster_resources
        cores = int(resources().get("CPU", 1))
        actors = self._actors or max(1, cores - 1)
        with DataContext.current(context):
            rows = ray.data.read_datasource(
                _rows_source(self._tasks, self._selection, self._setup.folder, SILENCE_SECONDS),
                # An actor keeps its core. Where a node dies and the others are full of actors, reading that asked for
                # a core would wait for them, and they for what was lost and has to be read again.
                num_cpus=0,
                concurrency=max(1, cores // _CORES_OF_A_READER),
                override_num_blocks=max(1, len(self._tasks)),
            )
            graded = rows.map_batches(
                _Actor,
                fn_constructor_args=(self._setup, SILENCE_SECONDS),
                batch_size=1,
                batch_format="numpy",
                compute=ActorPoolStrategy(min_size=1, max_size=actors),
                num_cpus=1,
            )
            for batch in graded.iter_batches(batch_size=1, batch_format="numpy", prefetch_batches=1):
                yield from batch["graded"]


class _Actor:
    """The map function: from chunks of rows to what is written for them."""

    def __init__(self, setup: Setup, silence: float) -> None:
        _settle(setup.folder, silence)
        self._grades = Grades(setup)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        return {"graded": _column([self._graded(chunk) for chunk in batch["rows"]])}

    def _graded(self, chunk: bytes) -> bytes:
        rows: list[Numbered] = pickle.loads(chunk)  # from our own read tasks
        return pickle.dumps([written for batch in self._grades.engine(rows) for written in batch])


def _settle(folder: str, silence: float) -> None:
    """Set up a process of a node: change to the run's folder, and start its watchdog."""
    with suppress(OSError):
        os.chdir(folder)
    _beats(silence)


@cache
def _beats(silence: float) -> None:
    """Start heartbeats, once per process, which Ray uses for many tasks."""
    Watchdog(silence).beat_from_thread()


def _column(chunks: Sequence[bytes]) -> Any:
    column = np.empty(len(chunks), dtype=object)
    column[:] = chunks
    return column


@dataclass(frozen=True, slots=True)
class _Task:
    """The rows of one read task."""

    file: int
    source: Source
    span: Span

    def rows(self, selection: Selection) -> Iterator[Numbered]:
        """The selected rows. Each task applies the limit separately, since tasks share no state."""
        rows = self.source.rows_of(self.span)
        return islice(
            (Numbered(0, self.file, row) for row in rows if selection.takes(self.file, row.line)), selection.limit
        )


def _tasks(sources: Sequence[Source], start: Start, size: int = _SPAN_BYTES) -> list[_Task]:
    """The read tasks from a position on."""
    tasks: list[_Task] = []
    for file, source in enumerate(sources):
        if file < start.file:
            continue
        spans = source.spans(size)
        tasks += [_Task(file, source, span) for span in (_from(spans, start.line) if file == start.file else spans)]
    return tasks


def _from(spans: Sequence[Span], line: int) -> list[Span]:
    """The spans from a line on, which is in the first of them."""
    first = max(at for at, span in enumerate(spans) if span.after < line)
    return [replace(spans[first], skip=line - 1), *spans[first + 1 :]]


def _rows_source(tasks: Sequence[_Task], selection: Selection, folder: str, silence: float) -> Any:
    """The Ray data source with these read tasks. folder: the current folder, for relative paths."""
    import pyarrow
    from ray import data
    from ray.data.block import BlockMetadata

    source_type: Any = data.Datasource
    task_type: Any = data.ReadTask

    def read(task: _Task) -> Callable[[], Iterable[pyarrow.Table]]:
        def blocks() -> Iterable[pyarrow.Table]:
            _settle(folder, silence)
            for chunk in _cut(task.rows(selection)):
                yield pyarrow.table({"rows": pyarrow.array([pickle.dumps(chunk)], pyarrow.large_binary())})

        return blocks

    class Rows(source_type):  # type: ignore[misc]  # ray has no types
        def estimate_inmemory_data_size(self) -> None:
            return None

        def get_read_tasks(self, *_: object, **__: object) -> list[Any]:
            unknown = BlockMetadata(num_rows=None, size_bytes=None, exec_stats=None)
            return [task_type(read(task), unknown) for task in tasks]

    made: Callable[[], Any] = Rows
    return made()


def _cut(rows: Iterator[Numbered]) -> Iterator[list[Numbered]]:
    """Split into chunks of `_CHUNK_ROWS` rows, or fewer with `_CHUNK_BYTES` characters."""
    chunk: list[Numbered] = []
    size = 0
    for numbered in rows:
        chunk.append(numbered)
        size += length(numbered.row)
        if len(chunk) == _CHUNK_ROWS or size > _CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


def _connect(address: str) -> bool:
    """Connect to the cluster; returns whether this did it, so that the caller must disconnect."""
    try:
        import ray
    except ImportError as error:
        raise MissingExtra("--ray needs the package 'ray': pip install 'rlvr[cluster]'") from error
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # errors are raised
    if ray.is_initialized():
        return False
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    address = address or os.environ.get("RAY_ADDRESS", "")
    try:
        if address:
            _reach(address)
            connect(ray, address=address, **quiet)
        else:
            connect(ray, address="local", include_dashboard=False, **quiet)
    except Exception as error:  # ray raises a bare Exception if a node does not start in time
        which = f"no Ray cluster answers at {address!r}" if address else "no Ray cluster can be started here"
        raise ConfigError(f"{which}: {error}") from error
    return True


def _reach(address: str) -> None:
    """Raises OSError where nobody listens at HOST:PORT, for which Ray itself would wait a quarter of an hour."""
    if found := re.fullmatch(r"(?:ray://)?\[?([^/\[\]]+?)\]?:(\d{1,5})", address):
        socket.create_connection((found[1], int(found[2])), timeout=_REACH_SECONDS).close()
