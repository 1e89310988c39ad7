"""Run a config from start to end in its run directory: open or resume it, warm up, train, close everything.

    RUN/config.yaml        the resolved config        RUN/environment.json   versions, revision, data hashes, threads
    RUN/metrics.jsonl      a line per step            RUN/warmup.jsonl       a line per supervised step
    RUN/samples/           every sample (Parquet)     RUN/eval/              every evaluated response
    RUN/checkpoints/       `from_pretrained` reads each

Resuming continues from the newest checkpoint: later output is cut and written again, identically.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from rewards.spec_properties import decider_warning
from rlvr.config import RunConfig, to_tree
from rlvr.errors import ConfigError
from rlvr.input_hashes import hash_inputs
from rlvr.progress import Progress
from rlvr.rundir import Checkpoints, read_metrics
from rlvr.rundir.directory import HASHED, claim, open_run
from rlvr.rundir.hashes import RememberedHashes

if TYPE_CHECKING:
    from rlvr.assembly import Assembly


def run_training(config: RunConfig, *, out: Path, dry_run: bool = False) -> int:
    """Train in `out`; returns the exit status. Raises ToolkitError. A run that cannot begin leaves nothing behind."""
    progress = Progress(total=config.steps)
    newest = Checkpoints(out / "checkpoints", keep_last=0).newest()
    if newest is not None and newest[0] > config.steps:
        raise ConfigError(
            f"{out} holds a checkpoint of step {newest[0]} but steps is {config.steps}; give another --out"
        )
    hashes = RememberedHashes(out / HASHED)
    inputs = hash_inputs(config, hashes.of)
    from rlvr.assembly import Assembly, set_threads  # imports torch and transformers, after missing files are reported

    with ExitStack() as stack:
        if not dry_run:
            stack.enter_context(claim(out))
            if said := open_run(out, to_tree(config), inputs=inputs, threads=set_threads(config.threads)):
                progress.say(said)
            hashes.save()
        if newest is not None and newest[0] == config.steps and (config.steps or _has_baseline(config, out)):
            progress.say(f"{out} is finished: {config.steps} steps; nothing to do")
            return 0
        assembly = stack.enter_context(Assembly(config, out, progress))
        progress.say(assembly.describe())
        if config.reward is not None and (said := decider_warning(config.reward)):
            progress.say(said)
        if dry_run:
            progress.say("config, data, graders and model are fine")
            return 0
        stack.enter_context(progress)
        return asyncio.run(_train(assembly, out, progress))


def _has_baseline(config: RunConfig, out: Path) -> bool:
    """Whether step 0 is complete: its line follows its checkpoint, and a process may die between the two."""
    path = out / "metrics.jsonl"
    wanted = config.eval.sets and config.eval.every
    return not wanted or (path.exists() and any(True for _ in read_metrics(path)))


async def _train(assembly: Assembly, out: Path, progress: Progress) -> int:
    from rlvr.train import train

    stop = asyncio.Event()
    with _stopping(stop, progress):
        async with assembly.parts(stop) as parts:
            finished = parts is not None and await train(parts, stop=stop)
    if finished:
        progress.say(f"finished: {out}")
    elif parts is not None:
        progress.say(f"stopped; the same command goes on from the checkpoint in {out}")
    else:
        progress.say("stopped in the warm-up, of which nothing is kept; the same command starts it again")
    return 0


@contextmanager
def _stopping(stop: asyncio.Event, progress: Progress) -> Iterator[None]:
    """The first SIGINT or SIGTERM asks the loop to finish its step; the second ends the process at once.

    An orderly end would wait for the current pass of the compute thread. The data on disk is as safe as after SIGKILL,
    and grading workers die with this process.
    """
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: signal.Signals) -> None:
        progress.say(f"{number.name}: finishing this step, then stopping (once more: stop at once)")
        stop.set()
        for each in before:
            loop.remove_signal_handler(each)
            signal.signal(each, at_once)

    def at_once(number: int, _: FrameType | None) -> NoReturn:
        progress.__exit__(None, None, None)  # restores the terminal
        os._exit(128 + number)

    for number in before:
        loop.add_signal_handler(number, ask, number)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)
