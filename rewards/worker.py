"""The worker process: reads calls from a pipe, grades, writes each answer as soon as it is known.

    python -P -m rewards.worker PARENT_PID

The pool starts it and exchanges JSON lines with it over its original standard input and output. A reward that prints
writes to standard error instead, and one that reads standard input finds it empty.

| direction | line | meaning |
|---|---|---|
| in | the first line | the setup: which reward, from which files, with which limits |
| out | `{"ready": true}`, `{"failed": message}` | the grader was built, or why not |
| in | `{"call", "requests", "control"}` | grade these requests; `control`: answer their control requests |
| in | `{"call", "requests", "chunk": true}` | grade these with `at_once` only |
| out | `{"call", "results"}` | the grades; null for a request of a chunk that `at_once` does not decide |
| in | `{"cancel": call}` | nobody waits for this call: cancel it if it awaits, and answer it anyway |
| out | `{"clock": stopped}` | the clock was stopped or started (`rewards.clock`) |

It never outlives its parent, even if a grade hangs: a thread ends the process group when the pipe closes, and on Linux
the kernel kills the process when the thread that started it dies (PR_SET_PDEATHSIG), even if code holds the interpreter
lock. It does not isolate what it runs; the sandbox does.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rewards.clock import CLOCK
from rewards.composite import Built, build
from rewards.controls import answer_controls
from rewards.coroutines import run_without_loop
from rewards.errors import GraderEnded, InvalidRow
from rewards.json_lines import EXIT_ENDED, EXIT_MEMORY, EXIT_SETUP, IN_WORKER, LineSplitter, line
from rewards.outcome import raised, short
from rewards.sources import import_shipped
from rewards.spec import RewardSpec
from rewards.spec_properties import at_once, concurrency, identity, make_ready, rewards_of
from rewards.types import GradeRequest, GradeResult, Json
from rewards.wire import grade_row, request_from
from sandbox.errors import ToolkitError

_PR_SET_PDEATHSIG = 1


class Channel:
    """The two ends of the pipe to the pool. `calls` receives the lines that come in."""

    def __init__(self) -> None:
        self._worker = os.getpid()
        self._input, self._output = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        self.calls: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._lock = threading.Lock()
        threading.Thread(target=self._listen, name="listen", daemon=True).start()

    def _listen(self) -> None:
        splitter = LineSplitter()
        try:
            while data := os.read(self._input, 1 << 16):
                for received in splitter.feed(data):
                    self.calls.put(received)
        finally:
            end_process_group()

    def say(self, value: object) -> None:
        self.write(line(value))

    def write(self, message: bytes) -> None:
        """Write a line immediately, so that a grade is not lost if a later one hangs."""
        if os.getpid() != self._worker:
            # a process forked by the reward returned from the grader: only the worker answers
            os._exit(0)
        data = memoryview(message)
        with self._lock:
            while data:
                data = data[os.write(self._output, data) :]


def end_process_group() -> None:
    """Kill this process and everything in its process group; called when the parent is gone."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(EXIT_SETUP)


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when the thread that started it ends (Linux)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # the parent died before prctl was called
        end_process_group()


def limit_memory(limit: int | None) -> None:
    """Limit private writable memory (bytes; None = no limit), and disable core dumps."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limit is not None:
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))


@dataclass(frozen=True, slots=True)
class Call:
    """A call from the pool. fault: why its requests cannot be decoded; empty = they can."""

    number: int
    count: int
    requests: list[GradeRequest]
    control: bool
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Nobody waits for this call any more."""

    number: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Requests to grade with `at_once`."""

    number: int
    rows: list[list[object]]


def call_from(received: bytes) -> Call | Chunk | Cancelled:
    call = json.loads(received)
    if "cancel" in call:
        return Cancelled(call["cancel"])
    if "chunk" in call:
        return Chunk(call["call"], call["requests"])
    rows = call["requests"]
    try:
        requests = [request_from(row) for row in rows]
    except InvalidRow as error:  # a malformed request: a field of the wrong type
        return Call(call["call"], len(rows), [], call["control"], fault=f"the request cannot be read: {error}")
    return Call(call["call"], len(rows), requests, call["control"])


@dataclass(frozen=True, slots=True)
class Bench:
    """The reward of a worker, ready to grade."""

    spec: RewardSpec
    grader: Built
    name: str
    ask_at_once: Callable[[GradeRequest], GradeResult | None] | None

    async def grade(self, call: Call) -> list[Json]:
        """Grade a call. Returns the encoded grades with their seconds; an empty list for a control call."""
        began, stopped = time.perf_counter(), CLOCK.stopped_seconds
        try:
            if call.control:
                await answer_controls(self.spec, self.grader, call.requests)
                return []
            if call.fault:
                return [grade_row(GradeResult.ungraded(short(call.fault)), 0.0)] * call.count
            results = await self.grader.grade(call.requests)
        except MemoryError:
            os._exit(EXIT_MEMORY)
        except GraderEnded as error:
            print(error, file=sys.stderr, flush=True)
            os._exit(EXIT_ENDED)
        except BaseException as error:  # whatever a reward raises, the pool gets an answer
            results = self.raised(call, error)
        spent = time.perf_counter() - began - (CLOCK.stopped_seconds - stopped)
        return [grade_row(result, spent / call.count) for result in results]

    def grades_at_once(self, asked: Chunk) -> list[Json]:
        """The grades that `at_once` decides; None for the others, and for all that would exceed half the deadline."""
        graded: list[Json] = []
        began = time.perf_counter()
        for row in asked.rows:
            start = time.perf_counter()
            if self.ask_at_once is None or start - began > CLOCK.deadline / 2:
                graded.append(None)
                continue
            try:
                result = self.ask_at_once(request_from(row))
                graded.append(None if result is None else grade_row(result, time.perf_counter() - start))
            except MemoryError:
                os._exit(EXIT_MEMORY)
            except Exception:  # it becomes a separate call, whose grade reports the error
                graded.append(None)
        return graded

    def raised(self, call: Call, error: BaseException) -> list[GradeResult]:
        """The grades of a call whose reward raised. A control call that raises counts as answered."""
        return [] if call.control else [raised(self.name, error)] * call.count

    def failed(self, call: Call, error: BaseException) -> list[Json]:
        """Encode `raised` for a call that failed outside `grade`, where nothing was timed."""
        return [grade_row(result, 0.0) for result in self.raised(call, error)]


class Ready:
    """Context manager for the start of a worker: reports a failure to the pool and ends the process.

    last: this is the last step, so success is reported as `ready`.
    """

    def __init__(self, channel: Channel, *, last: bool) -> None:
        self._channel = channel
        self._last = last

    def __enter__(self) -> None:
        return

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            if self._last:
                os.environ[IN_WORKER] = f"{os.getpid()} ready"
                self._channel.say({"ready": True})
            return
        # Report any exception of the reward's module to the pool.
        said = str(error) if isinstance(error, ToolkitError) else "".join(traceback.format_exception(error, limit=-5))
        self._channel.say({"failed": said})
        sys.stderr.flush()
        os._exit(EXIT_SETUP)


def set_up(received: bytes) -> Bench:
    """Build the grader that the pool's first line describes. Raises ToolkitError, or whatever the import raises."""
    setup = json.loads(received)
    limit_memory(setup["memory"])
    CLOCK.deadline = setup["deadline"]
    sys.path[:] = setup["path"]
    sys.argv[:] = setup["argv"]
    with contextlib.suppress(OSError):  # the folder is gone, with everything a relative path could name
        os.chdir(setup["folder"])
    for source in setup["sources"]:
        import_shipped(source)
    spec = RewardSpec.from_dict(setup["spec"])
    bench = Bench(spec=spec, grader=build(spec), name=identity(spec), ask_at_once=at_once(spec))
    make_ready(spec)
    return bench


def answer_of(call: Call, results: Sequence[Json]) -> bytes:
    """Encode the answer to a call. `rewards.outcome` ensures that grades are plain data."""
    return line({"call": call.number, "results": results})


def answer_at_once(asked: Chunk, graded: list[Json]) -> bytes:
    """Encode the answer to a chunk. If a grade is not JSON, all become calls, whose grades report the error."""
    try:
        return line({"call": asked.number, "results": graded})
    except (TypeError, ValueError, RecursionError):
        return line({"call": asked.number, "results": [None] * len(graded)})


def serve(channel: Channel, bench: Bench, ready: Ready) -> None:
    """Answer calls one at a time, until the process ends."""
    with ready:
        run_without_loop(bench.grader.set_up())
    while True:
        call = call_from(channel.calls.get())
        if isinstance(call, Cancelled):  # it has been answered already
            continue
        if isinstance(call, Chunk):
            channel.write(answer_at_once(call, bench.grades_at_once(call)))
            continue
        try:
            results = run_without_loop(bench.grade(call))
        except RuntimeError as error:
            results = bench.failed(call, error)
        channel.write(answer_of(call, results))


def serve_concurrently(channel: Channel, bench: Bench, ready: Ready) -> None:
    """Answer calls concurrently on an event loop, for rewards that wait for a judge or a server."""
    import asyncio

    from rewards.event_loops import new_event_loop

    async def run() -> None:
        with ready:
            await bench.grader.set_up()
        # The pool sends calls ahead; the reward's concurrency limits how many run.
        free = asyncio.Semaphore(concurrency(bench.spec))
        running: dict[int, asyncio.Task[None]] = {}

        async def answer(call: Call) -> None:
            try:
                async with free:
                    results = await bench.grade(call)
            except asyncio.CancelledError as error:  # cancelled while it waited for its turn
                results = bench.failed(call, error)
            del running[call.number]
            channel.write(answer_of(call, results))

        while True:
            call = call_from(await asyncio.to_thread(channel.calls.get))
            if isinstance(call, Call):
                running[call.number] = asyncio.create_task(answer(call))
            elif isinstance(call, Cancelled) and call.number in running:
                running[call.number].cancel()

    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(run())


def main(arguments: Sequence[str]) -> int:
    """Serve one pool until it closes the pipe."""
    die_with_parent(int(arguments[0]))
    os.environ[IN_WORKER] = str(os.getpid())
    channel = Channel()
    CLOCK.say = lambda stopped: channel.say({"clock": stopped})
    with Ready(channel, last=False):
        bench = set_up(channel.calls.get())
        waits = any(reward.asynchronous for reward in rewards_of(bench.spec).values())
    answer: Callable[[Channel, Bench, Ready], None] = serve_concurrently if waits else serve
    answer(channel, bench, Ready(channel, last=True))
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    os._exit(code)  # skip interpreter shutdown: a thread is still reading
