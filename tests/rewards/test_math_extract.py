"""Where an answer is found: the forms, the two policies, thinking that never counts."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards.math.extract import Extracted, Form, extract, last_box, visible


def strict(response: str, form: Form = "any") -> str | None:
    found = extract(response, policy="strict", form=form)
    return None if found is None else found.text


def lenient(response: str) -> str | None:
    found = extract(response, policy="lenient")
    return None if found is None else found.text


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (r"\boxed{5}", "5"),
        (r"first \boxed{4}, then \boxed{5}", "5"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{\boxed{5}}", "5"),
        (r"\boxed{\text{a \boxed{5}}}", r"\text{a \boxed{5}}"),
        (r"\boxed {5}", "5"),
        (r"\fbox{5}", "5"),
        (r"is $\boxed 9$.", "9"),
        (r"{ { \boxed{5} }", "5"),
        (r"} \boxed{5} and \boxed{6", "5"),
        ("<answer> 5 </answer>", "5"),
        ("<answer>4</answer><answer>5</answer>", "5"),
        (r"<answer>It is \boxed{5}.</answer>", "5"),
        ("reason\n#### 5", "5"),
        ("#### 4\n#### 1,234 \nmore", "1,234"),
        (r"#### 4" + "\n" + r"<answer>6</answer> \boxed{5}", "5"),
        ("#### 4\n<answer>5</answer>", "5"),
    ],
)
def test_strict_takes_the_last_of_the_first_form_that_is_there(response: str, answer: str) -> None:
    assert strict(response) == answer
    assert lenient(response) == answer


@pytest.mark.parametrize(
    "response",
    ["", "5", "The answer is 5.", r"\boxed{", r"\boxed{}", "<answer></answer>", "####", "<answer>5", "5</answer>"],
)
def test_strict_finds_nothing_elsewhere(response: str) -> None:
    assert strict(response) is None


@pytest.mark.parametrize(("form", "answer"), [("boxed", "1"), ("answer_tag", "2"), ("hash", "3"), ("any", "1")])
def test_a_form_is_the_only_place_looked_at(form: Form, answer: str) -> None:
    response = "<answer>2</answer> \\boxed{1}\n#### 3"
    assert strict(response, form) == answer
    assert extract("the answer is 5", policy="lenient", form=form) == (
        Extracted("5", "said") if form == "any" else None
    )


@pytest.mark.parametrize(
    ("response", "seen"),
    [
        ("<think>a</think>b", "b"),
        ("a<think>b</think>c", "ac"),
        ("a</think>b", "b"),
        ("a</think>b</think>c", "c"),
        ("<think>a</think>b<think>c</think>d", "bd"),
        ("<think>a<think>b</think>c", "c"),
        ("<think>a<think>b</think>c</think>d", "d"),
        ("no tags", "no tags"),
        ("<think>a", None),
        ("a<think>b</think>c<think>d", None),
    ],
)
def test_thinking_is_not_seen(response: str, seen: str | None) -> None:
    assert visible(response) == seen


def test_a_prefilled_prompt_begins_the_response_in_its_thinking() -> None:
    assert visible("a</think>b", prefilled=True) == "b"
    assert visible(r"\boxed{5}", prefilled=True) is None
    assert visible(r"\boxed{5}") == r"\boxed{5}"


@pytest.mark.parametrize(
    "response", [r"<think>\boxed{5}</think>", r"<think>\boxed{5}", r"\boxed{5}</think>", r"\boxed{5} <think> hm"]
)
def test_what_is_thought_is_no_answer_under_either_policy(response: str) -> None:
    assert strict(response) is None
    assert lenient(response) is None


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("5", "5"),
        (" $\\frac{3}{4}$ \n", "$\\frac{3}{4}$"),
        ("(3, 4)", "(3, 4)"),
        ("x = 5", "x = 5"),
        ("The answer is 5.", "5"),
        ("The answer is 5 apples, of 7.", "5"),
        ("Answer: $\\frac{1}{2}$ of them", "\\frac{1}{2}"),
        ("The final answer is **42**.", "42"),
        ("The answer is 2^3", "2^3"),
        ("The answer is 3/4.", "3/4"),
        ("The answer is -5", "-5"),
        ("First the answer is 4. No, the answer is 5.", "5"),
        ("we have 3 + 4 = 7 apples.", "7"),
        ("It costs $5.50 in all", "$5.50"),
        ("3 and then 1,234", "1,234"),
        ("it is 50%", "50%"),
        ("Evelyn", "Evelyn"),
        ("\\text{Evelyn}", "\\text{Evelyn}"),
        ("**Answer:** 5", "5"),
        ("**Answer: 5**", "5"),
        ("**Final answer**: 5.", "5"),
        ("The answer is $5$, since 2 + 3 = 5.", "5"),
        ("The answer is 5, as 2 + 3 = 5.", "5"),
        ("The answer is 5 million.", "5 million"),
        ("It is 5x.", "5x"),
        ("So it is 10^5", "10^5"),
        ("The result is \\frac{1}{5}", "\\frac{1}{5}"),
        ("The result is $\\frac{1}{5}$.", "\\frac{1}{5}"),
        ("Thus $x = 3 + 2 = \\sqrt{5}$.", "\\sqrt{5}"),
        ("so x=\\sqrt{5}", "\\sqrt{5}"),
        ("It is f(5)", "f(5)"),
        ("It costs $3, then $4, in all $7.", "$7"),
        ("It is (see 4) 5!", "5"),
        ("a 5-year-old", "5"),
        ("about 5cm", "5"),
        ("around 5\\%", "5\\%"),
    ],
)
def test_lenient_looks_further(response: str, answer: str) -> None:
    assert lenient(response) == answer
    assert strict(response) is None


@pytest.mark.parametrize(
    ("response", "hedge"),
    [
        ("The answer is 5 or 6.", "5 or 6"),
        ("The answer is 5, 6", "5, 6"),
        ("It is 5 or 6", "5 or 6"),
        ("It is 1, 2, 3, 4 or 5.", "1, 2, 3, 4 or 5"),
        ("somewhere in 3-5", "3-5"),
        ("between 3 and 5", "3 and 5"),
        ("1 2 3 4 5", "1 2 3 4 5"),
        ("The answer is 5 (or 6).", "5 (or 6)"),
        ("The answer is 5 perhaps 6", "5 perhaps 6"),
        ("The answer is $5$ (or $6$).", "$5$ (or $6$)"),
        ("The answer is **5** or **6**", "5** or **6"),
        ("It is $5$ or $6$", "$5$ or $6"),
    ],
)
def test_several_values_are_taken_together(response: str, hedge: str) -> None:
    assert lenient(response) == hedge


def test_nothing_is_found_in_nothing() -> None:
    assert lenient("") is None
    assert lenient("a long story without any number, told at length and with no end in sight") is None


HOSTILE = [
    "\\boxed{" * 60_000,
    "\\boxed{" * 60_000 + "5" + "}" * 60_000,
    "{" * 300_000,
    "<think>" * 60_000 + "</think>" * 60_000,
    "<answer>" * 60_000 + "</answer>" * 60_000,
    "answer is " * 60_000,
    "answer" + " " * 500_000,
    "1," * 250_000,
    "1" * 500_000,
    "1 or " * 100_000,
    "1" + " " * 500_000 + "x2",
    ("1," + " " * 30 + "x") * 15_000,
    "####" * 100_000,
    "-" * 500_000,
    "$" * 500_000,
    "\\text{" * 80_000,
    "1e" * 200_000,
    ".5" * 200_000,
    "\\" * 500_000,
    "\\(" * 200_000 + "5",
    "$" + "a" * 500_000 + "5",
    "5" + "a" * 500_000,
    "a" * 500_000 + "5" * 500_000,
    r"\boxed{1} or " * 40_000,
    "or " * 200_000 + "5",
    "answer is 5 " + "or " * 200_000,
    ("$1$ or " * 70_000),
]


@pytest.mark.parametrize("response", HOSTILE, ids=range(len(HOSTILE)))
def test_extraction_is_linear_in_the_length(response: str) -> None:
    began = time.process_time()
    for policy in ("strict", "lenient"):
        extract(response, policy=policy)  # type: ignore[arg-type]
    assert time.process_time() - began < 3.0


@given(st.text(alphabet="\\boxed{}<think/answer>#$0123456789.,- \n", max_size=80))
def test_any_text_can_be_looked_through(text: str) -> None:
    for policy in ("strict", "lenient"):
        found = extract(text, policy=policy)  # type: ignore[arg-type]
        assert found is None or found.text


@given(
    st.recursive(st.text(alphabet="ab 1", max_size=4), lambda inner: inner.map(lambda t: "{" + t + "}"), max_leaves=6)
)
def test_a_box_gives_back_what_was_put_into_it(content: str) -> None:
    assert last_box(f"so \\boxed{{{content}}}.") == content.strip()
