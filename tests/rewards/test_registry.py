"""Declaring rewards and finding them: names, files, signatures, parameters."""

# ruff: noqa: ARG001  # signatures are what is tested here

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from rewards import (
    GradedInProcess,
    GradeRequest,
    GradeResult,
    GraderPool,
    InvalidReward,
    InvalidRow,
    RewardSpec,
    UnknownReward,
    Verdict,
    find,
    grade,
    names,
    reward,
)
from rewards.outcome import grade_from, raised
from rewards.types import Json, reference_from

REQUEST = GradeRequest(response="four")


@reward("test_length", version="7", floor=-10.0)
def length(request: GradeRequest, *, limit: int = 100, scale: float = 1.0, kind: Literal["a", "b"] = "a") -> float:
    return -min(len(request.response), limit) * scale


@reward("test_deep", floor=-1e300)
def deep(request: GradeRequest) -> float:
    return -1.0


@reward("test_pair", batched=True)
def pair(requests: Sequence[GradeRequest], *, extra: tuple[int, ...] = ()) -> list[float]:
    return [float(len(requests) + sum(extra)) for _ in requests]


@reward("test_async", correctness=True)
async def later(request: GradeRequest) -> bool:
    await asyncio.sleep(0)
    return request.response == "four"


@reward("test_class")
class Repeats:
    def __init__(self, *, word: str) -> None:
        self.word = word

    def grade(self, requests: Sequence[GradeRequest]) -> list[float]:
        return [float(r.response.count(self.word)) for r in requests]


def judge(name: str, **parameters: Json) -> GradeResult:
    return asyncio.run(find(name).grader(parameters).grade([REQUEST]))[0]


def test_a_plain_function_is_scored_without_right_and_wrong() -> None:
    result = judge("test_length")
    assert (result.score, result.correctness, result.verdict) == (-4.0, None, Verdict.SCORED)


def test_a_declared_reward_has_a_correctness() -> None:
    result = judge("test_async")
    assert (result.score, result.correctness, result.verdict) == (1.0, 1.0, Verdict.CORRECT)


def test_a_number_that_no_float_holds_is_a_mistake_like_any_other() -> None:
    huge = 10**400  # JSON and YAML may hold it
    mistakes: list[tuple[Callable[[], object], str]] = [
        (lambda: find("test_length").check({"scale": huge}), "parameter 'scale' is 10000.* but must be"),
        (lambda: find("process").check({"command": "a", "range": [0, huge]}), "'range'"),
        (lambda: RewardSpec.from_dict({"sum": [{"reward": "math", "weight": huge}]}), "weight must be a finite number"),
        (lambda: GraderPool("math", deadline=huge), "deadline must be a positive number"),
        (lambda: reward("test_huge", correctness=(0, huge)), "must be the scores of wrong and right"),
        (lambda: reward("test_huge", floor=huge), "floor must be finite"),
        (lambda: reference_from({"type": "math", "answer": "1", "tolerance": huge}), "reference.tolerance must be"),
    ]
    for make, message in mistakes:
        with pytest.raises((InvalidReward, InvalidRow), match=message):
            make()


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"correctness": lambda _given: (1, 1)}, "correctness must be the scores of wrong and right"),
        ({"correctness": lambda _given: (1, 0)}, "correctness must be the scores of wrong and right"),
        ({"correctness": lambda _given: "high"}, "correctness must be the scores of wrong and right"),
        ({"correctness": lambda _given: (-1.7e308, 1.7e308)}, "correctness must be the scores of wrong and right"),
        ({"floor": lambda _given: float("nan")}, "floor must be a finite number, not nan"),
        ({"floor": lambda _given: None}, "floor must be a finite number, not None"),
        ({"floor": lambda given: given["nothing"]}, "floor cannot be told for {}: KeyError: 'nothing'"),
        ({"ceiling": lambda _given: 1e400}, "ceiling must be a finite number, not inf"),
    ],
)
def test_bounds_that_a_function_says_are_checked_before_a_response_can_hang_the_grader(
    declared: dict[str, Any], message: str
) -> None:
    made = replace(find("test_length"), scale=declared.pop("correctness", None), **declared)
    with pytest.raises(InvalidReward, match=re.escape(message)):
        print(made.lowest({}), made.highest({}))


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"concurrency": lambda given: given["nothing"]}, "concurrency cannot be told for {}: KeyError: 'nothing'"),
        ({"concurrency": lambda _given: 1.5}, "concurrency must be a whole number, not 1.5"),
        ({"references": lambda given: given["nothing"]}, "references cannot be told for {}: KeyError: 'nothing'"),
        ({"references": lambda _given: ["maths"]}, "references must be a list of types"),
        ({"validate": lambda **_given: 1 / 0}, "its parameters cannot be checked: ZeroDivisionError"),
    ],
)
def test_what_functions_of_the_parameters_say_is_checked(declared: dict[str, Any], message: str) -> None:
    made = replace(find("test_length"), **declared)
    with pytest.raises(InvalidReward, match=re.escape(message)):
        print(made.check({}), made.concurrency_with({}), made.references_with({}))


def test_what_functions_of_the_parameters_say_may_be_of_numpy_and_of_any_collection() -> None:
    made = replace(find("test_length"), concurrency=lambda _given: np.int64(3), references=lambda _given: {"math": 1})
    assert (made.concurrency_with({}), made.references_with({})) == (3, {"math"})


def test_bounds_that_a_function_says_may_be_numbers_of_numpy() -> None:
    made = replace(find("test_length"), floor=lambda _given: np.float32(-0.5))
    assert made.lowest({}) == -0.5


def test_a_range_is_one_within_which_a_score_has_a_place() -> None:
    with pytest.raises(InvalidReward, match="must be the scores of wrong and right"):
        reward("test_wide", correctness=(-1.7e308, 1.7e308))


def test_a_sum_whose_lowest_score_no_float_holds_is_refused() -> None:
    with pytest.raises(InvalidReward, match=r"lowest score of .* is -inf"):
        GraderPool({"sum": [{"reward": "test_deep", "weight": 1e300}]})


def test_parameters_reach_functions_batches_and_classes() -> None:
    assert judge("test_length", limit=2, scale=2).score == -4.0
    assert judge("test_pair", extra=[1, 2]).score == 4.0
    assert judge("test_class", word="f").score == 1.0


def test_every_kind_of_reward_is_graded_in_a_worker_that_imports_this_file() -> None:
    for name, score in (("test_length", -4.0), ("test_pair", 1.0), ("test_async", 1.0)):
        assert grade(name, [REQUEST], workers=1)[0].score == score
    spec = {"reward": "test_class", "parameters": {"word": "u"}}
    assert grade(spec, [REQUEST, GradeRequest(response="uu")], workers=1)[1].score == 2.0


def test_the_decorated_function_can_still_be_called() -> None:
    assert length(REQUEST, limit=3) == -3
    assert find("test_length").identity == "test_length@7"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"limti": 3},
            r"'test_length' has no parameter 'limti'; did you mean 'limit'\? \(it takes limit, scale, kind\)",
        ),
        ({"limit": "3"}, "parameter 'limit' is '3' but must be int"),
        ({"limit": True}, "parameter 'limit' is True but must be int"),
        ({"limit": 2.5}, r"parameter 'limit' is 2\.5 but must be int"),
        ({"kind": "c"}, "parameter 'kind' is 'c' but must be 'a' or 'b'"),
    ],
)
def test_parameters_are_checked_against_the_signature(given: dict[str, Json], message: str) -> None:
    with pytest.raises(InvalidReward, match=message):
        find("test_length").grader(given)


def within(*, low: float, high: float) -> None:
    if low > high:
        raise ValueError(f"parameter 'low' is {low}, above 'high', {high}")


@reward("test_clipped", floor=lambda parameters: parameters["low"], ceiling=2.0, validate=within)  # type: ignore[arg-type, return-value]
def clipped(request: GradeRequest, *, low: float = 0.0, high: float = 1.0) -> float:
    return low


def test_values_that_make_no_sense_together_are_refused_where_parameters_are_checked() -> None:
    assert find("test_clipped").check({"low": 0.5}) == {"low": 0.5}
    for use in (find("test_clipped").check, find("test_clipped").grader):
        with pytest.raises(InvalidReward, match=r"reward 'test_clipped': parameter 'low' is 2\.0, above 'high', 1\.0"):
            use({"low": 2})
    with pytest.raises(InvalidReward, match=r"parameter 'low' is 2\.0"):
        grade({"reward": "test_clipped", "parameters": {"low": 2}}, [REQUEST], workers=1)


def test_a_bound_may_depend_on_the_parameters() -> None:
    made = find("test_clipped")
    assert [made.lowest({}), made.lowest({"low": -3.0}), made.highest({})] == [0.0, -3.0, 2.0]
    assert find("test_class").lowest({"word": "a"}) == 0.0


def test_a_required_parameter_is_asked_for() -> None:
    with pytest.raises(InvalidReward, match="'test_class' needs a value for its parameter 'word'"):
        find("test_class").grader({})


@pytest.mark.parametrize("name", [None, 3, b"math", ["math"]])
def test_a_name_that_is_no_text_is_refused(name: Any) -> None:
    with pytest.raises(InvalidReward, match=r"a reward is named by text, such as 'math' .*, not "):
        find(name)


def test_an_unknown_name_says_the_nearest_and_how_to_name_a_file() -> None:
    with pytest.raises(UnknownReward, match=r"no reward is called 'mth'; did you mean 'math'\?.*\./my_rewards\.py"):
        find("mth")
    assert {"math", "format", "countdown", "regex", "choice", "f1", "test_length"} <= set(names())


def test_two_definitions_cannot_hold_one_name() -> None:
    with pytest.raises(InvalidReward, match=r"'test_length' is already registered by length in .*test_registry\.py"):

        @reward("test_length")
        def other(request: GradeRequest) -> float:
            return 0.0


def test_the_packages_own_names_are_taken() -> None:
    with pytest.raises(InvalidReward, match="'math' is"):

        @reward("math")
        def mine(request: GradeRequest) -> float:
            return 0.0


def no_request() -> float:
    return 0.0


def two_arguments(prompt: str, response: str) -> float:
    return 0.0


def star(request: GradeRequest, **options: int) -> float:
    return 0.0


def odd_type(request: GradeRequest, *, path: Path) -> float:
    return 0.0


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (no_request, "takes no request"),
        (two_arguments, "takes a second argument 'response'"),
        (star, r"takes '\*\*options: .*name its parameters"),
        (odd_type, "parameter 'path' has type Path, which cannot come from a configuration"),
        (type("Empty", (), {}), "class Empty has no method `grade"),
        (3, "must be a function or a class, not 3"),
    ],
)
def test_a_signature_that_cannot_grade_is_refused_where_it_is_declared(target: object, message: str) -> None:
    with pytest.raises(InvalidReward, match=message):
        reward("test_refused")(target)  # type: ignore[type-var]
    assert "test_refused" not in names()


def test_bad_declarations_are_refused() -> None:
    for name in ("", "two words", "a:b"):
        with pytest.raises(InvalidReward, match="must be a word"):
            reward(name)
    with pytest.raises(InvalidReward, match=r'write @reward\("length"\)'):
        reward(length)  # type: ignore[arg-type]  # `@reward` without brackets
    with pytest.raises(InvalidReward, match=r"floor 2\.0 is above ceiling 1\.0"):
        reward("x", floor=2.0, ceiling=1.0)
    for wrong in ("math", ("maths",)):
        with pytest.raises(InvalidReward, match="references must be a list of types"):
            reward("x", references=wrong)
    with pytest.raises(InvalidReward, match=r"its scores are in \[0, 1\]"):
        reward("x", correctness=True, floor=-1.0)
    with pytest.raises(InvalidReward, match="concurrency is 4"):
        reward("x", concurrency=4)(length)
    with pytest.raises(InvalidReward, match="seconds is 5; give a function of the request"):
        reward("x", seconds=5)  # type: ignore[arg-type]


def test_a_file_gives_rewards_by_function_and_by_registered_name(tmp_path: Path) -> None:
    file = tmp_path / "my_rewards.py"
    file.write_text(
        "from rewards import reward\n"
        "def concise(request): return 1.0 / len(request.response)\n"
        "@reward('brevity', version='3')\n"
        "def brief(request, *, limit: int = 3): return float(len(request.response) <= limit)\n"
    )
    assert grade(f"{file}:concise", [REQUEST], workers=1)[0].score == 0.25
    by_name, by_function = find(f"{file}:brevity"), find(f"{file}:brief")
    assert by_name is by_function
    assert by_name.identity == "brevity@3"
    spec = {"reward": f"{file}:brief", "parameters": {"limit": 4}}
    assert grade(spec, [REQUEST], workers=1)[0].score == 1.0
    with pytest.raises(UnknownReward, match=r"has no reward 'concize'; did you mean 'concise'\?"):
        find(f"{file}:concize")
    with pytest.raises(UnknownReward, match=r"is a file; .*my_rewards\.py:FUNCTION \(it has: brevity, brief, c"):
        find(str(file))


def test_what_a_module_offers_beside_its_own_functions_is_named_where_a_name_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "offers.py"
    file.write_text("from math import fsum\nRATE = 0.5\n__all__ = ['fsum']\ndef own(request): return RATE\n")
    with pytest.raises(UnknownReward, match=r"has no reward 'fsun'; did you mean 'fsum'\? \(it has: fsum, own\)"):
        find(f"{file}:fsun")
    with pytest.raises(UnknownReward, match=r"has no reward 'RATE', which is 0\.5 and no function"):
        find(f"{file}:RATE")


def test_files_that_are_missing_or_do_not_load_say_so(tmp_path: Path) -> None:
    with pytest.raises(UnknownReward, match="there is no file"):
        find(f"{tmp_path}/none.py:f")
    file = tmp_path / "broken.py"
    file.write_text("import a_module_that_is_not_there\n")
    with pytest.raises(InvalidReward, match=r"cannot be imported: ModuleNotFoundError: .* pip install a_module"):
        find(f"{file}:f")
    leaving = tmp_path / "leaving.py"
    leaving.write_text("import sys\nsys.exit(3)\n")
    with pytest.raises(InvalidReward, match="cannot be imported: SystemExit: 3"):
        find(f"{leaving}:f")


def test_a_reward_of_an_interactive_session_is_graded_in_this_process_and_that_is_said() -> None:
    space: dict[str, object] = {"__name__": "__console__"}
    code = "from rewards import reward\n@reward('test_typed_in')\ndef typed_in(request): return 1.0\n"
    exec(code, space)
    with pytest.warns(GradedInProcess, match="'test_typed_in' was defined in an interactive session"):
        assert grade("test_typed_in", [REQUEST])[0].score == 1.0


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1", None, [1.0], 1 + 0j])
def test_what_is_no_finite_number_is_ungraded(value: object) -> None:
    result = grade_from(value, reward="r", scale=None)
    assert result.verdict is Verdict.UNGRADED
    assert "'r' returned" in result.reason


@pytest.mark.parametrize(
    "returned", [2.5, -0.1, 1e300, GradeResult.scored(3.0)], ids=["above", "below", "far", "grade"]
)
def test_a_score_outside_the_declared_bounds_is_ungraded(returned: object) -> None:
    bounded = replace(find("test_clipped"), target=lambda _request: returned)
    (result,) = asyncio.run(bounded.grader({}).grade([REQUEST]))
    assert result.verdict is Verdict.UNGRADED
    assert result.reason.endswith("its floor and ceiling are [0, 2]")


def test_a_grade_of_a_reward_with_right_and_wrong_may_pay_more_than_its_correctness() -> None:
    made = GradeResult(score=1.5, correctness=1.0, verdict=Verdict.CORRECT)
    paid_more = replace(find("test_clipped"), scale=(0.0, 1.0), floor=None, ceiling=None, target=lambda _request: made)
    assert asyncio.run(paid_more.grader({}).grade([REQUEST])) == [made]


def test_a_bound_is_not_exceeded_by_what_single_precision_rounds() -> None:
    tenth = np.float32(0.1)  # a little more than 0.1
    assert grade_from(tenth, reward="r", scale=None, bounds=(-0.1, 0.1)).verdict is Verdict.SCORED
    assert grade_from(-tenth, reward="r", scale=None, bounds=(-0.1, 0.1)).verdict is Verdict.SCORED
    assert grade_from(tenth, reward="r", scale=(0.0, 0.1)).verdict is Verdict.CORRECT
    assert grade_from(-tenth, reward="r", scale=(-0.1, 0.1)).verdict is Verdict.WRONG


def test_numpy_numbers_are_numbers() -> None:
    assert grade_from(np.float32(0.5), reward="r", scale=(0.0, 1.0)).verdict is Verdict.PARTIAL
    assert grade_from(np.int64(3), reward="r", scale=None).score == 3.0


def test_what_a_reward_raises_about_one_object_and_another_is_one_cause() -> None:
    reasons = {raised("r", ValueError(f"cannot score {object()}")).reason for _ in range(3)}
    assert reasons == {"reward 'r' raised ValueError: cannot score <object object>"}
