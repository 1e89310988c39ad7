"""Functions written for other trainers, taken as they are: what they are given, what becomes of what they return."""

from __future__ import annotations

import math
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from rewards import (
    GradeRequest,
    GradeResult,
    InvalidReward,
    InvalidRow,
    MathReference,
    UnknownReward,
    Verdict,
    find,
    grade,
)
from rewards.adapters import adopt, to_openrlhf, to_trl, to_verl
from rewards.adapters.columns import turns_of
from rewards.errors import GradingUnavailable
from rewards.spec import RewardSpec
from rewards.spec_properties import has_right_and_wrong
from rewards.types import Json, messages_from

THEIRS = Path(__file__).parent / "theirs.py"


def request(response: str, answer: str = "4", **metadata: Json) -> GradeRequest:
    return GradeRequest(
        response=response,
        messages=messages_from("2+2?"),
        reference=MathReference(answer=answer),
        metadata=metadata,
    )


def graded(kind: str, function: str, requests: Sequence[GradeRequest], **parameters: Json) -> list[GradeResult]:
    spec = {"reward": f"{kind}:{THEIRS}:{function}", "parameters": parameters}
    return grade(spec, requests, workers=1)


def scores(kind: str, function: str, requests: Sequence[GradeRequest], **parameters: Json) -> list[float | None]:
    results = graded(kind, function, requests, **parameters)
    assert all(r.score is not None or "returned None" in r.reason for r in results), results
    return [r.score for r in results]


# --- TRL ------------------------------------------------------------------------------------------------------------


def test_trl_functions_get_texts_or_messages_as_they_say() -> None:
    both = [request("four"), request("so it is 4")]
    assert scores("trl", "close_to_twenty", both) == [-16.0, -10.0]
    assert scores("trl", "annotated", both) == [4.0, 10.0]
    assert scores("trl", "contents", both, form="chat") == [0.0, 1.0]
    (wrong_form,) = graded("trl", "contents", [request("4")])
    assert wrong_form.verdict is Verdict.UNGRADED
    assert "raised TypeError" in wrong_form.reason


def test_trl_functions_get_the_columns_that_they_name() -> None:
    assert scores("trl", "picky", [request("four", difficulty=3)]) == [3 + 4 + 4]
    assert scores("trl", "picky", [request("four", hardness=3)], columns={"difficulty": "hardness"}) == [11.0]
    (missing,) = graded("trl", "picky", [request("four", dificulty=3)])
    assert "it takes 'difficulty', and the row has no 'difficulty'; did you mean 'dificulty'?" in missing.reason
    level = GradeRequest(response="a", metadata={"level": 1})
    assert scores("trl", "later", [level]) == [1.0]


def test_trl_none_is_ungraded_and_a_stated_range_makes_right_and_wrong() -> None:
    results = graded(
        "trl", "contents", [request("4"), request("5"), request("4", answer="")], form="chat", range=[0, 1]
    )
    assert [r.verdict for r in results] == [Verdict.CORRECT, Verdict.WRONG, Verdict.UNGRADED]
    assert [r.correctness for r in results] == [1.0, 0.0, None]
    assert [r.verdict for r in graded("trl", "contents", [request("4")], form="chat")] == [Verdict.SCORED]


def test_trl_functions_that_cannot_work_here_say_why() -> None:
    two = [request("a"), request("b")]
    assert "it returned 1 value for 2 completions" in graded("trl", "too_few", two)[0].reason


# --- verl -----------------------------------------------------------------------------------------------------------


def test_verl_dicts_become_scores_parts_and_details() -> None:
    (result,) = graded("verl", "compute_score", [request("4", data_source="openai/gsm8k")], range=[-1, 1])
    assert (result.score, result.correctness, result.verdict) == (1.0, 1.0, Verdict.CORRECT)
    assert dict(result.parts) == {"acc": 1.0}
    assert dict(result.details) == {"pred": "4", "source": "openai/gsm8k"}
    (wrong,) = graded("verl", "compute_score", [request("5")], range=[-1, 1], data_source="mine")
    assert (wrong.score, wrong.correctness, wrong.details["source"]) == (-1.0, 0.0, "mine")


def test_verl_functions_may_be_plain_or_awaited_and_take_more_arguments() -> None:
    assert scores("verl", "compute_plain", [request("4", weight=2)], arguments={"bonus": 0.5}) == [3.5]
    assert scores("verl", "compute_later", [request("4"), request("5")]) == [1.0, 0.0]
    assert scores("verl", "needs_more", [request("4")], arguments={"weight": 3}) == [3.0]
    assert "a dict without 'score' (its keys: acc)" in graded("verl", "without_score", [request("4")])[0].reason


def test_a_score_outside_the_stated_range_is_ungraded_and_says_the_range() -> None:
    (result,) = graded("verl", "compute_score", [request("5")], range=[0, 1])
    assert result.verdict is Verdict.UNGRADED
    assert "returned -1.0; it has right and wrong, so its score must be in [0, 1]" in result.reason


# --- OpenRLHF and verifiers -----------------------------------------------------------------------------------------


def test_openrlhf_functions_get_texts_and_may_return_tensors_lists_or_dicts() -> None:
    right, wrong = graded("openrlhf", "reward_func", [request("4"), request("5")], range=[0, 1])
    assert (right.verdict, wrong.verdict) == (Verdict.CORRECT, Verdict.WRONG)
    assert dict(right.parts) == {"length": 5.0, "scores": 1.0}
    assert scores("openrlhf", "reward_list", [request("4"), request("5")]) == [0.25, 0.25]


def test_openrlhf_returns_of_odd_shapes_are_read_or_say_why_not() -> None:
    """The same texts are keys of a table in the file of the functions."""
    readable = ("a number", "a tensor of one number", "a number in a tensor", "a tensor of one row")
    logs = ("logs of all shapes", "logs that are none")
    reasons = {
        "a list of a list": "returned [0.5] of type list",
        "a tensor of two": "it returned 2 rewards for 1 queries",
        "an empty tensor": "it returned 0 rewards for 1 queries",
        "nothing": "returned None: it could not judge",
        "NaN": "returned nan; a score must be finite",
        "infinity": "returned inf; a score must be finite",
        "text": "returned '1' of type str",
        "bytes": "returned bytearray(b'a') of type bytearray",
        "a dict of other keys": "a dict without 'rewards' (its keys: reward)",
        "a dict of nothing": "returned None: it could not judge",
        "a dict in a dict": "returned {'a': 1.0} of type dict",
    }
    results = graded("openrlhf", "reward_odd", [request(text) for text in (*readable, *logs, *reasons)])
    assert [r.score for r in results] == [0.5] * 6 + [None] * len(reasons)
    assert [dict(r.parts) for r in results[4:6]] == [{"d": 2.0}, {}]
    for result, reason in zip(results[6:], reasons.values(), strict=True):
        assert reason in result.reason


def test_verifiers_functions_get_what_they_name() -> None:
    assert scores("verifiers", "exact", [request("4"), request("5")]) == [1.0, 0.0]
    assert scores("verifiers", "by_state", [request("a", wanted="4", level=3)]) == [4.0]
    group = [GradeRequest(response=text, group_id="g") for text in ("aaa", "a", "aa")]
    assert scores("verifiers", "ranked", group) == [2.0, 0.0, 1.0]


# --- names, files, mistakes -----------------------------------------------------------------------------------------


def test_a_function_is_adopted_under_a_name_with_values_of_its_own() -> None:
    spec = f"{THEIRS}:test_signed_score"
    (result,) = grade(spec, [request("4")], workers=1)
    assert (result.score, result.correctness, result.details["source"]) == (1.0, 1.0, "gsm8k")
    assert find(spec).identity == "test_signed_score@4"
    assert has_right_and_wrong(RewardSpec.from_dict(spec))
    other = {"reward": spec, "parameters": {"data_source": "other"}}
    assert grade(other, [request("4")], workers=1)[0].details["source"] == "other"
    assert [r.score for r in grade(spec, [request("loop"), request("4")], workers=1)] == [-1.0, 1.0]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("trl:{}:wants_ids", "no token ids here: it grades inside TRL only"),
        ("trl:{}:no_ones", r"'no_ones' is no reward function of TRL: it takes \(text\)"),
        ("verl:{}:ranked", "is no reward function of verl: it takes"),
        ("openrlhf:{}:ranked", "OpenRLHF calls it with queries, prompts, labels"),
        ("verifiers:{}:no_ones", "is no function of a rubric"),
        ("verifiers:{}:in_a_box", "'in_a_box' needs a runtime of verifiers"),
        ("verifiers:{}:OfATask.exact", "'OfATask.exact' is a method; name its task, verifiers:PLACE:OfATask"),
        ("verl:{}:test_signed_score", "is registered with @reward, so it is ours"),
        ("trl:{}:clos_to_twenty", "did you mean 'close_to_twenty'"),
        ("trl:no_such_trainer.rewards:f", "pip install no_such_trainer"),
    ],
)
def test_what_cannot_be_taken_is_refused_before_any_grade(name: str, message: str) -> None:
    with pytest.raises((InvalidReward, UnknownReward), match=message):
        find(name.format(THEIRS))


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("verl:{}:needs_more", {}, r"the function requires 'weight', and verl passes it only .*\{'weight': \.\.\.\}"),
        ("verl:{}:needs_more", {"wieght": 2}, r"no such argument; did you mean 'weight'\? .*passes: weight\)"),
        ("verl:{}:needs_more", {"weight": 2, "solution_str": "4"}, "holds 'solution_str', which each response has"),
        ("verl:{}:needs_more", {"weight": 2, "data_source": "x"}, "'data_source', .*; give it as the parameter"),
        ("openrlhf:{}:reward_func", {"k": 1}, r"takes no such argument \(besides those that openrlhf passes: none"),
        ("verifiers:{}:with_more", {}, r"requires 'tools', and verifiers passes it only task, trace"),
        ("trl:{}:annotated", {"completions": []}, "holds 'completions', which each response has its own of"),
    ],
)
def test_arguments_that_a_call_would_lack_or_pass_twice_are_found_before_any_row(
    name: str, arguments: dict[str, Json], message: str
) -> None:
    with pytest.raises(InvalidReward, match=message):
        grade({"reward": name.format(THEIRS), "parameters": {"arguments": arguments}}, [])


@pytest.mark.parametrize("kind", ["trl", "verl", "openrlhf", "verifiers"])
def test_a_trainers_name_before_a_bare_name_is_told_what_stands_there_and_whose_the_name_is(kind: str) -> None:
    with pytest.raises(UnknownReward, match=f"'{kind}:math' names no function: .* such as {kind}:.*'math' alone is a"):
        find(f"{kind}:math")
    with pytest.raises(UnknownReward, match=rf"behind '{kind}:' stand a file or module and a function in it") as raised:
        find(f"{kind}:./score.py")
    assert "alone" not in str(raised.value)


def test_a_module_that_is_called_as_a_trainer_is_searched_for_its_functions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "openrlhf", raising=False)
    (tmp_path / "openrlhf.py").write_text("def mine(request): return 0.5\n")
    assert find("openrlhf:mine").qualname == "mine"


def test_options_are_checked() -> None:
    with pytest.raises(InvalidReward, match=r"parameter 'range' must be the scores of wrong and right.*not \[1, 0\]"):
        grade({"reward": f"verl:{THEIRS}:compute_score", "parameters": {"range": [1, 0]}}, [request("4")])
    with pytest.raises(InvalidReward, match="has no parameter 'rage'; did you mean 'range'"):
        grade({"reward": f"verl:{THEIRS}:compute_score", "parameters": {"rage": [1, 0]}}, [request("4")])
    with pytest.raises(InvalidReward, match="there is no adapter 'vrel'; did you mean 'verl'"):
        adopt("vrel", print, name="x")
    with pytest.raises(InvalidReward, match="has no option 'columms'; did you mean 'columns'"):
        adopt("trl", lambda completions: completions, name="x", columms={})


# --- ours, as others call them --------------------------------------------------------------------------------------


def test_trl_is_given_scores_and_none_for_what_could_not_be_judged() -> None:
    math = to_trl("math")
    assert pickle.loads(pickle.dumps(math)).__name__ == math.__name__ == "math"  # AsyncGRPOTrainer sends it away
    logged: dict[str, float] = {}
    found = math(
        prompts=["2+2?"] * 3,
        completions=[[{"role": "assistant", "content": r"\boxed{4}"}], [{"role": "assistant", "content": "5"}], "x"],
        completion_ids=[[1]] * 3,
        answer=["4", "4", "4"],
        level=[1, 2, 3],
        log_metric=logged.__setitem__,
        trainer_state=object(),
    )
    assert found == [1.0, 0.0, 0.0]
    assert logged == {"math/ungraded": 0.0}
    ungraded = to_trl("math")(completions=["4"], prompts=["a"], log_metric=logged.__setitem__)
    assert (ungraded, logged["math/ungraded"]) == ([None], 1.0)


def test_trl_prompts_may_come_in_blocks_and_hold_turns_without_a_text() -> None:
    prompt = [
        {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "2+2?"}]},
        {"role": "assistant", "content": None, "tool_calls": [{"name": "add"}]},
    ]
    answer = [{"role": "assistant", "content": [{"type": "text", "text": "\\boxed{4}"}]}]
    assert to_trl("math")(prompts=[prompt], completions=[answer], solution=["4"]) == [1.0]
    assert turns_of(prompt) == [{**prompt[0], "content": "2+2?"}, {**prompt[1], "content": ""}]
    assert turns_of("2+2?") == "2+2?"


def test_trl_columns_are_named_where_several_could_be_the_answer() -> None:
    with pytest.raises(InvalidRow, match="the columns answer, solution could each hold the answer"):
        to_trl("math")(completions=["4"], answer=["4"], solution=["4"])
    assert to_trl("math", reference="solution")(completions=["4"], answer=["5"], solution=["4"]) == [1.0]
    with pytest.raises(InvalidRow, match="has no column 'sol' "):
        to_trl("math", reference="sol")(completions=["4"], answer=["4"])
    reference = {"type": "countdown", "numbers": [2, 3], "target": 5}
    assert to_trl("countdown")(completions=["<answer>2+3</answer>"], reference=[reference]) == [1.0]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"prompts": ["a"]}, "prompts has 1 item, and completions has 2; one for each"),
        ({"prompts": ["a"] * 3}, "prompts has 3 items, and completions has 2; one for each"),
        ({"answer": ["4"]}, "column 'answer' has 1 item, and completions has 2"),
        ({"answer": ["4"] * 3}, "column 'answer' has 3 items, and completions has 2"),
        ({"answer": ["4", "4"], "level": [1]}, "column 'level' has 1 item, and completions has 2"),
        ({"answer": "44"}, "column 'answer' must be a list, not '44'"),
        ({"completions": "44"}, "completions must be a list, not '44'"),
        ({"completions": None}, "completions must be a list, not None"),
    ],
)
def test_trl_columns_of_other_lengths_are_named(given: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidRow, match=said):
        to_trl("math")(**{"completions": ["4", "5"], **given})


def test_trl_columns_may_be_arrays_and_a_text_beside_them_is_no_column() -> None:
    import numpy as np

    right = [r"\boxed{4}"] * 2
    assert to_trl("math")(completions=right, prompts=np.array(["a", "b"]), answer=["4", "5"], split="train") == [
        1.0,
        0.0,
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"labels": None}, "labels must be a list, not None"),
        ({"labels": "4"}, "labels must be a list, not '4'"),
        ({"labels": ["4", "4"]}, "labels has 2 items, and queries has 1; one for each"),
        ({"prompts": []}, "prompts has 0 items, and queries has 1"),
        ({"queries": "2+2?4"}, "queries must be a list, not '2"),
        ({"queries": [None]}, "a query and its prompt must be text, not None and '2"),
    ],
)
def test_lists_of_openrlhf_of_other_lengths_are_named(given: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidRow, match=said):
        to_openrlhf("math")(**{"queries": ["2+2?4"], "prompts": ["2+2?"], "labels": ["4"], **given})


@pytest.mark.parametrize("ungraded", [math.nan, math.inf, "0", True])
def test_what_is_given_to_a_trainer_is_checked_when_it_is_made(ungraded: float) -> None:
    for made in (to_verl, to_openrlhf):
        with pytest.raises(InvalidReward, match="give the score of what cannot be judged"):
            made("math", ungraded=ungraded)
    for give in (to_trl, to_verl, to_openrlhf):
        with pytest.raises(UnknownReward, match="did you mean 'math'"):
            give("mth")


def test_verl_is_given_a_score_and_what_its_metrics_take() -> None:
    compute = to_verl("math")
    given = {"data_source": "x", "extra_info": {"index": 3, "more": {1: {2}}}}
    row = compute(solution_str=r"\boxed{4}", ground_truth="4", **given)
    assert row == {"score": 1.0, "pred": "4", "acc": 1.0, "ungraded": 0.0}
    assert "acc" not in to_verl("repetition")(solution_str="a", ground_truth=None, reward_router_address="host")
    with pytest.raises(InvalidReward, match=r"verl passes 'policy' .* which this function does not read"):
        compute(solution_str="4", ground_truth="4", policy="strict")


def test_openrlhf_is_given_numbers_and_the_response_is_what_follows_the_prompt() -> None:
    reward_func = to_openrlhf("math")
    query = "2+2?" + r"\boxed{4}" + "<|im_end|>\n<|endoftext|>"
    assert reward_func([query], ["2+2?"], ["4"]) == {"rewards": 1.0, "scores": 1.0, "extra_logs": {"ungraded": 0.0}}
    assert reward_func(["2+2?5", "2+2?4"], ["2+2?"] * 2, ["4"] * 2)["rewards"] == [0.0, 1.0]
    exact = to_openrlhf("regex")
    label = {"type": "regex", "pattern": "four", "mode": "full"}
    assert exact(["2+2?four</s>"], ["2+2?"], [label])["rewards"] == 1.0


COSTS = "<|im_start|>user\nA book costs 76 dollars . How much , in dollars , does it cost ?<|im_end|>\n"


@pytest.mark.parametrize(
    ("query", "prompt"),
    [
        (COSTS.replace(" .", ".").replace(" ,", ",").replace(" ?", "?"), COSTS),  # spaces cleaned up
        ("Ω is caf\u00e9\n", "\u2126 is cafe\u0301\n"),  # composed
        ("the value of x2\n", "the value of x²\n"),
        (COSTS[30:], COSTS),  # too long, its beginning cut off
        ("\ufffd" + COSTS[30:] + "e\u0301", "é" + COSTS + "e\u0301"),
        ("", " \n"),
    ],
)
def test_a_prompt_of_openrlhf_is_known_as_the_tokenizer_decodes_it(query: str, prompt: str) -> None:
    label: Json = {"type": "regex", "pattern": "four", "mode": "full"}
    assert to_openrlhf("regex")([query + "four</s>"], [prompt], [label])["rewards"] == 1.0


@pytest.mark.parametrize("prompt", ["2+2?", COSTS, COSTS + "no", "3+3? 4 dollars"])
def test_a_query_of_openrlhf_that_does_not_begin_with_its_prompt_is_refused(prompt: str) -> None:
    with pytest.raises(InvalidRow, match="not with its prompt"):
        to_openrlhf("math")(["3+3? 4"], [prompt], ["4"])


def test_what_could_not_be_judged_is_never_a_silent_zero() -> None:
    for made, arguments in (
        (to_verl, {"solution_str": "4", "ground_truth": None}),
        (to_openrlhf, {"queries": ["4"], "prompts": [""], "labels": [None]}),
    ):
        with pytest.raises(GradingUnavailable, match=r"could not be judged.*ungraded=0\.0"):
            made("math")(**arguments)  # type: ignore[operator]
        paid = made("math", ungraded=-0.5)(**arguments)  # type: ignore[operator]
        assert paid.get("score", paid.get("rewards")) == -0.5
        assert paid.get("ungraded", paid.get("extra_logs")) in (1.0, {"ungraded": 1.0})


def test_references_of_other_trainers_may_be_json_text_and_numbers_of_numpy() -> None:
    import numpy as np

    text = '{"type": "countdown", "numbers": [2, 3], "target": 5}'
    solution = "<answer>2+3</answer>"
    assert to_verl("countdown")(solution_str=solution, ground_truth=text)["score"] == 1.0
    assert to_openrlhf("countdown")([solution], [""], [text])["rewards"] == 1.0
    assert to_trl("countdown")(completions=[solution], reference=[text]) == [1.0]
    assert to_verl("math")(solution_str=r"\boxed{4}", ground_truth=np.int64(4))["score"] == 1.0
    assert to_verl("math")(solution_str=r"\boxed{\{1, 2\}}", ground_truth=r"\{1, 2\}")["score"] == 1.0


def test_a_function_of_another_trainer_that_is_named_as_ours_is_told_how_it_is_named() -> None:
    for function, kind in (("close_to_twenty", "trl"), ("compute_plain", "verl"), ("reward_func", "openrlhf"),
                           ("exact", "verifiers")):  # fmt: skip
        with pytest.raises(InvalidReward, match=rf"looks like a function for another trainer: name it {kind}:FILE"):
            find(f"{THEIRS}:{function}")
