"""What all tests share: the data folder, optional parts, and settings that hold before any heavy import.

An optional part is something that a machine may lack: the data folder, a container engine, compilers. A test asks for
it with the fixture `require`; where it is absent the test is skipped, and the closing lines list what was missing.
`RLVR_REQUIRE=all`, or a comma list of parts, turns that skip into a failure: CI sets it, so that nothing is skipped
there by accident.

Example:
    def test_container_has_no_network(require):
        require("docker")
        ...

    def test_every_gsm8k_row_has_an_answer(shared_data):
        path = shared_data / "gsm8k" / "test.jsonl"
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from data_prep import Problem

pytest.register_assert_rewrite("tests.conformance", "tests.waiting")  # failures there show values, too

# Read by libraries when they are first imported, here and in every process that a test starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")  # workers of the test runner already share the cores
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # tokenizers warn about forks otherwise
os.environ.setdefault("HF_HUB_OFFLINE", "1")  # a test never waits for a network
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nor reports to one; a process of each cluster would
os.environ.setdefault("MPLBACKEND", "Agg")
# Where ray looks for a cluster of this machine to join: each test worker has its own, which no other run of tests ends.
RAY_FOLDER = f"{tempfile.gettempdir()}/rlvr-ray-{os.getpid()}"
os.environ["RAY_TMPDIR"] = RAY_FOLDER

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # What a shell runs in the background ignores interrupts, and so would every process that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

ROOT = Path(__file__).resolve().parent.parent


# --- optional parts: a probe says why a part is absent; an empty string says that it is there -------------------------


def data_folder() -> Path:
    """The shared data: the folder that RLVR_DATA names, else ../shared/data next to the repository."""
    named = os.environ.get("RLVR_DATA")
    return Path(named) if named else ROOT.parent / "shared" / "data"


def _data() -> str:
    folder = data_folder()
    if (folder / "gsm8k").is_dir():
        return ""
    return f"no data folder at {folder}; set RLVR_DATA to the folder that holds gsm8k/, math/, ..."


def _module(name: str) -> Callable[[], str]:
    return lambda: "" if importlib.util.find_spec(name) else f"the package {name!r} is not installed"


def _docker() -> str:
    if not shutil.which("docker"):
        return "no docker on PATH"
    try:
        answer = subprocess.run(["docker", "info"], capture_output=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return "`docker info` did not answer within 120 s"
    return "" if answer.returncode == 0 else "`docker info` fails: is the daemon running?"


def _cgroups() -> str:
    from sandbox import cgroups

    made = cgroups.make(cgroups.new_name())
    if made is None:
        return "no cgroup below /sys/fs/cgroup may be made here, so the memory of each process is bounded by itself"
    made.remove()
    return ""


def _isolation() -> str:
    """Asked of the system's own command, not of our sandbox: one that is broken is to fail, not to be skipped."""
    unshare = ["unshare", "--fork", "--pid", "--mount", "--ipc", "--net", "--mount-proc"]
    if not shutil.which("unshare"):
        return "no unshare on PATH (Debian: apt-get install util-linux)"
    tried = [
        subprocess.run([*unshare, *how, "true"], capture_output=True, text=True) for how in ([], ["--map-root-user"])
    ]
    if any(done.returncode == 0 for done in tried):
        return ""
    return f"no program can be isolated here ({tried[-1].stderr.strip()}); `rlvr sandbox check` says what to do"


def _compilers() -> str:
    missing = [name for name in ("gcc", "g++", "rustc") if not shutil.which(name)]
    return f"not on PATH: {', '.join(missing)} (Debian: apt-get install g++ rustc)" if missing else ""


def _tool(command: str, package: str) -> Callable[[], str]:
    return lambda: "" if shutil.which(command) else f"no {command} on PATH (Debian: apt-get install {package})"


def _extra(extra: str, *packages: str) -> Callable[[], str]:
    def probe() -> str:
        missing = [name for name in packages if not importlib.util.find_spec(name)]
        return f"not installed: {', '.join(missing)}; pip install 'rlvr[{extra}]'" if missing else ""

    return probe


def _chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    return "" if any(map(shutil.which, names)) else f"none of {', '.join(names)} on PATH"


def peers_folder(of: str = "peers") -> Path:
    """Where `make test` installs the trainers of tests/OF.txt, apart from the environment's own: versions differ."""
    return Path(sys.prefix) / of


def _peer(name: str, of: str = "peers") -> Callable[[], str]:
    def probe() -> str:
        if not (peers_folder(of) / name).is_dir():
            return f"no {name} in {peers_folder(of)}: make test installs tests/{of}.txt, as far as there are builds"
        return _module("trl")()

    return probe


def _cuda() -> str:
    import torch

    return "" if torch.cuda.is_available() else "torch sees no CUDA device"


PROBES: dict[str, Callable[[], str]] = {
    "data": _data,
    "docker": _docker,
    "isolation": _isolation,
    "cgroups": _cgroups,
    "compilers": _compilers,
    "java": _tool("javac", "default-jdk-headless"),
    "javascript": _tool("node", "nodejs"),
    "go": _tool("go", "golang-go"),
    "vllm": _module("vllm"),
    "ray": _module("ray"),
    "serve": _extra("serve", "fastapi", "uvicorn", "websockets"),
    "train": _extra("train", "torch", "transformers"),
    "deepspeed": _module("deepspeed"),
    "chromium": _chromium,
    "verl": _peer("verl"),
    "openrlhf": _peer("openrlhf"),
    "verifiers": _peer("verifiers"),
    "verifiers 0.4": _peer("verifiers", of="peers_verifiers"),
    "trl": _module("trl"),
    "cuda": _cuda,
}
HARDWARE = {"cuda"}  # no package brings it: required only by name, never by "all"


@cache
def absent(part: str) -> str:
    """Why a part cannot be used here; empty where it can."""
    return PROBES[part]()


@cache
def required_parts() -> frozenset[str]:
    """The parts whose absence is a failure, from RLVR_REQUIRE."""
    names = {name.strip() for name in os.environ.get("RLVR_REQUIRE", "").split(",")} - {""}
    if unknown := names - PROBES.keys() - {"all"}:
        raise pytest.UsageError(f"RLVR_REQUIRE names {sorted(unknown)}; known: all, {', '.join(PROBES)}")
    return frozenset(names - {"all"} | (PROBES.keys() - HARDWARE if "all" in names else set()))


def toolchain_part(language: str) -> str:
    """The part that brings what programs in a language need."""
    return language if language in PROBES else "compilers"


def need(part: str) -> None:
    """Skip the test, or fail it under RLVR_REQUIRE, where an optional part is absent."""
    if reason := absent(part):
        message = f"optional part {part!r} is absent: {reason}"
        if part in required_parts():
            pytest.fail(f"{message} (RLVR_REQUIRE={os.environ['RLVR_REQUIRE']} asks for it)", pytrace=False)
        pytest.skip(message)


@pytest.fixture(scope="session")
def require() -> Callable[[str], None]:
    """Asks for an optional part by its name, as `need` does."""
    return need


@pytest.fixture(scope="session")
def isolation(require: Callable[[str], None]) -> None:
    """For tests that run programs in namespaces: skips where nothing isolates them."""
    require("isolation")


@pytest.fixture(scope="session")
def docker_image(require: Callable[[str], None]) -> str:
    """The image for containers of tests; skips where there is no docker."""
    require("docker")
    from tests.sandbox.images import make_image

    return make_image()


@pytest.fixture(scope="session")
def shared_data(require: Callable[[str], None]) -> Path:
    """The folder of real data sets; skips the test if there is none."""
    require("data")
    return data_folder()


@pytest.fixture(scope="session")
def mbpp_plus(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Problem]:
    """MBPP+, as much as this run takes. References are run to tell what is expected: once for all test workers."""
    from data_prep.files import read_problems, write_problems
    from data_prep.sets import NAMED_SETS, load_set
    from tests.between_workers import locked_folder
    from tests.shares import published_rows

    need("isolation")
    with locked_folder(tmp_path_factory, "mbpp_plus") as folder:
        path, rows = folder / "problems.jsonl", folder / "rows.jsonl"
        if not path.exists():
            chosen = published_rows(shared_data / NAMED_SETS["mbpp_plus"].files["test"])
            rows.write_text("".join(json.dumps(row) + "\n" for row in chosen))
            write_problems(path, load_set("mbpp_plus", origin=rows))
    return read_problems(path)


# --- hooks ----------------------------------------------------------------------------------------------------------


def pytest_configure() -> None:
    required_parts()  # a misspelt part is an error at the start, not a part that is never required


def pytest_unconfigure() -> None:
    shutil.rmtree(RAY_FOLDER, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs the data, so that `-m "not data"` leaves it out; put what is slow first, so that no test worker
    is left alone with it in the end.
    """
    for item in items:
        if "shared_data" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.data)
    items[:] = slow_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def slow_first(items: list[pytest.Item], workers: int) -> list[pytest.Item]:
    """The items in another order: each worker begins with an equal part, and in it with slow ones of whole files.

    The files are dealt out by their seconds, the slowest first, each to the worker that has least to do.
    """
    slow: dict[str, list[pytest.Item]] = {}
    seconds: dict[str, float] = {}
    others = []
    for item in items:
        if mark := item.get_closest_marker("slow"):
            file = item.nodeid.partition("::")[0]
            slow.setdefault(file, []).append(item)
            seconds[file] = mark.args[0]
        else:
            others.append(item)
    begins: list[list[pytest.Item]] = [[] for _ in range(workers)]
    busy = [0.0] * workers
    for file in sorted(slow, key=seconds.__getitem__, reverse=True):
        least = busy.index(min(busy))
        begins[least] += slow[file]
        busy[least] += seconds[file]
    rest = iter(others)
    ordered: list[pytest.Item] = []
    for worker, mine in enumerate(begins):
        part = (len(items) - len(ordered)) // (workers - worker)
        ordered += [*mine, *islice(rest, max(0, part - len(mine)))]
    return [*ordered, *rest]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Imports leave no garbage, and looking for it among all that they make takes a sixth of their time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Exempt the imported modules from garbage collection, which would otherwise visit them again and again."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the optional parts that were missed, with the number of tests each of them cost."""
    missed: Counter[tuple[str, str]] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        found = re.search(r"optional part '(\w+)' is absent: (.*)", str(report.longrepr[-1]))
        if found:
            missed[found.group(1), found.group(2)] += 1
    if missed:
        terminalreporter.section("optional parts that are absent here")
        for (part, reason), tests in sorted(missed.items()):
            terminalreporter.write_line(f"{part}: {tests} skipped: {reason}")
