"""The same rows on a Ray cluster: the same output, also when a node is killed in the middle."""

from __future__ import annotations

import gzip
import json
import os
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest

from rlvr.cli import main
from tests.e2e.launcher import Launcher
from tests.sandbox.processes import about, descendants, parent_of
from tests.shares import is_whole
from tests.waiting import until

pytestmark = pytest.mark.slow(180)
ROOT = Path(__file__).resolve().parents[3]
OWN_WARNINGS = pytest.mark.filterwarnings(r"ignore::DeprecationWarning:ray\.data")  # its copies of its own settings
# It waits until it is let go on, so that what is graded before a node or the command dies is not left to chance.
REWARD = """
import os, time
from rewards.types import GradeResult
def waiting(request):
    until = time.monotonic() + 600
    with open(os.path.join(os.path.dirname(__file__), "trace"), "a") as file:
        file.write(request.response + "\\n")
    go = "go" + request.response.rpartition("late")[2]
    while "late" in request.response and not os.path.exists(os.path.join(os.path.dirname(__file__), go)):
        if time.monotonic() > until:
            raise RuntimeError("nobody let it go on")
        time.sleep(0.05)
    return None if "odd" in request.response else len(request.response) / 100
"""


@contextmanager
def nodes(*cores: int) -> Iterator[Any]:
    """A cluster with nodes of so many cores on this machine, and a head that does no work: it cannot be killed."""
    try:
        made = started(cores)
    except Exception as error:  # ray raises a bare Exception if a node does not start within its 30 s
        if "timed out during startup" not in str(error):
            raise
        made = started(cores)
    try:
        yield made
    finally:
        made.shutdown()


def started(cores: Sequence[int]) -> Any:
    """The cluster of `nodes`; one that does not start whole is ended."""
    from ray.cluster_utils import Cluster

    settings = {
        "enable_worker_prestart": False,
        "health_check_initial_delay_ms": 500,  # a dead node is soon known to be dead
        "health_check_period_ms": 500,
        "health_check_failure_threshold": 3,
    }
    unused = {"no_monitor": True, "include_log_monitor": False}  # nothing scales it, nobody reads what workers print
    head = {"num_cpus": 0, "include_dashboard": False, **unused, "_system_config": settings}
    made = Cluster(initialize_head=True, head_node_args=head)
    try:
        for number in cores:
            made.add_node(num_cpus=number)
        made.wait_for_nodes()
    except BaseException:  # an interrupt as well: no process of it outlives the test
        made.shutdown()
        raise
    return made


@pytest.fixture(scope="module")
def cluster(require: Callable[[str], None]) -> Iterator[Any]:
    require("ray")
    with nodes(2, 2) as made:
        yield made


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    with Launcher(ROOT, ("ray.data", "rlvr.commands.grade", "rlvr.offline.ray_engine")) as launcher:
        yield launcher


def make_rows(folder: Path) -> list[str]:
    files = []
    for name in "abcd":
        rows = []
        for i in range(300):
            late = " late" if i >= 40 else ""
            if i % 50 == 7:
                rows.append("no json")
            elif i % 9 == 0:
                rows.append(json.dumps({"id": i % 7, "responses": [f"{name}{i}{late}", f"{name}{i} odd"]}))
            else:
                rows.append(json.dumps({"id": i % 7, "response": f"{name}{i}{late}", "tags": [name]}))
        path = folder / f"{name}.jsonl"
        path.write_text("".join(f"{row}\n" for row in rows))
        files.append(str(path))
    (folder / "own.py").write_text(REWARD)
    return files


def read(path: Path) -> list[dict[str, object]]:
    """The rows, seconds apart; half a row, which a kill may leave at the end, is none."""
    whole = [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in whole]


@OWN_WARNINGS
def test_a_run_whose_process_is_killed_at_any_moment_goes_on_in_the_middle_of_a_file(
    cluster: Any,
    launcher: Launcher,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(REWARD)
    kills = 10 if is_whole("kills") else 1
    moments = Random(kills)
    rows = [{"id": i % 7, "response": f"{i} late{i // 900}", "pad": "x" * 5000} for i in range(900 * (kills + 1))]
    lines = [json.dumps(row) if i % 50 != 7 else "no json" for i, row in enumerate(rows)]
    (tmp_path / "in.jsonl").write_text("".join(f"{line}\n" for line in lines))  # of several spans
    command = ["grade", "in.jsonl", "--reward", "./own.py:waiting", "--deadline", "100", "--out"]
    on_ray = [*command, "ray.jsonl", "--ray", cluster.address, "--workers", "2"]
    partial, log = tmp_path / "ray.jsonl.partial", tmp_path / "log"
    kept: dict[str, int] = {}  # what was written when the process was killed, and how often it had been graded
    for late in range(kills):
        (tmp_path / f"go{late}").touch()
        before = partial.stat().st_size if partial.exists() else 0
        pid = launcher.start(on_ray, log=log, folder=tmp_path)
        try:
            if late % 3 != 1:  # else while it starts, or at any later moment
                wait_for(lambda: partial.exists() and partial.stat().st_size > before, pid, log)  # noqa: B023
            time.sleep(moments.uniform(0, 3))
        finally:
            os.kill(pid, signal.SIGKILL)
            assert launcher.wait() == -signal.SIGKILL, log.read_text()
        if partial.exists():
            graded = Counter((tmp_path / "trace").read_text().splitlines())
            for row in read(partial)[:-1]:  # of the last row more responses may be left
                kept.setdefault(str(row["response"]), graded[str(row["response"])])
    assert 0 < len(kept) < 900 * kills
    (tmp_path / f"go{kills}").touch()
    assert main(on_ray) == 3
    assert " graded before" in capsys.readouterr().err
    graded = Counter((tmp_path / "trace").read_text().splitlines())
    assert {response: graded[response] for response in kept} == kept
    until(lambda: not any(map(graders_of, cluster.worker_nodes)), "all that grades to end")
    assert main([*command, "here.jsonl"]) == 3
    assert read(tmp_path / "ray.jsonl") == read(tmp_path / "here.jsonl")
    errors = [(tmp_path / f"{name}.jsonl.errors.jsonl").read_text() for name in ("ray", "here")]
    assert errors[0] == errors[1]
    assert sorted(path.name for path in tmp_path.glob("ray.*")) == ["ray.jsonl", "ray.jsonl.errors.jsonl"]


@OWN_WARNINGS
def test_trouble_on_a_node_is_said_in_a_line(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = "".join(json.dumps({"id": i, "response": f"r{i}", "pad": os.urandom(40).hex()}) + "\n" for i in range(2000))
    packed = gzip.compress(rows.encode())
    (tmp_path / "in.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    command = ["grade", "in.jsonl.gz", "--reward", "format", "--out", "out.jsonl", "--ray", cluster.address]
    assert main(command) == 1
    said = capsys.readouterr().err
    assert "in.jsonl.gz: cannot be read after line" in said
    assert "Traceback" not in said


LEFT = {"one core is left": (1, 1), **({"two cores are left": (2, 2)} if is_whole("kills") else {})}


@pytest.mark.parametrize("cores", LEFT.values(), ids=LEFT)
def test_a_node_that_is_killed_changes_nothing(
    cores: tuple[int, int],
    require: Callable[[str], None],
    launcher: Launcher,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require("ray")
    with nodes(*cores) as cluster:
        kill_a_node(cluster, launcher, tmp_path, monkeypatch)


def kill_a_node(cluster: Any, launcher: Launcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [os.path.relpath(file, ROOT) for file in make_rows(tmp_path)]  # relative to where we are, not to a node
    report = tmp_path / "summary.json"
    arguments = ["grade", *files, "--reward", f"{tmp_path / 'own.py'}:waiting", "--deadline", "100"]
    on_ray = [
        "--ray",
        cluster.address,
        "--out",
        str(tmp_path / "ray.jsonl"),
        "--summary",
        str(report),
        "--workers",
        "4",
    ]
    log = tmp_path / "log"
    pid = launcher.start([*arguments, *on_ray], log=log)
    try:
        wait_for(lambda: any(map(graders_of, cluster.worker_nodes)), pid, log)
        cluster.remove_node(max(cluster.worker_nodes, key=graders_of), allow_graceful=False)
        (tmp_path / "go").touch()
        assert launcher.wait() == 3, log.read_text()
    except BaseException:  # an interrupt as well: the command does not outlive the test
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        raise
    monkeypatch.chdir(ROOT)
    assert main([*arguments, "--out", str(tmp_path / "here.jsonl"), "--summary", str(tmp_path / "here.json")]) == 3
    assert read(tmp_path / "ray.jsonl") == read(tmp_path / "here.jsonl")
    errors = [tmp_path / f"{name}.jsonl.errors.jsonl" for name in ("ray", "here")]
    assert errors[0].read_text() == errors[1].read_text()
    found, expected = (json.loads(path.read_text()) for path in (report, tmp_path / "here.json"))
    assert {**found, "slowest": 0} == {**expected, "slowest": 0}


@OWN_WARNINGS
def test_an_actor_that_is_stopped_is_given_up_and_changes_nothing(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = make_rows(tmp_path)
    monkeypatch.setattr("rlvr.offline.ray_engine.SILENCE_SECONDS", 5.0)
    stopped: list[int] = []

    def stop_one() -> None:
        until(lambda: any(map(actors_of, cluster.worker_nodes)), "an actor that grades")
        stopped.append(next(actor for node in cluster.worker_nodes for actor in actors_of(node)))
        os.kill(stopped[0], signal.SIGSTOP)
        (tmp_path / "go").touch()

    arguments = ["grade", *files, "--reward", f"{tmp_path / 'own.py'}:waiting", "--deadline", "100", "--out"]
    thread = threading.Thread(target=stop_one)
    thread.start()
    assert main([*arguments, str(tmp_path / "ray.jsonl"), "--ray", cluster.address, "--workers", "2"]) == 3
    thread.join()
    assert not os.path.exists(f"/proc/{stopped[0]}")
    assert main([*arguments, str(tmp_path / "here.jsonl")]) == 3
    assert read(tmp_path / "ray.jsonl") == read(tmp_path / "here.jsonl")


def graders_of(node: Any) -> int:
    """How many grading workers run below the processes of a node."""
    return len(actors_of(node))


def actors_of(node: Any) -> list[int]:
    """The processes of a node that have grading workers."""
    own = [info.process.pid for infos in node.all_processes.values() for info in infos]
    grading = [pid for pid in descendants(*own) if b"rewards.worker" in about(pid, "cmdline")]
    return [parent for parent in map(parent_of, grading) if parent]


def wait_for(happened: Callable[[], bool], pid: int, log: Path) -> None:
    """A cluster takes much longer than others to do what is expected."""
    limit = time.monotonic() + 600
    while not happened():
        assert os.path.exists(f"/proc/{pid}"), log.read_text()
        assert time.monotonic() < limit, "it does not happen"
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-", "--ray"], "which a stream does not allow"),
        (["in.jsonl", "--ray", "--unordered"], "leave out --unordered"),
        (["in.jsonl", "--ray", "--cache", "kept"], "leave out --unordered and --cache"),
    ],
)
def test_what_a_cluster_does_not_do_is_refused(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.jsonl").write_text('{"response": "x"}\n')
    monkeypatch.setattr("rlvr.offline.sources.StreamSource.rows", lambda *_a: iter(()))
    assert main(["grade", *arguments, "--reward", "format"]) == 1
    assert message in capsys.readouterr().err


def test_a_cluster_that_does_not_start_is_said_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ray = pytest.importorskip("ray")

    def too_late(**_options: object) -> None:
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "init", too_late)
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    (tmp_path / "in.jsonl").write_text('{"response": "x"}\n')
    assert main(["grade", str(tmp_path / "in.jsonl"), "--ray", "--reward", "format"]) == 1
    said = capsys.readouterr().err
    assert "no Ray cluster can be started here: The current node timed out" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("address", ["127.0.0.1:{}", "ray://127.0.0.1:{}", "[::ffff:127.0.0.1]:{}"])
def test_an_address_where_nobody_listens_is_said_at_once(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ray = pytest.importorskip("ray")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", lambda **_options: pytest.fail("Ray would wait for many minutes"))
    (tmp_path / "in.jsonl").write_text('{"response": "x"}\n')
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))  # and it does not listen
        address = address.format(silent.getsockname()[1])
        assert main(["grade", str(tmp_path / "in.jsonl"), "--ray", address, "--reward", "format"]) == 1
    assert f"no Ray cluster answers at '{address}': [Errno 111] Connection refused" in capsys.readouterr().err


def test_a_missing_ray_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    (tmp_path / "in.jsonl").write_text('{"response": "x"}\n')
    assert main(["grade", str(tmp_path / "in.jsonl"), "--ray", "--reward", "format"]) == 1
    assert "rlvr[cluster]" in capsys.readouterr().err
