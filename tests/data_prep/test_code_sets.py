"""The named sets of programming problems: every row of the real files, its prompt and its tests."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from data_prep import BadRow, DataNotFound, Problem
from data_prep.sets import NAMED_SETS, load_set
from data_prep.sources.code import contests, humaneval, mbpp, mbpp_plus, running
from data_prep.sources.code.running import ReferenceRuns
from rewards.code.references import AssertsReference, CheckReference, FloatTolerance, FunctionReference, StdioReference
from tests.shares import is_whole

COUNTS = {
    ("humaneval", "test"): 164,
    ("mbpp", "train"): 374,
    ("mbpp", "test"): 500,
    ("mbpp", "validation"): 90,
    ("mbpp", "prompt"): 10,
    ("mbpp", "all"): 974,
    ("mbpp_sanitized", "train"): 120,
    ("mbpp_sanitized", "test"): 257,
    ("mbpp_sanitized", "validation"): 43,
    ("mbpp_sanitized", "prompt"): 7,
    ("mbpp_sanitized", "all"): 427,
    ("code_contests", "test"): 20,
    ("leetcode", "test"): 180,
}


@pytest.mark.parametrize(("name", "split"), COUNTS, ids="-".join)
def test_every_row_asks_for_a_fenced_block_and_has_tests(shared_data: Path, name: str, split: str) -> None:
    problems = list(load_set(name, origin=shared_data, split=split))
    assert len(problems) == COUNTS[name, split]
    assert len({problem.id for problem in problems}) == len(problems)
    for problem in problems:
        assert "in one fenced code block" in problem.messages[0].content
        assert (problem.reward, problem.source) == ("code", name)
        assert problem.tags[0].startswith(f"{name}/")
        assert Problem.from_dict(json.loads(json.dumps(problem.to_dict()))) == problem


def test_every_programming_set_is_counted_here() -> None:
    of_code = {name for name, entry in NAMED_SETS.items() if name in {key[0] for key in COUNTS} or name == "mbpp_plus"}
    assert {(name, split) for name in of_code - {"mbpp_plus"} for split in NAMED_SETS[name].files} == set(COUNTS)


def test_the_prompt_names_what_the_tests_call(shared_data: Path) -> None:
    for problem in load_set("mbpp", origin=shared_data, split="all"):
        assert isinstance(problem.reference, AssertsReference)
        called = {
            node.func.id
            for test in problem.reference.asserts
            for node in ast.walk(ast.parse(test))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        content = problem.messages[0].content
        assert any(f"`{name}(" in content or f"`class {name}`" in content for name in called)
    for problem in load_set("humaneval", origin=shared_data):
        assert isinstance(problem.reference, CheckReference)
        assert f"`{problem.reference.entry_point}`" in problem.messages[0].content
        assert problem.reference.prompt.strip() in problem.messages[0].content


def test_only_the_first_assert_is_shown(shared_data: Path) -> None:
    shown: Counter[int] = Counter()
    for problem in load_set("mbpp", origin=shared_data, split="all"):
        assert isinstance(problem.reference, AssertsReference)
        content = problem.messages[0].content
        assert problem.reference.asserts[0].strip("\n") in content
        shown[sum(test.strip() in content for test in set(problem.reference.asserts))] += 1
    assert shown[1] > 970  # a few rows hold one assert inside another


def test_the_setup_of_the_two_rows_that_have_one_is_kept(shared_data: Path) -> None:
    with_setup = [
        problem.tags[0]
        for problem in load_set("mbpp", origin=shared_data, split="all")
        if isinstance(problem.reference, AssertsReference) and problem.reference.setup
    ]
    assert with_setup == ["mbpp/367", "mbpp/927"]
    sanitized = list(load_set("mbpp_sanitized", origin=shared_data, split="all"))
    imports = [p for p in sanitized if isinstance(p.reference, AssertsReference) and p.reference.setup == "import math"]
    assert len(imports) == 13


def test_leetcode_asserts_hold_their_inputs(shared_data: Path) -> None:
    problems = list(load_set("leetcode", origin=shared_data))
    for problem in problems:
        assert isinstance(problem.reference, AssertsReference)
        assert problem.reference.setup.startswith("my_solution = Solution()")
        for test in problem.reference.asserts:
            assert [type(node).__name__ for node in ast.parse(test).body] == ["Assign", "Assert"]
            assert "test_input" in test
        skeleton = problem.messages[0].content.split("```python\n")[1].split("```")[0]
        ast.parse(skeleton)
        compile(skeleton, "skeleton", "exec")
    assert Counter(problem.tags[1] for problem in problems) == {"Medium": 91, "Easy": 45, "Hard": 44}


def test_leetcode_skeletons_import_what_their_annotations_need(shared_data: Path) -> None:
    for problem in load_set("leetcode", origin=shared_data):
        skeleton = problem.messages[0].content.split("```python\n")[1].split("```")[0]
        exec(skeleton, {})


def test_code_contests_keeps_input_and_output_as_they_are(shared_data: Path) -> None:
    problems = list(load_set("code_contests", origin=shared_data))
    reference = problems[0].reference
    assert isinstance(reference, StdioReference)
    assert reference.cases[0].stdin.startswith("3\n2\n< 100 No")
    assert reference.cases[0].stdout == "0\n1\n2\n"
    assert [len(p.reference.cases) for p in problems[:3] if isinstance(p.reference, StdioReference)] == [101, 101, 102]


def test_code_contests_of_the_hub_has_its_tests_in_columns() -> None:
    row = {
        "name": "1_A. Sum",
        "description": "Add.",
        "public_tests": {"input": ["1 2"], "output": ["3"]},
        "private_tests": {"input": [], "output": []},
        "generated_tests": {"input": ["2 2"], "output": ["4"]},
        "memory_limit_bytes": 1024 << 20,
    }
    reference = contests.read_contest(row).reference
    assert isinstance(reference, StdioReference)
    assert [(case.stdin, case.stdout) for case in reference.cases] == [("1 2", "3"), ("2 2", "4")]
    assert reference.limits.memory_mb == 1024


BAD = [
    (humaneval.read, {"prompt": "def f(): ", "entry_point": "f"}, "field 'test'"),
    (humaneval.read, {"prompt": "def f(): ", "entry_point": "f()", "test": "check"}, "entry_point must be the name"),
    (mbpp.read, {"text": "Add.", "code": "x = 1", "test_list": []}, "a list of at least one text"),
    (mbpp.read, {"text": "Add.", "code": "x = 1", "test_list": ["assert f()"]}, "defines what the tests call"),
    (mbpp.read, {"text": "Add.", "code": "def f(:", "test_list": ["assert f()"]}, "no Python"),
    (contests.read_contest, {"content": "Add.", "test": "[]"}, "at least one pair"),
    (contests.read_contest, {"content": "Add.", "test": '[{"input": 1}]'}, "JSON of"),
    (contests.read_leetcode, {"prompt": "class Solution:", "test": "assert 1"}, "the skeleton of class Solution"),
    (contests.read_leetcode, {"prompt": '"""a"""\nclass Solution:', "test": "x = 1"}, "at least one assert"),
    (mbpp_plus.read, {"task_id": "x", "prompt": "a", "entry_point": "f", "canonical_solution": "x"}, "a number"),
]


@pytest.mark.parametrize(("read", "row", "message"), BAD, ids=range(len(BAD)))
def test_a_row_that_cannot_be_read_says_why(read: object, row: dict[str, object], message: str) -> None:
    with pytest.raises(BadRow, match=message):
        read(row)  # type: ignore[operator]


def test_a_split_that_is_not_there_and_a_file_that_is_read_whole(shared_data: Path) -> None:
    with pytest.raises(DataNotFound, match="has no split 'dev'; it has train, test, validation, prompt, all"):
        list(load_set("mbpp", origin=shared_data, split="dev"))
    assert len(list(load_set("mbpp", origin=shared_data / "mbpp" / "mbpp.jsonl"))) == 974


# --- MBPP+: references run --------------------------------------------------------------------------------------------


def plus(**changes: object) -> Problem:
    row = {
        "task_id": 9999,
        "prompt": '"""\nAdd one.\n"""',
        "entry_point": "f",
        "canonical_solution": "def f(x):\n    return x + 1\n",
        "base_input": [[1]],
        "plus_input": [[2], [3]],
        "atol": 0,
    }
    try:
        return mbpp_plus.read({**row, **changes})
    finally:
        mbpp_plus.finish()


@pytest.mark.usefixtures("isolation")
def test_what_is_expected_is_what_the_reference_returns() -> None:
    problem = plus()
    assert isinstance(problem.reference, FunctionReference)
    assert [(case.args, case.expected) for case in problem.reference.cases] == [((1,), 2), ((2,), 3), ((3,), 4)]
    assert problem.reference.compare is None
    assert "Add one.\n\nWrite it in Python as `f(x)`" in problem.messages[0].content
    assert "assert f(1) == 2" in problem.messages[0].content


@pytest.mark.usefixtures("isolation")
def test_inputs_on_which_the_reference_fails_are_left_out() -> None:
    source = "def f(x):\n    return bytearray(1 << 40) if x == 3 else 'x' * 200_000 if x == 2 else 1 / x"
    problem = plus(canonical_solution=source, plus_input=[[2], [3], [0], [4]])
    assert isinstance(problem.reference, FunctionReference)
    assert [case.args for case in problem.reference.cases] == [(1,), (4,)]
    assert problem.reference.compare == FloatTolerance(1e-6)
    with pytest.raises(BadRow, match="answers none of its inputs: ZeroDivisionError"):
        plus(canonical_solution="def f(x): return 1 / 0")


@pytest.mark.usefixtures("isolation")
@pytest.mark.parametrize(
    "lingers", ["while True: pass", "try:\n            while True: pass\n        except Exception: pass"]
)
def test_time_never_decides_which_inputs_are_tests(lingers: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "SECONDS", 0.5)
    with pytest.raises(BadRow, match=r"has not answered after .* 1 of 3 inputs: \[2\]"):
        plus(canonical_solution=f"def f(x):\n    if x == 2:\n        {lingers}\n    return x")


@pytest.mark.usefixtures("isolation")
def test_expected_sets_stand_in_one_order() -> None:
    """Strings are hashed anew in each process."""
    code = (
        "from tests.data_prep.test_code_sets import plus\n"
        'shown = plus(canonical_solution=\'def f(x): return {("a", "b", "c"), ("d",)}\')\n'
        'tested = plus(task_id=7, canonical_solution=\'def f(x): return ["a", "b", "c", "d"]\')\n'
        "print(shown.id, tested.id)"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=Path(__file__).resolve().parents[2], env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True, text=True, check=True, timeout=600,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(said) == 1


@pytest.mark.usefixtures("isolation")
def test_a_reference_that_is_killed_on_one_input_is_run_on_each_by_itself() -> None:
    source = "import os\ndef f(x):\n    if x == 2: os.kill(os.getpid(), 9)\n    return x"
    with ReferenceRuns() as runs:
        answers = runs.answers(source, "f", [[1], [2], [3]])
    assert [answer.value for answer in answers] == [1, None, 3]
    assert [bool(answer.error) for answer in answers] == [False, True, False]


@pytest.mark.usefixtures("isolation")
def test_a_value_that_no_case_can_hold_is_a_bad_row_and_never_left_out() -> None:
    source = "def f(x): return None if x == 1 else object()"  # without its other inputs, `return None` would pass
    with pytest.raises(BadRow, match="a value of type object has no JSON form"):
        plus(canonical_solution=source)


@pytest.mark.usefixtures("isolation")
def test_arguments_have_the_types_that_the_task_wants() -> None:
    names = "def f(x, y): return [type(v).__name__ for v in x]"
    problem = plus(task_id=75, canonical_solution=names, base_input=[[[[1], [2]], 3]], plus_input={})
    assert isinstance(problem.reference, FunctionReference)
    assert problem.reference.cases[0].expected == ["tuple", "tuple"]


@pytest.mark.usefixtures("isolation")
def test_where_the_order_is_open_or_a_match_will_do_the_tests_say_so() -> None:
    unordered = plus(task_id=232, canonical_solution="def f(x): return [x, 1]")
    assert isinstance(unordered.reference, AssertsReference)
    assert unordered.reference.asserts[1] == "assert set(f(2)) == {1, 2}"
    truth = plus(task_id=737, canonical_solution="import re\ndef f(x): return re.match('[12]', str(x))")
    assert isinstance(truth.reference, AssertsReference)
    assert truth.reference.asserts[2] == "value = f(3)\nassert value is None or value is False"


@pytest.mark.slow(140)
def test_rows_of_mbpp_plus_get_their_expected_outputs(mbpp_plus: list[Problem]) -> None:
    kinds = Counter(type(problem.reference) for problem in mbpp_plus)
    whole = {FunctionReference: 410, AssertsReference: 10}
    assert kinds == (whole if is_whole("sets") else {FunctionReference: 76, AssertsReference: 4})
