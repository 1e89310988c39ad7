"""The reward `choice`: letters in all spellings, with and without text, and what is no choice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import GradeRequest, GradeResult, InvalidRow, Reference, Verdict
from rewards.rules.choice import choice, read_choice
from rewards.types import DataReference, reference_from

OPTIONS = ["Rome", "Paris", "London", "Both Rome and Paris", "None of the above"]
BARE = reference_from({"type": "choice", "answer": "B"})
FULL = reference_from({"type": "choice", "answer": "B", "options": OPTIONS})


def judge(response: str, reference: Reference = BARE, **parameters: str) -> GradeResult:
    return choice(GradeRequest(response=response, reference=reference), **parameters)  # type: ignore[arg-type]


RIGHT = [
    *("B", "b", "(B)", "(b)", "[B]", "B.", "B)", "b)", "B!", "{B}", "**B**", "*B*", "`B`", '"B"', "'B'", "Ⓑ", "Ｂ"),
    *("$B$", r"\(B\)", r"\text{B}", r"\boxed{B}", r"\boxed{\text{B}}", r"\boxed{\textbf{(B)}}", "B\u200b"),
    *("option B", "Option (B)", "Choice B", "Answer: B", "answer: b", "The answer is B", "The answer is B."),
    *("The correct answer is **B**", "the correct answer is (B) Paris", "The answer is option B.", "Final Answer: (B)"),
    *(
        "**Answer:** B",
        "**Answer: B**",
        "The answer is: B",
        "The answer is (b).",
        "My answer is B",
        "correct choice: B",
    ),
    *("B. Paris", "B) Paris", "(B) Paris", "B: Paris", "B - Paris", "B, Paris", "b. Paris", "B. Paris, not London"),
    "B, because it is the capital",
    "The answer is B because A and C are wrong",
    "The answer is (B), not (C).",
    *("B is correct", "B is the correct answer.", "Option B is correct", "(B) is the right answer"),
    *("I choose B", "I'd go with B.", "So it must be B.", "Therefore, the correct option is B.", "#### B"),
    *("<answer>B</answer>", "<answer> (B) Paris </answer>", r"<answer>\boxed{B}</answer>", "<answer>Option B</answer>"),
    *("<think>A or C</think>B", "<think>A</think> The answer is (B).", "A</think>B"),
    *("We rule out A and C. So the answer is B.", "A is wrong.\n\nAnswer: **B**", "A is nice.\n\n(B)"),
    *("Answer:\nB", "The answer is:\n\nB", "The answer is A. No, wait: the answer is B."),
    r"\boxed{A}, wait, no. The answer is \boxed{B}",
    "<answer>A</answer> <answer>B</answer>",
    "B<|im_end|>C",
    *("- B", "Ans: B", r"\boxed{\mathsf{B}}", r"\boxed{\textit{B}}"),
    *("I would not choose A. I choose B", "A is wrong; the answer is B", "Not sure. The answer is B"),
    *("答案是B", "答案：B", "正确答案是（B）。", "选B", "故选 B。", "应该选择B", "选项B", "B。", "【答案】B"),
    *("B是正确的", "A是错的，所以选B。", "排除A、C，选B", "不是A，答案是B", "<answer>选B</answer>", r"答案是\boxed{B}"),
    *("Ｂ、巴黎", "答えはBです", "정답은 B입니다"),
]  # fmt: skip
WRONG = [
    *("A", "C", "(C)", "c", "The answer is C", "<answer>C</answer>", r"\boxed{D}", "8", "BB8", "F"),
    *("A or B", "B or A", "A and B", "A, B", "B, C", "A/B", "AB", "BA", "B/C", "A & B", "B + C", "B;C", "A B"),
    *("(A) or (B)", "(A), (B)", "(B)(C)", "both A and B", "Either A or B", "option A and option B", "A, B, C, D"),
    *("The answer is A or B", "The answer is (A) Rome or (B) Paris", "The answer is B or C.", "B or maybe C"),
    *("B. Paris or C. London", "The answer is B, or possibly C", "B (or C)", "B and C are both correct"),
    *(r"\boxed{A} or \boxed{B}", r"\boxed{A, B}", r"\boxed{B}, \boxed{C}", "<answer>A or B</answer>"),
    *("<answer>ABCDE</answer>", "<answer>(A)(B)(C)</answer>", "<answer>not B</answer>", "<answer></answer>"),
    *("not B", "B is wrong", "Anything but B", "The answer is C, not B.", "<answer>B</answer><answer>C</answer>"),
    "The answer is B. Actually, the answer is C.",
    *("<think>B</think>", "<think>B", "<think>B</think>C", "<answer>B", "", " ", "\u200b"),
    *("В", "Answer: В", "Β"),  # Cyrillic and Greek
    *("The answer is A or the answer is B", "Choose A or choose B", "Answer: A or\nAnswer: B", "Answer: A / Answer: B"),
    *("<answer>A</answer> or <answer>B</answer>", "<answer>A</answer>, <answer>B</answer>", "B. C.", "B.A", "B) C)"),
    *("I would not choose B", "Don't pick B", "I can't say the answer is B", "It is false that the answer is B"),
    *("The wrong answer is B", "The incorrect option is B", "Neither A nor B is correct", "B (or A)", "B (A)"),
    *("B (crossed out) A", "B (no)"),
    *("答案不是B", "不选B", "答案是A或B", "A和B", "选A还是选B", "选A、B", "B是错的", "B选项错误", "不应选B"),
    *("错误的答案：B", "除B以外", "答案是A，不是B", "答案是B，也可以是C", "无法确定是A还是B", "B超检查", "B型"),
    *("Blue", "A dog", "I think Boston", "The letter is hidden", "Because of this, no"),
]  # fmt: skip


@pytest.mark.parametrize("reference", [BARE, FULL], ids=["without texts", "with texts"])
@pytest.mark.parametrize("response", RIGHT)
def test_the_letter_is_read_in_every_usual_spelling(response: str, reference: Reference) -> None:
    result = judge(response, reference)
    assert (result.verdict, result.extracted) == (Verdict.CORRECT, "B"), result.reason


@pytest.mark.parametrize("reference", [BARE, FULL], ids=["without texts", "with texts"])
@pytest.mark.parametrize("response", WRONG)
def test_another_letter_a_hedge_or_none_is_not_right(response: str, reference: Reference) -> None:
    result = judge(response, reference)
    assert result.verdict in (Verdict.WRONG, Verdict.NO_ANSWER)
    assert (result.score, result.correctness) == (0.0, 0.0)
    assert result.reason


@pytest.mark.parametrize(
    "response",
    [
        *("Paris", "paris.", "The answer is Paris", "<answer>Paris</answer>", "B Paris", r"\boxed{Paris}"),
        *("**Paris (B)**", "B (Paris)", "<answer>B (Paris)</answer>"),
    ],
)
def test_the_text_of_a_known_option_is_its_letter(response: str) -> None:
    assert judge(response, FULL).extracted == "B"
    assert judge(response, BARE).verdict is not Verdict.CORRECT


@pytest.mark.parametrize(
    "response",
    [
        "Paris (A)",
        "Rome (B)",
        "B (Rome)",
        "A. Paris",
        "A Paris",
        "B. Rome",
        "(B) London",
        "Rome",
        "D",
        "Both Rome and Paris",
        "Rome or Paris",
        "not Paris",
    ],
)
def test_a_letter_with_the_text_of_another_option_is_not_right(response: str) -> None:
    assert judge(response, FULL).verdict is not Verdict.CORRECT


def test_options_in_chinese_are_read_as_others_are() -> None:
    options = reference_from({"type": "choice", "answer": "B", "options": ["罗马", "巴黎和里昂", "都不对"]})
    for response in ("巴黎和里昂", "答案是巴黎和里昂。", "B. 巴黎和里昂", "答案是B、巴黎和里昂", "（B）巴黎和里昂"):
        assert judge(response, options).extracted == "B"
    for response in ("A. 巴黎和里昂", "不是巴黎和里昂", "罗马或巴黎和里昂", "巴黎", "都不对"):
        assert judge(response, options).verdict is not Verdict.CORRECT
    assert judge("都不对", options).extracted == "C"


def test_a_hedge_names_its_letters() -> None:
    assert judge("A or B").reason == "names several options: A, B"
    assert judge("B. Rome", FULL).reason == "the letter B stands with the text of A"


def test_an_article_is_no_letter() -> None:
    first = reference_from({"type": "choice", "answer": "A"})
    for response in ("A dog", "a dog", "A cat is a mammal.", "The answer is a dog", "a - b"):
        assert judge(response, first).verdict is Verdict.NO_ANSWER
    for response in ("A", "a", "Answer: a", "The answer is a.", "(a) a dog", "A. A dog"):
        assert judge(response, first).verdict is Verdict.CORRECT


def test_strict_looks_at_the_answer_and_the_box_alone() -> None:
    assert judge("<answer>B</answer>", policy="strict").score == 1.0
    assert judge(r"so \boxed{B}", policy="strict").score == 1.0
    for response in ("B", "The answer is B", "#### B"):
        assert judge(response, policy="strict").verdict is Verdict.NO_ANSWER


def test_letters_go_as_far_as_the_options_do() -> None:
    far = reference_from({"type": "choice", "answer": "G"})
    assert judge("The answer is (G)", far).score == 1.0
    assert judge("G or H", far).verdict is Verdict.WRONG
    assert judge("(G)", FULL).verdict is Verdict.WRONG


def test_another_kind_of_reference_is_not_judged() -> None:
    assert judge("B", DataReference(value="B")).verdict is Verdict.UNGRADED


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"answer": "Paris"}, "the letter of the right option, such as 'B', not 'Paris'"),
        ({"answer": 1}, "not 1"),
        ({}, "not None"),
        ({"answer": "C", "options": ["x", "y"]}, "reference.answer is 'C', which is none of the options A, B"),
        ({"answer": "A", "options": ["x"]}, "at least two options, not 1"),
        ({"answer": "A", "options": "xy"}, "a list of texts or an object"),
        ({"answer": "A", "options": {"first": "x", "B": "y"}}, "named by the letters A to Z, not 'first'"),
        ({"answer": "A", "options": [None, "y"]}, "reference.options.A must be a string or a number, not None"),
        ({"answer": "A", "options": ["x"] * 27}, "27 options; there are letters for 26"),
        ({"answer": "A", "option": ["x"]}, "unknown fields"),
    ],
)
def test_a_reference_that_cannot_be_read_says_why(row: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidRow, match=message):
        reference_from({"type": "choice", **row})


def test_options_that_name_their_letters_lose_them() -> None:
    for options in (["A) red", "B) blue"], ["(A) red", "(B) blue"], {"B": "blue", "A": "red"}):
        read = reference_from({"type": "choice", "answer": "(b)", "options": options})
        assert read.to_dict() == {"type": "choice", "answer": "B", "options": {"A": "red", "B": "blue"}}
        assert reference_from(read.to_dict()) == read
    kept = reference_from({"type": "choice", "answer": "A", "options": ["B) x", "A) y"]})
    assert kept.to_dict()["options"] == {"A": "B) x", "B": "A) y"}


@given(st.text())
def test_no_text_raises(text: str) -> None:
    assert judge(text, FULL).score in (0.0, 1.0)
    read_choice(text)


def test_every_option_of_a_real_set_is_told_from_the_others(shared_data: Path) -> None:
    """AQuA: each option of each question, in eight spellings. Some questions give one text twice: then it is none."""
    rows = [json.loads(line) for line in (shared_data / "aqua" / "test.jsonl").read_text().splitlines()]
    mistakes = []
    for row in rows:
        reference = reference_from({"type": "choice", "answer": row["correct"], "options": row["options"]})
        options = reference.to_dict()["options"]
        assert isinstance(options, dict)
        for letter, text in options.items():
            spellings = [letter, f"({letter}) {text}", f"{letter}) {text}", f"The answer is {letter}. {text}"]
            spellings += [f"\\boxed{{{letter}}}", f"<think>E, D</think><answer>{letter}) {text}</answer>"]
            spellings += [f"So we get {text}.\nAnswer: {letter}"]
            spellings += [text] if list(options.values()).count(text) == 1 else []
            for response in spellings:
                right = judge(response, reference).verdict is Verdict.CORRECT
                if right != (letter == row["correct"]):
                    mistakes.append((row["question"], response, row["correct"]))
    assert len(rows) == 254
    assert mistakes == []
