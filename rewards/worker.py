"""The worker process: reads calls from a pipe, grades, writes each answer as soon as it is known.

    python -P -m rewards.worker PARENT_PID

It is started by the pool and exchanges JSON lines over its original standard input and output; a reward that prints
writes to standard error instead, and one that reads standard input finds it empty. First line in: the reward. First
line out: `{"ready": true}` or `{"failed": message}`. Then calls `{"call", "requests", "control"}` and answers `{"call",
"results"}`. With `"chunk": true` the requests are graded from their texts alone, and the answer holds null where a text
does not say it. `{"clock": stopped}` says that the clock stands still, or goes on (`rewards.clock`). A line `{"cancel":
call}` says that nobody waits for a call: one that awaits is cancelled, and answered for form's sake.

It never outlives its parent, even while a grade is stuck: a thread ends the process group when the pipe is closed, and
the kernel kills the process when the thread that started it dies (PR_SET_PDEATHSIG; Linux), which also reaches code
that holds the interpreter lock. It does not isolate what it runs: that is the sandbox's part.
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
        """Write a line at once: a grade that was answered must not be lost with a later one that hangs."""
        if os.getpid() != self._worker:
            # a process that the reward forked came back from the grader: only the worker answers
            os._exit(0)
        data = memoryview(message)
        with self._lock:
            while data:
                data = data[os.write(self._output, data) :]


def end_process_group() -> None:
    """The parent is gone: end this process and what a reward started in its group."""
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(EXIT_SETUP)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it is gone (Linux)."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # the parent died before prctl was called
        end_process_group()


def limit_memory(limit: int | None) -> None:
    """Bound the private writable memory; core dumps are off, for a killed worker is no news."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if limit is not None:
        hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
        bound = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (bound, hard))


@dataclass(frozen=True, slots=True)
class Call:
    """What the pool asks for. fault: why its requests cannot be read; empty = they can."""

    number: int
    count: int
    requests: list[GradeRequest]
    control: bool
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Nobody waits for a call."""

    number: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Requests to grade from their texts."""

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
    """What a worker grades with."""

    spec: RewardSpec
    grader: Built
    name: str
    ask_at_once: Callable[[GradeRequest], GradeResult | None] | None

    async def grade(self, call: Call) -> list[Json]:
        """The grades of a call, each with its seconds; of a control call none."""
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
        """The grades that the texts alone say, each with its seconds; None for all else, and for what would be late."""
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
            except Exception:  # it becomes a call of its own, and that grade says what is wrong
                graded.append(None)
        return graded

    def raised(self, call: Call, error: BaseException) -> list[GradeResult]:
        """The grades of a call on which the reward raised. A control that raises has been answered."""
        return [] if call.control else [raised(self.name, error)] * call.count

    def failed(self, call: Call, error: BaseException) -> list[Json]:
        """What `raised` says, of a call that did not come to be timed."""
        return [grade_row(result, 0.0) for result in self.raised(call, error)]


class Ready:
    """Around what must succeed before a worker grades: a failure is told to the pool and ends the worker.

    last: after this it is ready, which is told too.
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
        # Whatever a reward's module raises while it loads, the pool must hear.
        said = str(error) if isinstance(error, ToolkitError) else "".join(traceback.format_exception(error, limit=-5))
        self._channel.say({"failed": said})
        sys.stderr.flush()
        os._exit(EXIT_SETUP)


def set_up(received: bytes) -> Bench:
    """Make the grader that the pool asks for. Raises ToolkitError, or whatever importing a reward raises."""
    setup = json.loads(received)
    limit_memory(setup["memory"])
    CLOCK.deadline = setup["deadline"]
    sys.path[:] = setup["path"]
    sys.argv[:] = setup["argv"]
    with contextlib.suppress(OSError):  # the folder is gone, and all that a relative path could name
        os.chdir(setup["folder"])
    for source in setup["sources"]:
        import_shipped(source)
    spec = RewardSpec.from_dict(setup["spec"])
    bench = Bench(spec=spec, grader=build(spec), name=identity(spec), ask_at_once=at_once(spec))
    make_ready(spec)
    return bench


def answer_of(call: Call, results: Sequence[Json]) -> bytes:
    """The line that answers a call. `rewards.outcome` has seen to it that grades are plain data."""
    return line({"call": call.number, "results": results})


def answer_at_once(asked: Chunk, graded: list[Json]) -> bytes:
    """The line that answers a chunk. What a reward makes that is no JSON is told where it is a call of its own."""
    try:
        return line({"call": asked.number, "results": graded})
    except (TypeError, ValueError, RecursionError):
        return line({"call": asked.number, "results": [None] * len(graded)})


def serve(channel: Channel, bench: Bench, ready: Ready) -> None:
    """Answer calls one after the other, for ever."""
    with ready:
        run_without_loop(bench.grader.set_up())
    while True:
        call = call_from(channel.calls.get())
        if isinstance(call, Cancelled):  # calls are answered one after the other: that one has been
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
    """Answer calls side by side on an event loop, for rewards that wait (for a judge, a server)."""
    import asyncio

    from rewards.event_loops import new_event_loop

    async def run() -> None:
        with ready:
            await bench.grader.set_up()
        # The pool hands out calls ahead; how many of them run is up to the reward.
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
    os._exit(code)  # nothing here needs an orderly end, and a thread is still reading
