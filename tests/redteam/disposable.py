"""Grades rows in a disposable environment; reports their grades and what they left behind.

As root the place is a set of new namespaces: its own process numbers (all its processes die with it), network, IPC and
host name, its own empty `/tmp`, `/dev/shm` and home, and a read-only root. Elsewhere, and with
RLVR_REDTEAM_PLACE=plain, it is a process with a home and a temporary folder of its own.

There, the *keeper* lays out what a program must not reach: a table of right answers in the home, in `/tmp`, in the
environment, and behind TCP, UDP, abstract and named sockets. A payload that gets at it is graded correct, and shows.
The keeper starts the *grading* process and looks at the machine before, between and after its batches.

    report = graded(rows, batch=64)        # from a test
    report.results["exits.os_exit_in_call.number.asserts"]["verdict"]
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.redteam.arenas import ARENAS
from tests.redteam.leftovers import CGROUPS, Machine, descendants, descriptors, look, settled

ROOT = Path(__file__).resolve().parent.parent.parent
_TCP, _UDP = 47471, 47472
_SETTLE_SECONDS = 15.0
_PR_SET_CHILD_SUBREAPER = 36
_SERVICE = ("python", "rlvr-keeper", "rlvr-zygote", "rlvr-slot")  # what the service calls its processes
_GROWTH = 2  # times the processes of a warm service: a bound on those that bear its names
# `python -m` would take an installed package of the name `tests` for ours, which is no regular package.
_START = f"""\
import runpy, sys, types
sys.path.insert(0, {str(ROOT)!r})
tests = sys.modules["tests"] = types.ModuleType("tests")
tests.__path__ = [{str(ROOT / "tests")!r}]
runpy.run_module("tests.redteam.disposable", run_name="__main__", alter_sys=True)
"""
_SET_UP = """\
set -e
for group in $REDTEAM_CGROUPS; do mkdir "$group"; echo 0 > "$group/cgroup.procs"; done
mount -t tmpfs tmpfs /dev/shm
if [ -n "$REDTEAM_IN_TMP" ]; then mkdir /dev/shm/shown; mount --bind "$REDTEAM_IN_TMP" /dev/shm/shown; fi
mount -t tmpfs tmpfs /tmp
if [ -n "$REDTEAM_IN_TMP" ]; then
    mkdir -p "$REDTEAM_IN_TMP"
    mount --move /dev/shm/shown "$REDTEAM_IN_TMP"
    mount -o remount,bind,ro "$REDTEAM_IN_TMP"
    rmdir /dev/shm/shown
fi
mount -o remount,bind,ro /
mkdir -p /tmp/home /tmp/scratch
(ip link set lo up || ifconfig lo up) 2>/dev/null || true
exec "$@"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of rows. results: by row id. after: what was left after each batch, by its number.

    end: what was left once the grading process had ended. reached: how often somebody came to a guarded socket.
    rounds: milliseconds and descriptors of each batch. place: where it ran.
    """

    results: Mapping[str, Mapping[str, object]]
    after: Mapping[str, Mapping[str, Sequence[str]]]
    end: Mapping[str, Sequence[str]]
    reached: Sequence[str]
    rounds: Sequence[Mapping[str, float]]
    place: str


def graded(
    batches: Sequence[Sequence[Mapping[str, object]]],
    warm: Sequence[Mapping[str, object]],
    *,
    timeout: float,
    options: Mapping[str, object] | None = None,
) -> Report:
    """Grade batches of rows one after the other, after warming up with other rows.

    Raises:
        TimeoutError: it did not end in time. RuntimeError: the grading process died.
    """
    work = {"batches": batches, "warm": warm, "options": options or {}}
    groups = _own_cgroups()
    with tempfile.TemporaryDirectory(prefix="redteam-") as folder:
        command = [sys.executable, "-c", _START, "keep"]
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
        env.setdefault("RUSTUP_HOME", str(Path.home() / ".rustup"))  # rustc, asked where it lives, writes into its home
        place = "plain"
        if os.geteuid() == 0 and os.environ.get("RLVR_REDTEAM_PLACE") != "plain" and _can_unshare():
            place = "namespaces"
            apart = ["--pid", "--fork", "--kill-child", "--mount", "--mount-proc", "--net", "--ipc", "--uts"]
            command = ["unshare", *apart, "sh", "-c", _SET_UP, "sh", *command]
            env |= {"HOME": "/tmp/home", "TMPDIR": "/tmp/scratch"}
            env["REDTEAM_CGROUPS"] = " ".join(map(str, groups))
            env["REDTEAM_IN_TMP"] = str(ROOT) if ROOT.is_relative_to("/tmp") else ""  # a clone there is still seen
        else:
            for name in ("home", "scratch"):
                os.mkdir(f"{folder}/{name}")
            env |= {"HOME": f"{folder}/home", "TMPDIR": f"{folder}/scratch"}
        # its own session: what a payload does to the terminal or the group stays there
        keeper = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            out, complaints = keeper.communicate(json.dumps(work).encode(), timeout=timeout)
        except subprocess.TimeoutExpired as expired:
            keeper.kill()
            _, complaints = keeper.communicate()
            raise TimeoutError(f"grading took longer than {timeout:.0f} s: {complaints[-4000:].decode()}") from expired
        finally:
            stuck = _remove(groups)
    if keeper.returncode != 0:
        raise RuntimeError(f"the keeper ended with {keeper.returncode}: {complaints[-8000:].decode(errors='replace')}")
    told = json.loads(out)
    if stuck:
        told["end"].setdefault("cgroups", []).extend(stuck)
    return Report(place=place, **told)


def _own_cgroups() -> list[Path]:
    """Folders for cgroups of the place's own, so that those of others are not taken for its; v1 only."""
    folders = []
    for line in Path("/proc/self/cgroup").read_text("utf-8").splitlines():
        _, controllers, inside = line.split(":", 2)
        for controller in {"memory", "pids", "cpuacct"} & set(controllers.split(",")):
            for name in (controllers, controller):
                base = CGROUPS / name / inside.lstrip("/")
                if base.is_dir() and os.access(base, os.W_OK):
                    folders.append(base / f"redteam-{os.getpid()}-{time.monotonic_ns()}")
                    break
    return folders


def _remove(groups: Sequence[Path]) -> list[str]:
    """Remove the cgroups; those that still hold something are returned."""
    for _ in range(50):
        left = [group for group in groups if group.exists()]
        for group in left:
            with contextlib.suppress(OSError):
                group.rmdir()
        if not left:
            break
        time.sleep(0.1)
    return [str(path) for group in left for path in (group, *group.iterdir()) if path.is_dir()]


def _can_unshare() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(["unshare", "--pid", "--fork", "--mount", "--net", "true"], capture_output=True, check=False)
    return tried.returncode == 0


# --- the keeper -------------------------------------------------------------------------------------------------------


def _keep() -> None:
    """Run the grading process, and print the report as JSON."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    work = sys.stdin.buffer.read()
    reached = _lay_out()
    me = os.getpid()
    folders = _folders()
    groups = [Path(name) for name in os.environ.get("REDTEAM_CGROUPS", "").split()]
    before = look(me, folders, groups)
    asks, says = os.pipe(), os.pipe()
    grading = subprocess.Popen(
        [sys.executable, "-c", _START, "grade", str(asks[0]), str(says[1])],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=sys.stderr,
        pass_fds=(asks[0], says[1]),
    )
    os.close(asks[0])
    os.close(says[1])
    assert grading.stdin is not None
    threading.Thread(target=_feed, args=(grading.stdin, work), daemon=True).start()
    results: dict[str, object] = {}
    after: dict[str, dict[str, list[str]]] = {}
    rounds: list[dict[str, float]] = []
    warm: Machine | None = None
    crowd = 0
    with os.fdopen(says[0], "r", encoding="utf-8") as heard:
        for line in heard:
            said = json.loads(line)
            results |= said["results"]
            if warm is None:  # the first batch warms up: what it leaves is the service itself
                time.sleep(1.0)
                warm, crowd = look(me, folders, groups), sum(1 for _ in descendants(me))
            else:
                left = settled(me, folders, groups, warm, lambda left: not _foreign(left), _SETTLE_SECONDS)
                if foreign := _foreign(left):
                    after[str(said["batch"])] = foreign
            here = list(descendants(me))
            if len(here) > _GROWTH * crowd:
                after.setdefault(str(said["batch"]), {})["crowd"] = [f"{len(here)} processes, {crowd} at first"]
            held = sum(descriptors(pid) for pid, _ in here)
            rounds.append({"milliseconds": said["milliseconds"], "descriptors": held, "processes": len(here)})
            os.write(asks[1], b"go\n")
    code = grading.wait()
    end = settled(me, folders, groups, before, lambda left: not _reap(left), _SETTLE_SECONDS)
    if code != 0:
        raise SystemExit(f"the grading process ended with {code}; left: {end}")
    print(json.dumps({"results": results, "after": after, "end": end, "reached": reached, "rounds": rounds}))


def _foreign(left: dict[str, list[str]]) -> dict[str, list[str]]:
    """What does not belong to the service: it may start another worker, keeper, zygote or slot when it needs one."""
    found = dict(_reap(left))
    ours = {
        "processes": lambda line: line.split()[1] in _SERVICE,
        "cgroups": lambda line: line.rpartition("/")[2].startswith(("rlvr-", "slot-")),
    }
    for kind, belongs in ours.items():
        if extra := [line for line in found.pop(kind, ()) if not belongs(line)]:
            found[kind] = extra
    return found


def _reap(left: dict[str, list[str]]) -> dict[str, list[str]]:
    """Collect orphans that have ended: as the last parent we must."""
    if any(line.endswith(" Z") for line in left.get("processes", ())):
        for line in left["processes"]:
            pid = int(line.split()[0])
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                continue
    return left


def _feed(stdin: object, work: bytes) -> None:
    stdin.write(work)  # type: ignore[attr-defined]
    stdin.close()  # type: ignore[attr-defined]


def _folders() -> list[Path]:
    """Where files may be left. In a place of our own that is everything that can be written."""
    places = [Path(os.environ["HOME"]), Path(os.environ["TMPDIR"])]
    if os.environ["HOME"] == "/tmp/home":
        places = [Path("/tmp"), Path("/dev/shm")]
    return places


def answers() -> dict[str, object]:
    """The table of right answers that payloads look for: by the arguments, joined by blanks."""
    table: dict[str, object] = {}
    for name in ("number", "text"):
        arena = ARENAS[name]
        for args, answer in zip(arena.calls, arena.answers(), strict=True):
            table[" ".join(map(str, args))] = answer
    return table


def _lay_out() -> list[str]:
    """Put the table where no program may come; the list grows with every visitor."""
    table = json.dumps(answers())
    os.environ["RLVR_REDTEAM_ANSWERS"] = table
    reached: list[str] = []
    home, scratch = Path(os.environ["HOME"]), Path(os.environ["TMPDIR"])
    for folder in (home, scratch, scratch.parent):
        (folder / "answers.json").write_text(table, "utf-8")
    stream = socket.create_server(("127.0.0.1", _TCP)) if _free(_TCP) else None
    abstract, named = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    abstract.bind("\0rlvr-redteam-answers")
    named.bind(str(scratch / "rlvr-redteam.sock"))
    for name, listener in (("tcp", stream), ("abstract", abstract), ("unix", named)):
        if listener is not None:
            listener.listen(64)
            threading.Thread(target=_answer, args=(name, listener, table, reached), daemon=True).start()
    if _free(_UDP, socket.SOCK_DGRAM):
        datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        datagrams.bind(("127.0.0.1", _UDP))
        threading.Thread(target=_reply, args=(datagrams, table, reached), daemon=True).start()
    return reached


def _free(port: int, kind: socket.SocketKind = socket.SOCK_STREAM) -> bool:
    with socket.socket(socket.AF_INET, kind) as tried:
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _answer(name: str, listener: socket.socket, table: str, reached: list[str]) -> None:
    while True:
        visitor, _ = listener.accept()
        reached.append(name)
        with visitor:
            visitor.sendall(table.encode())


def _reply(datagrams: socket.socket, table: str, reached: list[str]) -> None:
    while True:
        _, visitor = datagrams.recvfrom(4096)
        reached.append("udp")
        datagrams.sendto(table.encode(), visitor)


# --- the grading process ----------------------------------------------------------------------------------------------


def _grade(asks: int, says: int) -> None:
    """Grade the warm-up and each batch, telling the keeper after each and waiting until it has looked."""
    from rewards import GradeRequest, grade

    work = json.loads(sys.stdin.buffer.read())
    spec: object = "code"
    if work["options"]:
        spec = {"reward": "code", "parameters": work["options"]}
    with os.fdopen(says, "w", encoding="utf-8") as out, os.fdopen(asks, "r", encoding="utf-8") as go:
        for number, rows in enumerate([work["warm"], *work["batches"]]):
            started = time.monotonic()
            graded = grade(spec, [GradeRequest.from_dict(row) for row in rows])  # type: ignore[arg-type]
            told = {
                row["id"]: {
                    "verdict": str(result.verdict),
                    "score": result.score,
                    "reason": result.reason,
                    "seconds": result.seconds,
                }
                for row, result in zip(rows, graded, strict=True)
            }
            milliseconds = 1000 * (time.monotonic() - started)
            out.write(json.dumps({"batch": number, "results": told, "milliseconds": milliseconds}) + "\n")
            out.flush()
            go.readline()


def main() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if sys.argv[1] == "keep":
        _keep()
    else:
        _grade(int(sys.argv[2]), int(sys.argv[3]))


if __name__ == "__main__":
    main()
