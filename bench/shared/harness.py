"""Shared by the benchmarks: arguments, fair turns, the description of the machine, and rows of JSON.

Sides are measured in turns within one run (ours, peer, peer, ours, ...), so that a machine that is busy or hot for a
while slows all of them equally. A ratio is the median of the ratios of the turns. This module does not know what is
measured.

Example:
    def measure(quick: bool) -> Iterator[Row]:
        seconds = turns({"ours": run_ours, "peer": run_peer}, rounds=3 if quick else 7)
        yield row_of("work", seconds, unit="s", better="lower")

    if __name__ == "__main__":
        main(__doc__, measure)
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Better = Literal["higher", "lower"]
OURS = "ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One result. `ratio` is how many times better ours is than the best peer: above 1 is better, for any unit."""

    name: str
    ours: float
    peers: Mapping[str, float]
    unit: str
    better: Better
    ratio: float

    def to_dict(self) -> dict[str, object]:
        return {
            "name": self.name,
            "ours": self.ours,
            "peers": dict(self.peers),
            "unit": self.unit,
            "better": self.better,
            "ratio": self.ratio,
            "machine": machine(),
            "command": command(),
        }


def turns(sides: Mapping[str, Callable[[], float]], *, rounds: int) -> dict[str, list[float]]:
    """Call every side once per round, reversing the order each round, and collect what they return."""
    values: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        order = list(sides) if number % 2 == 0 else list(sides)[::-1]
        for name in order:
            values[name].append(sides[name]())
    return values


def row_of(name: str, values: Mapping[str, Sequence[float]], *, unit: str, better: Better) -> Row:
    """A row from the measurements of `turns`: medians, and the median of the per-round ratios to the best peer."""
    peers = {peer: statistics.median(measured) for peer, measured in values.items() if peer != OURS}
    ratios = {peer: _ratio(values[OURS], values[peer], better) for peer in peers}
    return Row(
        name=name,
        ours=_rounded(statistics.median(values[OURS])),
        peers={peer: _rounded(value) for peer, value in peers.items()},
        unit=unit,
        better=better,
        ratio=_rounded(min(ratios.values())),
    )


def seconds_of(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def machine() -> dict[str, object]:
    """What the numbers depend on: processor, cores, threads, memory, versions, and the GPU, if any."""
    described: dict[str, object] = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    if torch := sys.modules.get("torch"):
        described["threads"] = torch.get_num_threads()
        if torch.cuda.is_available():
            described["gpu"] = torch.cuda.get_device_name()
    for package in ("torch", "transformers", "trl"):
        if module := sys.modules.get(package):
            described[package] = module.__version__
    return described


def command() -> str:
    """The command that was run, relative to the root of the repository."""
    return shlex.join(["python", f"bench/{Path(sys.argv[0]).name}", *sys.argv[1:]])


def main(description: str | None, measure: Callable[[bool], Iterable[Row]]) -> None:
    """Read the arguments, print each row when it is ready, and write all rows to the file of --json."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to this file, as a JSON list")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller work: under a minute")
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads of torch (default: torch's own)")
    arguments = parser.parse_args()
    if arguments.threads is not None:
        import torch

        torch.set_num_threads(arguments.threads)
    rows = []
    for row in measure(arguments.quick):
        peers = ", ".join(f"{peer} {value:g}" for peer, value in row.peers.items())
        print(
            f"{row.name}: ours {row.ours:g} {row.unit}, {peers}; {row.ratio:.2f}x ({row.better} is better)", flush=True
        )
        rows.append(row.to_dict())
    if arguments.json is not None:
        partial = arguments.json.with_name(f"{arguments.json.name}.partial")
        partial.write_text(json.dumps(rows, indent=2) + "\n")
        partial.replace(arguments.json)


def _ratio(ours: Sequence[float], theirs: Sequence[float], better: Better) -> float:
    pairs = zip(ours, theirs, strict=True)
    return statistics.median(a / b if better == "higher" else b / a for a, b in pairs)


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()
