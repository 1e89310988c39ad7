"""Where an answer is found: the forms, the two policies, thinking and turns that never count."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rewards.math.extract import Extracted, Form, extract, last_box, turn, visible


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
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\{1, 2\}}", r"\{1, 2\}"),
        (r"\boxed{\{\}}", r"\{\}"),
        (r"\boxed {5}", "5"),
        ("\\boxed{\n  5\n}", "5"),
        (r"\fbox{5}", "5"),
        (r"is $\boxed 9$.", "9"),
        (r"is $\boxed9$.", "9"),
        (r"is \boxed 42, not 43.", "42"),
        (r"is $\boxed x$", "x"),
        (r"is $\boxed\frac{1}{2}$", r"\frac{1}{2}"),
        (r"{ { \boxed{5} }", "5"),
        (r"} \boxed{5} and \boxed{6", "5"),
        ("<answer> 5 </answer>", "5"),
        ("<Answer>5</ANSWER>", "5"),
        ("<answer>4</answer><answer>5</answer>", "5"),
        ("<answer>**5**</answer>", "5"),
        ("<answer>16 or 18</answer>", "16 or 18"),
        (r"<answer>It is \boxed{5}.</answer>", "5"),
        ("<answer>The answer is 5.</answer>", "5"),
        ("reason\n#### 5", "5"),
        ("####5", "5"),
        ("#### **5**", "5"),
        ("#### 16 or 17", "16 or 17"),
        ("#### 4\n#### 1,234 \nmore", "1,234"),
        ("#### 5\n#### Step 2: check\nIt fits.", "5"),
        ("#### 5\n#### Using both of the rules", "5"),
        (r"#### 4" + "\n" + r"<answer>6</answer> \boxed{5}", "5"),
        ("#### 4\n<answer>5</answer>", "5"),
    ],
)
def test_both_policies_take_the_last_of_the_first_form_that_is_there(response: str, answer: str) -> None:
    assert strict(response) == answer
    assert lenient(response) == answer


@pytest.mark.parametrize(
    "response",
    [
        "",
        "5",
        "The answer is 5.",
        "**Final answer: 5**",
        "$$5$$",
        r"\boxed{",
        r"\boxed{}",
        r"\boxed{\;}",
        "\\boxed{...}\n#### 5",
        "<answer></answer>\n#### 5",
        r"\boxed{5} or rather \boxed{ }",
        "####",
        "#### Step 2",
        "<answer>5",
        "5</answer>",
        "the command \\boxed and then 5",
        r"\boxedx 5",
        r"it is not $\boxed{5}$",
    ],
)
def test_strict_finds_nothing_elsewhere_nor_in_an_empty_form(response: str) -> None:
    assert strict(response) is None


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (r"\boxed{5}, in a box: \boxed{}", "5"),
        (r"The answer is 5. \boxed{}", "5"),
        ("<answer></answer> The answer is 5.", "5"),
        ("Put it in \\boxed{}.\n\nIt is \\boxed{5}", "5"),
        (r"The result is \boxed{}.", None),
        (r"Please put your final answer within \boxed{}.", None),
        (r"\boxed{ }", None),
        ("<answer></answer>", None),
        ("####", None),
    ],
)
def test_lenient_passes_over_empty_forms(response: str, answer: str | None) -> None:
    assert lenient(response) == answer


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (r"\boxed{\boxed{5}}", "5"),
        (r"\boxed{ \boxed{ \fbox{5} } }", "5"),
        (r"\boxed{x = \boxed{5}}", "x = {5}"),
        (r"\boxed{\boxed{2}, \boxed{3}}", "{2}, {3}"),
        (r"\boxed{5 \boxed 6}", "5  6"),
        (r"\boxed{\text{a \boxed{5}}}", r"\text{a {5}}"),
    ],
)
def test_a_box_in_a_box_is_opened(response: str, answer: str) -> None:
    assert last_box(response) == answer


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (r"\boxed{2}, \boxed{3}", "2, 3"),
        ("\\boxed{2}\n\\boxed{3}", "2, 3"),
        (r"\boxed{2}; \boxed{3}", "2, 3"),
        (r"The roots are $\boxed{2}$ and $\boxed{3}$. Both fit.", "2, 3"),
        (r"We find $\boxed{4}$, $\boxed{2}$, and $\boxed{1}$.", "4, 2, 1"),
        (r"\(\boxed{2}\) and \(\boxed{3}\)", "2, 3"),
        (r"**\boxed{2}** and **\boxed{3}**", "2, 3"),
        (r"$\boxed{2} \quad \text{and} \quad \boxed{3}$", "2, 3"),
        (r"\boxed{2}, \\ \boxed{3}", "2, 3"),
        (r"$x=\boxed{-1}$, $x=\boxed{4}$", "-1, 4"),
        (r"$f(f(1))=\boxed{37}$ and $g(g(2))=\boxed{32}$.", "37, 32"),
        (r"$\angle ABC = \boxed{30}^\circ$, $x_1 = \boxed{4}$", "30, 4"),
        (r"$(x,y)=\boxed{(1,2)}$ and $(x,y)=\boxed{(2,1)}$", "(1,2), (2,1)"),
        (r"For part (a): $\boxed{6}$, for part (b): $\boxed{9}$", "(a) 6, (b) 9"),
        (r"(a) It gives $\boxed{-3}$, and for part (b) we get $\boxed{0}$.", "(a) -3, (b) 0"),
        ("1. \\boxed{3}\n2. \\boxed{4}", "3, 4"),
        (r"Either $s=\boxed{29}$ or $s=\boxed{0}$.", "29 or 0"),
        (r"\boxed{1}, \boxed{2} or \boxed{3}", "1 or 2 or 3"),
        (r"\boxed{4}, or equivalently \boxed{5}", "4 or 5"),
        (r"$\boxed{60}$ degrees or $\boxed{120}$ degrees", "60 or 120"),
        (r"$\boxed{\frac{7}{27}}$ or, if order counts, $\boxed{\frac{14}{27}}$", r"\frac{7}{27} or \frac{14}{27}"),
        (r"\boxed{5}, \boxed{}, \boxed{6}", "6"),
        (r"so \boxed{1}. First \boxed{2}, then the others: \boxed{3}, \boxed{4}", "3, 4"),
    ],
)
def test_boxes_joined_by_separators_or_labels_are_one_list(response: str, answer: str) -> None:
    assert strict(response) == answer
    assert lenient(response) == answer


@pytest.mark.parametrize(
    "response",
    [
        r"first \boxed{4}, then \boxed{5}",
        r"$2a=\boxed{10}$, whence $a=\boxed{5}$",
        r"So \boxed{4}. Hmm, wait. \boxed{5}",
        r"~~\boxed{4}~~ \boxed{5}",
        r"\boxed{5} ~~\boxed{4}~~",
        r"\boxed{4:5}, i.e. \boxed{5}",
        "\\boxed{4}\n\nAnswer: \\boxed{5}",
        "\\boxed{4}.\n\n- OR -\n\nWe note that there is another way to see this. It gives \\boxed{5}",
        r"It is \boxed{5}, not \boxed{4}.",
        r"\boxed{5} rather than $\boxed{4}$",
        r"not \boxed{4} but \boxed{5}",
    ],
)
def test_otherwise_the_last_box_that_is_meant_commits(response: str) -> None:
    assert strict(response) == "5"
    assert lenient(response) == "5"


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (r"\boxed{4} = \boxed{5}", "4 = 5"),
        (r"$\boxed{\pi} \approx \boxed{3.14}$", r"\pi \approx 3.14"),
        (r"\boxed{\pi}, or approximately \boxed{3.14}", r"\pi \approx 3.14"),
        (r"$2+\boxed{3}=\boxed{5}$", "5"),
    ],
)
def test_boxes_with_a_relation_between_them_are_its_sides(response: str, answer: str) -> None:
    assert strict(response) == answer


@pytest.mark.parametrize(
    "response", [r"\boxed{5} and \boxed{5}", r"\boxed{5} or \boxed{ 5}", "$\\boxed{5}$\n\n**Answer:** $\\boxed{5}$"]
)
def test_the_same_box_twice_is_one_box(response: str) -> None:
    assert strict(response) == "5"


def test_a_list_of_boxes_keeps_a_repeat_among_others() -> None:
    assert strict(r"\boxed{2}, \boxed{2}, \boxed{3}") == "2, 2, 3"


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        (r"\boxed{5}. The end points count. The final answer is $6$.", "6"),
        ("\\boxed{5}\n\n**Final Answer:** 6", "6"),
        ("\\boxed{5}\n\n### Final Answer\n6", "6"),
        (r"\boxed{5}. The final answer is therefore 6.", "6"),
        (r"\boxed{5}. The final answer is 5 or 6.", "5 or 6"),
        (r"\boxed{Monday}. No: the final answer is Tuesday.", "Tuesday"),
        (r"\boxed{5}. The final answer is $\boxed{6}$.", "6"),
        (r"The final answer is 6. Or is it? No: \boxed{5}", "5"),
        (r"\boxed{5}. The answer is 6.", "5"),
        (r"\boxed{5}. The answer is therefore 6.", "5"),
        (r"\boxed{5}. The final answer is correct.", "5"),
        (r"\boxed{5}. The final answer is in the box.", "5"),
        (r"\boxed{5}. The final answer is not 6.", "5"),
        (r"\boxed{5}. Is the final answer 6?", "5"),
        (r"\boxed{5}. The final answer is 6?", "5"),
        (r"\boxed{5}. I mean 6.", "5"),
    ],
)
def test_only_an_explicit_final_answer_behind_the_last_box_overrides_it(response: str, answer: str) -> None:
    assert lenient(response) == answer


def test_no_override_counts_under_strict() -> None:
    assert strict(r"\boxed{5}. The final answer is 6.") == "5"


@pytest.mark.parametrize(("form", "answer"), [("boxed", "1"), ("answer_tag", "2"), ("hash", "3"), ("any", "1")])
def test_a_form_is_the_only_place_looked_at(form: Form, answer: str) -> None:
    response = "<answer>2</answer> \\boxed{1}\n#### 3"
    assert strict(response, form) == answer
    assert extract(response + "\nThe final answer is 4.", policy="lenient", form=form) == (
        Extracted("4" if form == "any" else answer, "boxed" if form == "any" else form)
    )
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
        ("<THINK>a</Think>b", "b"),
        ("<thinking>a</thinking>", "<thinking>a</thinking>"),
        ("no tags", "no tags"),
        ("<think>a", None),
        ("<Think>a", None),
        ("a<think>b</think>c<think>d", None),
    ],
)
def test_thinking_is_not_seen(response: str, seen: str | None) -> None:
    assert visible(response) == seen


def test_a_prefilled_prompt_begins_the_response_in_its_thinking() -> None:
    assert visible("a</think>b", prefilled=True) == "b"
    assert visible(r"\boxed{5}", prefilled=True) is None
    assert visible(r"\boxed{5}") == r"\boxed{5}"
    assert extract(r"\boxed{5}", policy="lenient", prefilled=True) is None


@pytest.mark.parametrize(
    "response",
    [
        r"<think>\boxed{5}</think>",
        r"<think>\boxed{5}",
        r"\boxed{5}</think>",
        r"\boxed{5} <think> hm",
        "<THINK>It is 5.</THINK>",
        "<think>It is 5.</think>\nI am confident in the result above.",
    ],
)
def test_what_is_thought_is_no_answer_under_either_policy(response: str) -> None:
    assert strict(response) is None
    assert lenient(response) is None


TOKENS = [
    "<|im_end|>",
    "<|eot_id|>",
    "<|endoftext|>",
    "<|end_of_text|>",
    "<|eom_id|>",
    "<|end|>",
    "<|return|>",
    "</s>",
    "<end_of_turn>",
    "[INST]",
    "[/INST]",
]


@pytest.mark.parametrize("token", TOKENS)
def test_what_follows_an_end_of_turn_never_counts(token: str) -> None:
    assert strict(rf"\boxed{{5}}{token} user: \boxed{{6}}") == "5"
    assert lenient(f"The answer is 5{token}\nThe answer is 6.") == "5"
    assert lenient(rf"\boxed{{5}}{token}<think>more") == "5"
    assert lenient(f"I multiply them.{token} 6") is None
    assert strict(f"I multiply them.{token} \\boxed{{6}}") is None


def test_a_token_that_begins_the_response_ends_it_but_an_instruction_mark_does_not() -> None:
    assert lenient("</s>5") is None
    assert lenient("[/INST] 5") == "5"
    assert turn("a < b | c > d </ s>") == "a < b | c > d </ s>"


MARKS = [
    "\\boxed{",
    "\\boxed{} ",
    "\\boxed{5}, ",
    "\\boxed 5 or ",
    "not \\boxed{5} ",
    "{",
    "}",
    "$",
    "$$",
    "$1 ",
    "\\(",
    "\\[",
    "\\text{",
    "\\frac",
    "\\",
    "<think>",
    "</think>",
    "<answer>",
    "<answer>5</answer>",
    "####",
    "#### Step\n",
    "#### 5 or ",
    "[INST]",
    "answer is ",
    "answer",
    "answer ",
    "final answer: ",
    "answer\n",
    "answer to it ",
    "wait, ",
    "7",
    "1,",
    "1e",
    ".5",
    "or 1 ",
    "1 or ",
    "5 cm ",
    "x=",
    "(",
    "-",
    "**",
    "```\n",
    " ",
    "\n",
    "a ",
    "\\begin{align}",
    "é",
    "<!--",
    "12 <!-- ",
    "<br>",
    "<|channel|>final<|message|>",
    '{"answer": ',
    "\nHint: ",
]


def seconds(work: Callable[[], object]) -> float:
    """Processor time."""
    began = time.process_time()
    work()
    return time.process_time() - began


def is_less(work: Callable[[], object], times: float, other: Callable[[], object], least: float) -> bool:
    """Whether some work takes less than so many times other work, or than so many times the least that counts.

    It is measured up to three times: a busy machine is no fault of ours.
    """
    return any(seconds(work) < times * max(seconds(other), least) for _ in range(3))


@pytest.mark.parametrize("mark", MARKS)
def test_four_times_the_length_takes_about_four_times_as_long(mark: str) -> None:
    short, long = (mark * (size // len(mark)) for size in (50_000, 200_000))

    def look_through(text: str) -> None:
        for policy in ("strict", "lenient"):
            extract(text, policy=policy)
            extract(f"x {text} y", policy=policy)

    assert is_less(lambda: look_through(long), 9, lambda: look_through(short), 0.02)


def test_many_statements_of_the_answer_cost_no_more_than_as_much_other_text() -> None:
    said, other = "The answer is 3. " * 5000, "The number is 3. " * 5000
    assert extract(said, policy="lenient") == Extracted("3", "said")
    assert is_less(lambda: extract(said, policy="lenient"), 2, lambda: extract(other, policy="lenient"), 0.005)


def test_boxes_nested_without_end_are_opened_in_linear_time() -> None:
    def nested(depth: int) -> str:
        return "\\boxed{" * depth + "5" + "}" * depth

    assert last_box(nested(1000)) == "5"
    assert is_less(lambda: last_box(nested(80_000)), 9, lambda: last_box(nested(20_000)), 0.02)


PIECES = st.sampled_from(
    [
        "\\boxed{",
        "\\boxed",
        "}",
        "{",
        "$",
        "\\(",
        "\\)",
        "$$",
        "<think>",
        "</think>",
        "<answer>",
        "</answer>",
        "####",
        "\n",
        " ",
        "answer is ",
        "final answer: ",
        "not ",
        "but ",
        "or ",
        "and ",
        "5",
        "-",
        ".",
        "...",
        ",",
        "?",
        "**",
        "wait, ",
        "x",
        "=",
        "cm",
        "\\begin{align}",
        "\\end{align}",
        "\\\\",
        "&",
        "```\n",
        "(",
        ")",
        "[INST]",
        "</s>",
        "\\text{",
        "½",
        "\\Rightarrow",
    ]
)


@given(st.one_of(st.text(max_size=200), st.lists(PIECES, max_size=40).map("".join)))
@example("answer: " + "\ud800")
@example("answer is \u0000")
@settings(max_examples=400)
def test_no_text_raises_and_what_is_found_is_never_blank(text: str) -> None:
    for policy in ("strict", "lenient"):
        for form in ("any", "boxed", "answer_tag", "hash"):
            found = extract(text, policy=policy, form=form)
            assert found is None or found.text.strip()


@given(
    st.recursive(st.text(alphabet="ab 1", max_size=4), lambda inner: inner.map(lambda t: "{" + t + "}"), max_leaves=6)
)
def test_a_box_gives_back_what_was_put_into_it(content: str) -> None:
    assert last_box(f"so \\boxed{{{content}}}.") == (content.strip() if content.strip(" {}") else "")
