"""The reward `process`: an executable of any language, lines of JSON in and out."""

from __future__ import annotations

import contextlib
import gc
import os
import resource
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from rewards import GradeRequest, GradeResult, GraderPool, GradingUnavailable, InvalidReward, Verdict, grade
from rewards.executable import Executable
from rewards.types import Json
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parents[2]
PYTHON = """#!/usr/bin/env python3
import json, os, sys, time
starts = open("starts", "a"); starts.write("x"); starts.close()
for line in sys.stdin:
    row = json.loads(line)
    said = row["response"]
    if said == "die": os._exit(3)
    if said == "hang": time.sleep(600)
    if said == "twice": os.write(1, b"1.0\\ntwice\\n"); continue  # at once, however this interpreter buffers
    late = json.dumps({"score": 0.0, "call": row["call"]})
    if said == "late": print(late, flush=True); time.sleep(0.2); print(late, flush=True); continue
    if said == "echo": print(json.dumps({"score": 4.0, "call": row["call"]}), flush=True); continue
    if said == "big": print(json.dumps({"score": 1.0, "reason": "r" * 1000}), flush=True); continue
    half = {"score": 0.5, "reason": "half", "extracted": "e", "parts": {"a": 1}}
    if said == "judge": print(json.dumps(half), flush=True); continue
    if said == "whole": print(json.dumps({"score": -1, "correctness": 0.0, "verdict": "wrong", "reason": "r",
        "extracted": None, "parts": {}, "steps": [[3, 0.5]], "seconds": 0}), flush=True); continue
    if said == "reference": print(len(row["reference"]["answer"]), flush=True); continue
    print(said, flush=True)
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """grade.py, executable, in the current folder."""
    file = tmp_path / "grade.py"
    file.write_text(PYTHON)
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    monkeypatch.chdir(tmp_path)
    return file


def graded(*responses: str, deadline: float = PATIENCE, **parameters: Json) -> list[GradeResult]:
    spec = {"reward": "process", "parameters": {"command": "./grade.py", **parameters}}
    with GraderPool(spec, workers=1, deadline=deadline) as pool:
        return pool.grade([GradeRequest.from_dict({"response": r, "reference": "four"}) for r in responses])


def starts() -> int:
    return len(Path("starts").read_text())


@pytest.mark.usefixtures("program")
def test_numbers_and_objects_become_grades_of_one_process() -> None:
    found = graded("2.5", "true", "null", "judge", "whole", "reference", "big")
    assert [r.score for r in found] == [2.5, 1.0, None, 0.5, -1.0, 4.0, 1.0]
    assert (found[3].reason, found[3].extracted, dict(found[3].parts)) == ("half", "e", {"a": 1})
    assert (found[4].verdict, found[4].correctness, len(found[4].steps)) == (Verdict.WRONG, 0.0, 1)
    assert [r.verdict for r in found[:2]] == [Verdict.SCORED] * 2
    assert starts() == 1


@pytest.mark.usefixtures("program")
def test_a_stated_range_makes_right_and_wrong() -> None:
    found = graded("1", "-1", "0", "3", "judge", range=[-1, 1])
    assert [r.verdict.value for r in found] == ["correct", "wrong", "partial", "ungraded", "partial"]
    assert [r.correctness for r in found] == [1.0, 0.0, 0.5, None, 0.75]
    assert "its score must be in [-1, 1]" in found[3].reason


@pytest.mark.usefixtures("program")
def test_what_is_no_answer_is_ungraded_and_the_next_response_is_not_hurt() -> None:
    found = graded(
        "no json", "2", "twice", "3", "late", "echo", "4", '{"scor": 1}', '{"reason": ""}', "NaN", "[1]", "5"
    )
    assert [r.score for r in found] == [None, 2.0, None, 3.0, 0.0, None, 4.0, None, None, None, None, 5.0]
    reasons = {
        0: "no JSON: 'no json'",
        2: "more than one line",
        5: "",
        7: "unknown fields ['scor']",
        8: "without a score",
    }
    for at, reason in {**reasons, 9: "nan", 10: "returned [1]"}.items():
        assert "reward 'process (./grade.py)'" in found[at].reason
        assert reason in found[at].reason


@pytest.mark.usefixtures("program")
def test_a_response_that_ends_or_hangs_the_command_is_wrong_and_the_others_are_graded() -> None:
    found = graded("1", "die", "0", range=[0, 1])
    assert [r.verdict.value for r in found] == ["correct", "wrong", "wrong"]
    assert "the command ./grade.py ended with code 3" in found[1].reason
    hung = graded("hang", "1", deadline=2.0, range=[0, 1])
    assert [r.verdict.value for r in hung] == ["wrong", "correct"]


def test_a_command_that_dies_at_everything_is_at_fault(program: Path) -> None:
    program.write_text("#!/bin/sh\nread line\nexit 4\n")
    (found,) = graded("1", range=[0, 1])
    assert found.verdict is Verdict.UNGRADED
    assert "the grader is at fault: the command ./grade.py ended with code 4" in found.reason


def test_a_command_in_another_language_answers(program: Path) -> None:
    program.write_text('#!/bin/sh\nwhile read -r line; do echo "${#line}"; done\n')
    (found,) = graded("abc")
    assert found.score is not None
    assert found.score > 50


def words_of(process: psutil.Process) -> list[str]:
    """Its command line; empty if it has ended."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.cmdline()
    return []


@pytest.mark.usefixtures("program")
def test_it_dies_with_its_worker_and_is_graded_in_process_too() -> None:
    spec = {"reward": "process", "parameters": {"command": ["./grade.py"]}}
    with GraderPool(spec, workers=1) as pool:
        assert pool.grade([GradeRequest(response="7")])[0].score == 7.0
        children = [p for p in psutil.Process().children(recursive=True) if any("grade.py" in w for w in words_of(p))]
        assert children
    wait_for_the_end(children)
    found = grade({**spec, "in_process": True}, [GradeRequest(response=r) for r in ("7", "die", "8")])
    assert [r.score for r in found] == [7.0, None, 8.0]
    assert "ended with code 3" in found[1].reason


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("", "parameter 'command' is empty"),
        ([], "parameter 'command' is empty"),
        ("./none.py", "'./none.py' cannot be run: there is no such program"),
        ("./plain.txt", r"it is no executable file.*chmod \+x"),
    ],
)
def test_a_command_that_cannot_be_run_is_said_before_any_grade(
    command: str | list[str], message: str, program: Path
) -> None:
    (program.parent / "plain.txt").write_text("x")
    with pytest.raises((InvalidReward, GradingUnavailable), match=message):
        GraderPool({"reward": "process", "parameters": {"command": command}}, workers=1).start()


def test_a_file_that_is_no_program_is_said_before_any_grade(program: Path) -> None:
    program.write_text("neither a program nor a script\n")
    with pytest.raises(GradingUnavailable, match=r"\./grade\.py cannot be started: Exec format error"):
        GraderPool({"reward": "process", "parameters": {"command": "./grade.py"}}, workers=1).start()


def wait_for_the_end(processes: list[psutil.Process]) -> None:
    """All of them end. Nobody may ask for the exit status of those that outlive their parent, as in a container
    whose first process is no init: that one stays as a zombie is none of theirs.
    """

    def gone(one: psutil.Process) -> bool:
        return not one.is_running() or one.status() == psutil.STATUS_ZOMBIE

    until(lambda: all(map(gone, processes)), "the command to end")


@pytest.mark.usefixtures("program")
def test_a_start_that_fails_for_want_of_descriptors_keeps_none() -> None:
    one = Executable(command="./grade.py")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    gc.collect()  # what earlier tests left open is not closed in between
    held = psutil.Process().num_fds()
    taken = {int(name) for name in os.listdir("/dev/fd")}
    free = [number for number in range(len(taken) + 3) if number not in taken]
    resource.setrlimit(resource.RLIMIT_NOFILE, (free[2] + 1, hard))  # enough for its first pipe
    try:
        with pytest.raises(OSError, match="Too many open files"):
            one.setup()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert psutil.Process().num_fds() <= held
    one.setup()


@pytest.mark.usefixtures("program")
def test_a_process_with_many_open_files_grades_by_a_command_too() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip(f"a process may have {hard} files at most")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        one = Executable(command="./grade.py")
        found = [one.grade([GradeRequest(response=text)])[0].score for text in ("2", "3")]
    finally:
        for descriptor in held:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert found == [2.0, 3.0]


def test_a_command_that_hangs_dies_with_whoever_grades(program: Path) -> None:
    script = program.parent / "grades.py"
    script.write_text(
        "from rewards import GradeRequest, grade\n"
        "spec = {'reward': 'process', 'parameters': {'command': './grade.py'}}\n"
        "grade(spec, [GradeRequest(response='hang')], workers=1, deadline=500)\n"
    )
    one = subprocess.Popen([sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(ROOT)})

    def commands() -> list[psutil.Process]:
        children = psutil.Process(one.pid).children(recursive=True)
        return [child for child in children if words_of(child)[-1:] == ["./grade.py"] and "-c" not in words_of(child)]

    until(commands, "the command to start")
    found = commands()
    time.sleep(0.3)
    one.kill()
    one.wait()
    wait_for_the_end(found)
