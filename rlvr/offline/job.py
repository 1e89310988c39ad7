"""Grade files: find the rows, grade them, write them, summarise; resume after a kill. This is `rlvr grade`.

    from rlvr.offline.job import GradeJob, grade_files

    job = GradeJob(files=("responses.jsonl",), reward=RewardSpec.from_dict("math"), out=Path("graded.jsonl"))
    ended = grade_files(job)
    print(ended.summary.to_dict()["measures"])

The same call resumes a run that was killed or interrupted. Graded rows are not graded again, and the output equals that
of an uninterrupted run.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import IO

from data_prep.errors import BadRow, shortened
from data_prep.rows import Row
from rewards.clock import DEADLINE
from rewards.pluralize import pluralize
from rewards.pool import GraderPool, folder
from rewards.spec import RewardSpec
from rewards.spec_properties import decider_warning, rewards_of
from rewards.types import Json
from rewards.untyped_references import untyped_as
from rlvr.errors import ConfigError
from rlvr.offline.asking import Asking, References
from rlvr.offline.cache import GradeCache
from rlvr.offline.columns import Columns, guess
from rlvr.offline.engine import Engine, LocalEngine, Setup
from rlvr.offline.finalise import finalise_output
from rlvr.offline.first_look import misnamed, named_again, taken_by_grades
from rlvr.offline.journal import BAD, Journal
from rlvr.offline.manifest import FORMAT, changed_inputs, differences, read_manifest, reward_part, same_rows
from rlvr.offline.outputs import check_output, errors_of, open_output, partial_of, refuse_other_data, state_of
from rlvr.offline.policies import BothPolicies, one_of_several
from rlvr.offline.process_engine import Early, ProcessEngine
from rlvr.offline.progress import Progress, say, weight
from rlvr.offline.recorder import Describer, Recorder, errors_opener
from rlvr.offline.selection import Numbered, Selection, Start, numbered_rows, select
from rlvr.offline.sources import Source, find_sources
from rlvr.offline.standard_output import rows_alone
from rlvr.offline.state import MANIFEST, RunState
from rlvr.offline.stream import GradingStream, length
from rlvr.offline.summary import Summary, summarise
from sandbox.errors import ToolkitError

_LOOKED_AT = 20  # rows from which columns are guessed
_LOOKED_AT_BYTES = 1 << 20
# Input size from which several processes are used; less is graded before they have started
LARGE_BYTES = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class GradeJob:
    """Options of a grading run.

    files: files, folders, `-`, or data sets on the hub. subset, split: for hub data sets. out: None = standard output.
    deadline: seconds per grade. sample: a share below 1, or a number of rows. ordered: write in input order.
    restart: discard an existing run. keep_graded: resume although the reward was changed.
    cache: a folder with cached grades. progress: None = only on a terminal.
    ray: the address of a Ray cluster; empty = RAY_ADDRESS, or a new cluster; None = do not use Ray.
    """

    files: tuple[str, ...]
    reward: RewardSpec
    out: Path | None = None
    columns: Columns = field(default_factory=Columns)
    subset: str | None = None
    split: str | None = None
    workers: int | None = None
    deadline: float = DEADLINE
    limit: int | None = None
    sample: float | None = None
    seed: int = 0
    ordered: bool = True
    restart: bool = False
    keep_graded: bool = False
    cache: Path | None = None
    progress: bool | None = None
    ray: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a run ended. summary: None if interrupted. signal: the signal that interrupted it; 0 = none."""

    graded: int
    summary: Summary | None = None
    signal: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A job whose data and reward have been checked. early: processes that are starting; None = none are needed."""

    job: GradeJob
    sources: Sequence[Source]
    selection: Selection
    columns: Columns
    first: Sequence[Numbered]
    rows: Iterator[Numbered] | None
    pool: GraderPool
    kind: str
    early: Early | None = None


@contextmanager
def prepared(job: GradeJob) -> Iterator[Prepared]:
    """Check data, columns and reward before anything is written. Raises ToolkitError."""
    if job.out is not None:
        check_output(job.out)
        refuse_other_data(job.out)
    if job.ray is not None and (job.cache is not None or not job.ordered):
        raise ConfigError("--ray writes in order and without a cache of grades; leave out --unordered and --cache")
    if job.restart and job.keep_graded:
        raise ConfigError("--restart begins anew and --keep-graded goes on; give one of them")
    with GraderPool(job.reward, workers=job.workers, deadline=job.deadline) as pool:
        out = job.out
        ours = [out, partial_of(out), errors_of(out), partial_of(errors_of(out)), state_of(out)] if out else []
        sources = find_sources(job.files, config=job.subset, split=job.split, leave_out=ours)
        selection = select(sources, limit=job.limit, sample=job.sample, seed=job.seed)
        streamed = any(source.waits for source in sources)
        rows = numbered_rows(sources, selection)
        first = list(_first_of(rows, 1 if streamed else _LOOKED_AT))
        columns = guess([n.row.fields for n in first if isinstance(n.row, Row)], job.columns)
        yield Prepared(
            job=job,
            sources=sources,
            selection=selection,
            columns=columns,
            first=first,
            rows=rows if streamed else None,
            pool=pool,
            kind=untyped_as(job.reward),
        )


def _first_of(rows: Iterator[Numbered], good: int) -> Iterator[Numbered]:
    """The first rows, up to `good` well-formed ones, fewer if they are long."""
    size = 0
    for numbered in rows:
        yield numbered
        size += length(numbered.row)
        good -= isinstance(numbered.row, Row)
        if not good or size > _LOOKED_AT_BYTES:
            return


def grade_files(job: GradeJob) -> Ended:
    """Run a job; reports the columns on standard error. Raises ToolkitError."""
    with rows_alone() if job.out is None else nullcontext() as stream, prepared(job) as ready:
        if read := ready.columns.describe():
            options = "--response, --chat, --reference, --prompt, --id, --group, --finish, --by"
            say(f"columns: {read} (say otherwise with {options})")
        if missing := _misnamed(ready):
            say(missing)
        if taken := taken_by_grades(ready.first):
            say(taken)
        if said := decider_warning(job.reward):
            say(said)
        for name in named_again(ready.sources):
            say(f"{name} is named more than once; its rows are graded each time")
        with Early(_setup(ready), ready.pool.workers) if _for_many(ready) else nullcontext() as early:
            return _graded(replace(ready, early=early), stream)


def _graded(ready: Prepared, stream: IO[bytes] | None) -> Ended:
    job, manifest = ready.job, _manifest(ready)
    with RunState.open(job.out, manifest, restart=job.restart, keep_graded=job.keep_graded) as state:
        try:
            ended = _run(ready, state, stream)
            for changed in changed_inputs(manifest):
                say(changed)
            return ended
        except (ToolkitError, KeyboardInterrupt):
            if job.out is not None and len(state.journal) > state.done.records:
                _say_how_to_go_on(job, len(state.journal))
            raise
        finally:
            if job.out is not None and not len(state.journal) and not state.finished:
                _leave_nothing(job.out, state)


def _misnamed(ready: Prepared) -> str:
    first = [numbered.row.fields for numbered in ready.first if isinstance(numbered.row, Row)]
    return misnamed(ready.sources, first, ready.job.columns, streamed=ready.rows is not None)


def dry_run(job: GradeJob) -> Iterator[str]:
    """Describe a job in lines: data, columns, the first rows as requests, reward and workers, existing output.

    Nothing is written or graded. Raises ToolkitError.
    """
    with prepared(job) as ready:
        for source in ready.sources:
            yield f"input: {source.name}"
        yield f"columns: {ready.columns.describe() or 'as the contract names them'}"
        if missing := _misnamed(ready):
            yield missing
        if taken := taken_by_grades(ready.first):
            yield taken
        asking = Asking(ready.columns, ready.kind, References(job.reward))
        good = 0
        for numbered in ready.first:
            row = numbered.row
            if isinstance(row, Row):
                try:
                    requests = asking.requests_of(row)
                except BadRow as error:
                    row = row.blame(error)
                else:
                    good += 1
                    if good == 1:
                        first = requests[0]
                        size = pluralize(len(first.response), "character")
                        yield f"first row: {pluralize(len(requests), 'response')} to grade, the first of {size}"
                        yield f"reference: {shortened(first.reference.to_dict(), 300)}"
            if isinstance(row, BadRow):
                yield f"bad row: {row}"
        yield f"rows looked at: {len(ready.first)}, of which {good} can be graded"
        ready.pool.start()
        workers = pluralize(ready.pool.workers, "worker")
        yield f"reward: {ready.pool.identity}, {workers}, {job.deadline:g} s for a grade"
        if job.out is None:
            yield "output: standard output"
            return
        yield f"output: {job.out}"
        if state_of(job.out).exists() and not job.restart:
            stored = read_manifest(state_of(job.out) / MANIFEST)
            now = _manifest(ready)
            found = differences(stored, now) if stored is not None else []
            records = len(Journal(state_of(job.out)))
            if stored is not None and found and not (job.keep_graded and same_rows(stored, now)):
                yield f"an unfinished run is there that differs, so this one would be refused: {'; '.join(found)}"
            else:
                yield f"an unfinished run would be continued behind {pluralize(records, 'response')}"


def _manifest(ready: Prepared) -> Mapping[str, Json]:
    job = ready.job
    if job.out is None:  # standard output cannot be resumed
        return {}
    return {
        "format": FORMAT,
        "inputs": [source.fingerprint() for source in ready.sources],
        **reward_part(job.reward),
        "columns": ready.columns.to_dict(),
        "limit": job.limit,
        "sample": job.sample,
        "seed": job.seed,
        "timeout": job.deadline,
        "ordered": job.ordered,
        "engine": "ray" if job.ray is not None else "",
    }


def _leave_nothing(out: Path, state: RunState) -> None:
    """Remove the state of a run that has graded nothing."""
    state.remove()
    partial = partial_of(out)
    if partial.is_file() and not partial.is_symlink() and not partial.stat().st_size:
        partial.unlink()


def _run(ready: Prepared, state: RunState, stream: IO[bytes] | None) -> Ended:
    job, before = ready.job, state.done.records
    if state.finished:
        say("all rows are graded already; the output is put in place")
    else:
        if before:
            if ready.rows is not None and not job.ordered:
                raise ConfigError(
                    "a run over standard input with --unordered cannot be continued; begin anew with --restart, or "
                    "name a file"
                )
            say(f"going on behind {pluralize(before, 'response')} graded before")
        with ExitStack() as stack:
            cache = None
            if job.cache is not None:
                about = f"{reward_part(job.reward)} {job.deadline}"
                cache = stack.enter_context(GradeCache(job.cache, about=about))
            output = open_output(job.out, state.done.parts, stream)
            stack.callback(output.close)
            opened, there = None, False
            if job.out is not None:
                bad_rows = partial_of(errors_of(job.out))
                there = bad_rows.exists() or state.done.errors.rows > 0
                opened = errors_opener(bad_rows, state.done.errors)
            recorder = Recorder(output, opened, state.journal, open_now=there)
            stack.callback(recorder.close)
            caught = _grade(ready, state, recorder, cache)
            recorder.flush()
            if not caught:
                output.finish()
        if caught:
            _say_how_to_go_on(job, before + recorder.taken)
            return Ended(graded=before + recorder.taken, signal=caught)
        state.mark_finished()
    if job.out is not None:
        finalise_output(job.out, bad=_has_bad(state.journal))
    names = [source.name for source in ready.sources]
    summary = summarise(
        state.journal, state.folder, names, policies_of=one_of_several(job.reward), changes=state.changes
    )
    state.remove()
    return Ended(graded=summary.responses, summary=summary)


def _has_bad(journal: Journal) -> bool:
    return any(bool((records["verdict"] == BAD).any()) for records in journal.chunks()) if len(journal) else False


def _grade(ready: Prepared, state: RunState, recorder: Recorder, cache: GradeCache | None) -> int:
    """Grade the remaining rows. Returns the signal that interrupted it, or 0."""
    job = ready.job
    progress = Progress(job.progress, ready.sources, limit=ready.selection.limit, before=state.done.records)
    policies = None if job.ray is not None else BothPolicies.of(job.reward, workers=job.workers, deadline=job.deadline)
    with policies or nullcontext():
        engine = _engine(ready, state, cache, policies)
        return _written(engine, recorder, cache, progress)


def _written(engine: Engine, recorder: Recorder, cache: GradeCache | None, progress: Progress) -> int:
    with _stopping(engine) as caught, progress:
        for batch in engine:
            if batch:
                recorder.take(batch)
                progress.update(recorder.taken, index=batch[-1].index)
            else:
                recorder.flush()
                if cache is not None:
                    cache.flush()
    return caught[0] if caught else 0


def _start(state: RunState) -> tuple[Start, int]:
    """Where to continue reading, and the ordinal of the first response there."""
    last = state.done.last
    if last is None:
        return Start(), 0
    start = Start(file=int(last["file"]), line=int(last["row"]), index=int(last["index"]))
    return start, int(last["ordinal"]) - int(last["place"])


def _engine(ready: Prepared, state: RunState, cache: GradeCache | None, policies: BothPolicies | None) -> Engine:
    job = ready.job
    start, first = _start(state)
    if job.ray is not None:
        from rlvr.offline.ray_engine import RayEngine

        return RayEngine(
            ready.sources,
            ready.selection,
            _setup(ready),
            address=job.ray,
            actors=job.workers,
            start=start,
            first=first,
            is_done=state.done.has,
        )
    if _for_many(ready):
        return ProcessEngine(
            ready.sources,
            ready.selection,
            _setup(ready),
            processes=ready.pool.workers,
            start=start,
            first=first,
            passed=state.done.low - first,
            early=ready.early,
        )
    describe = Describer(ready.columns, reward=ready.pool.identity)
    if ready.rows is None:
        rows: Iterable[Numbered] = numbered_rows(ready.sources, ready.selection, start)
    else:
        rows = itertools.chain(ready.first, ready.rows)
        if state.done.records:
            rows = _behind(rows, start, state.journal)
    asking = Asking(ready.columns, ready.kind, References(job.reward), known=cache, policies=policies)
    stream = GradingStream(
        rows,
        ready.pool,
        asking=asking,
        ordered=job.ordered,
        waits=ready.rows is not None,
        first=first,
        is_done=state.done.has,
    )
    return LocalEngine(stream, describe)


def _setup(ready: Prepared) -> Setup:
    job = ready.job
    return Setup(reward=job.reward, columns=ready.columns, kind=ready.kind, deadline=job.deadline, folder=folder())


def _for_many(ready: Prepared) -> bool:
    """Whether several processes are worth starting: a large ordered input whose grades are independent.

    Not so for a reward that grades concurrently (programs, network requests), which uses little of this process, or one
    that another process cannot import.
    """
    pool, spec = ready.pool, ready.job.reward
    if ready.job.cache is not None or ready.job.ray is not None:
        return False
    if pool.workers == 1 or pool.in_process or pool.batched:
        return False
    if not ready.job.ordered or ready.rows is not None:
        return False
    for reward in rewards_of(spec).values():
        if reward.asynchronous or not (":" in reward.name or reward.source.module.startswith("rewards.")):
            return False
    return sum(map(weight, ready.sources)) >= LARGE_BYTES


def _behind(rows: Iterable[Numbered], start: Start, journal: Journal) -> Iterator[Numbered]:
    """The rows of a stream from a position on; the rows before it must be those already graded."""
    checks = (
        (int(record["index"]), int(record["check"]))
        for records in journal.chunks()
        for record in records[records["place"] == 0][["index", "check"]]
    )
    reached = False
    for numbered in rows:
        if not reached:
            index, check = next(checks)
            row = numbered.row
            text = row.row if isinstance(row, BadRow) else row.text
            if numbered.index != index or zlib.crc32(text.encode("utf-8", "surrogatepass")) != check:
                raise ConfigError(
                    f"line {row.line} of {row.file} is not the one that was graded; give the same rows to go on, or "
                    "begin anew with --restart"
                )
            reached = index >= start.index  # the last row may have ungraded responses
            if not reached:
                continue
        yield numbered
    if not reached:
        raise ConfigError(
            f"the stream ends before row {start.index + 1}, the last that was graded; give the same rows to go on, or "
            "begin anew with --restart"
        )


@contextmanager
def _stopping(engine: Engine) -> Iterator[list[int]]:
    """Let Ctrl-C or SIGTERM stop reading and finish running grades; a second one ends the run immediately."""
    caught: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield caught
        return

    def stop(number: int, _frame: FrameType | None) -> None:
        if caught:
            raise KeyboardInterrupt
        caught.append(number)
        text = b"\nrlvr grade: interrupted; finishing what is being graded (once more: stop at once)\n"
        if sys.stderr is not None:
            with suppress(OSError):  # Ctrl-C also ends `tee` in `2>&1 | tee`, so standard error may be closed
                os.write(2, text)  # not `print`: a signal handler must not wait for the stream's lock
        engine.stop()

    held = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield caught
    finally:
        for number, handler in held.items():
            signal.signal(number, handler)


def _say_how_to_go_on(job: GradeJob, graded: int) -> None:
    if job.out is None or not graded:  # without grades there is no state to resume
        say(f"interrupted after {pluralize(graded, 'response')}")
    else:
        say(f"interrupted after {pluralize(graded, 'response')}; the same command goes on from {partial_of(job.out)}")
