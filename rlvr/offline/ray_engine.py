"""Grade on a Ray cluster. The only file of this package that imports ray. Needs `rlvr[cluster]`.

Reading, scheduling, back-pressure and fault tolerance are those of Ray Data. We give it a data source and a map
function in a pool of actors, each of which grades with a pool of its own, so that deadlines hold there as here. A read
task is a span of a file: some megabytes of JSONL, some row groups of Parquet, all of what is packed. What comes back,
in the order of the input, is written by this process: one output, one journal, and the same resuming as without Ray.

Ray replaces an actor or node that dies: its rows are graded again and returned once. A watchdog kills one that hangs,
for which Ray would wait forever.

The nodes need this package, the reward's file and the input files at the same paths.
"""

from __future__ import annotations

import logging
import os
import pickle
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
from sandbox.watchdog import SILENCE_SECONDS, Watchdog

_CHUNK_ROWS = 256  # rows that an actor grades in one go
_CHUNK_BYTES = 1 << 20
_BLOCK_BYTES = 1 << 20  # a block is one task of an actor: small enough that all have work
_SPAN_BYTES = 8 << 20  # of a file, read in one task


class RayEngine:
    """Grades on a cluster. `stop` ends it: what has not come back is graded by the run that goes on."""

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
        """actors: how many at most; None = one a core of the cluster, but one for reading.

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
        """Wait for nothing more."""
        self._stopped = True

    def __iter__(self) -> Iterator[list[Written]]:
        from ray.exceptions import RayError, RayTaskError

        try:
            yield from self._batches()
        except RayTaskError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, ToolkitError):  # a file that breaks off, workers that cannot be started
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
            for written in pickle.loads(chunk):  # of our own actors
                if written.place == 0 and self._selection.limit == index:
                    self._stopped = True
                    break
                written.ordinal, written.index = self._ordinal, index if written.place == 0 else index - 1
                index += written.place == 0
                self._ordinal += 1
                if not self._is_done(written.ordinal):
                    batch.append(written)
            yield batch
            yield []  # blocks are long in coming: nothing is held back
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
        actors = self._actors or max(1, int(resources().get("CPU", 1)) - 1)
        with DataContext.current(context):
            rows = ray.data.read_datasource(
                _rows_source(self._tasks, self._selection, self._setup.folder, SILENCE_SECONDS),
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
    """The map function: chunks of rows in, what is to be written of them out."""

    def __init__(self, setup: Setup, silence: float) -> None:
        _settle(setup.folder, silence)
        self._grades = Grades(setup)

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        return {"graded": _column([self._graded(chunk) for chunk in batch["rows"]])}

    def _graded(self, chunk: bytes) -> bytes:
        rows: list[Numbered] = pickle.loads(chunk)  # of our own read tasks
        return pickle.dumps([written for batch in self._grades.engine(rows) for written in batch])


def _settle(folder: str, silence: float) -> None:
    """In a process of a node: be where relative names begin, and be ended where it stops."""
    with suppress(OSError):
        os.chdir(folder)
    _beats(silence)


@cache
def _beats(silence: float) -> None:
    """Once in a process, of which Ray makes use for many tasks."""
    Watchdog(silence).beat_from_thread()


def _column(chunks: Sequence[bytes]) -> Any:
    column = np.empty(len(chunks), dtype=object)
    column[:] = chunks
    return column


@dataclass(frozen=True, slots=True)
class _Task:
    """Rows that are read in one task."""

    file: int
    source: Source
    span: Span

    def rows(self, selection: Selection) -> Iterator[Numbered]:
        """The selected ones; each task stops at the limit, which cannot be shared between tasks."""
        rows = self.source.rows_of(self.span)
        return islice(
            (Numbered(0, self.file, row) for row in rows if selection.takes(self.file, row.line)), selection.limit
        )


def _tasks(sources: Sequence[Source], start: Start, size: int = _SPAN_BYTES) -> list[_Task]:
    """What is left to read, from a place on."""
    tasks: list[_Task] = []
    for file, source in enumerate(sources):
        if file < start.file:
            continue
        spans = source.spans(size)
        tasks += [_Task(file, source, span) for span in (_from(spans, start.line) if file == start.file else spans)]
    return tasks


def _from(spans: Sequence[Span], line: int) -> list[Span]:
    """The spans from a line on, which is the first of the first of them or stands within it."""
    first = max(at for at, span in enumerate(spans) if span.after < line)
    return [replace(spans[first], skip=line - 1), *spans[first + 1 :]]


def _rows_source(tasks: Sequence[_Task], selection: Selection, folder: str, silence: float) -> Any:
    """The data source: a read task for each span that is left. folder: where relative names begin."""
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
    """Cut into chunks of `_CHUNK_ROWS` rows, fewer where they have `_CHUNK_BYTES` characters."""
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

    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what goes wrong is raised
    if ray.is_initialized():
        return False
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    address = address or os.environ.get("RAY_ADDRESS", "")
    try:
        if address:
            ray.init(address=address, **quiet)
        else:
            ray.init(address="local", include_dashboard=False, **quiet)
    except Exception as error:  # ray has a bare one for a node that does not start in time, on a machine that is busy
        which = f"no Ray cluster answers at {address!r}" if address else "no Ray cluster can be started here"
        raise ConfigError(f"{which}: {error}") from error
    return True
