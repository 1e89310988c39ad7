"""The reward `format`, and its softer form `tag_count`."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import GradeRequest, GradeResult, InvalidReward, Verdict, find
from rewards.rules.format import fault_of, format_reward
from rewards.rules.tag_count import tag_count
from rewards.types import Json

T, C, A, Z = "<think>", "</think>", "<answer>", "</answer>"

HOLDS = [
    f"{T}a{C}{A}b{Z}",
    f" \n{T}\nlong\nthought < 3\n{C}\n\n{A} 5 {Z}\n",
    f"{T}{C}{A}5{Z}",
    f"{T} {C}{A}5{Z}",
    f"{T}\u200b{C}{A}5{Z}",
    f"\t{T}a{C}\t{A}5{Z}\t",
    f"\r\n{T}a{C}\r\n{A}5{Z}\r\n",
    f"{T}a{C}{' ' * 1000}{A}5{Z}",
    f"{T}a{C}{chr(10) * 1000}{A}5{Z}",
    f"{T}if a < b and b > c, then a < c{C}{A}a < c{Z}",
    f"{T}the think tag{C}{A}5{Z}",
    f"{T}think answer /think /answer{C}{A}5{Z}",
    f"{T}&lt;answer&gt;6&lt;/answer&gt;{C}{A}5{Z}",
    f"{T}[answer]6[/answer]{C}{A}5{Z}",
    f"{T}{{answer}}6{{/answer}}{C}{A}5{Z}",
    f"{T}<thinking>a</thinking>{C}{A}5{Z}",
    f"{T}<answers>6</answers>{C}{A}5{Z}",
    f"{T}<answer_1>6</answer_1>{C}{A}5{Z}",
    f"{T}<re-think>{C}{A}5{Z}",
    f"{T}<b>bold</b> <i>text</i>{C}{A}<b>5</b>{Z}",
    f"{T}<br/><img src='a'>{C}{A}5{Z}",
    f"{T}<!-- a comment -->{C}{A}5{Z}",
    f"{T}```python\nprint(1 < 2)\n```{C}{A}```\n5\n```{Z}",
    f"{T}```html\n<div>a</div>\n```{C}{A}5{Z}",
    f"{T}\\boxed{{6}}{C}{A}\\boxed{{5}}{Z}",
    f"{T}a{C}{A}#### 5{Z}",
    f"{T}a{C}{A}The answer is 5.{Z}",
    f"{T}a{C}{A}5\n\n\n{Z}",
    f"{T}a{C}{A}\n\n5{Z}",
    f"{T}答案是五{C}{A}五{Z}",
    f"{T}\U0001f914{C}{A}\U0001f389{Z}",
    f"{T}\ud800{C}{A}5{Z}",
    f"{T}\x00{C}{A}5{Z}",
    f"{T}\u202eabc{C}{A}5{Z}",
    f"{T}a{C}{A}0{Z}",
    f"{T}a{C}{A}.{Z}",
    f"{T}a{C}{A}\u200b5\u200b{Z}",
    f"{T}a{C}{A}None{Z}",
    f"{T}<{C}{A}5{Z}",
    f"{T}>{C}{A}5{Z}",
    f"{T}<<>>{C}{A}<5>{Z}",
    f"{T}< {C}{A}5{Z}",
    f"{T}</{C}{A}5{Z}",
    f"{T}<th ink>{C}{A}5{Z}".replace("th ink", "th-ink"),
    f"{T}< answer that is wrong{C}{A}5{Z}",
    f"{T}answer> 6{C}{A}5{Z}",
    f"{T}think>{C}{A}5{Z}",
    f"{T}a<b>c</b>answer{C}{A}5{Z}",
    f"{T}$a<b$ and $c>d${C}{A}$x<5${Z}",
    f"{T}\\( x<y \\){C}{A}\\( y>5 \\){Z}",
    f"{T}System: obey{C}{A}5{Z}",
    f"{T}User: hi\nAssistant: ho{C}{A}5{Z}",
    f"{T}<|im_start|>{C}{A}5{Z}",
    f"{T}{'a' * 100_000}{C}{A}5{Z}",
    f"{T}{'<' * 1000}{C}{A}5{Z}",
    f"{T}{'>' * 1000}{C}{A}5{Z}",
    f"{T}the end</s>{C}{A}5{Z}",
    f"{T}<final>6</final>{C}{A}5{Z}",
    f"{T}<аnswer>6</аnswer>{C}{A}5{Z}",  # Cyrillic а: other letters, another word
    f"{T}a{C}{A}<аnswer>5{Z}",
    f"{T}&#60;think&#62;{C}{A}5{Z}",
    f"{T}\\<answer\\>6{C}{A}5{Z}",
    f"{T}think{C}{A}think{Z}",
    f"{T}1. a\n2. b{C}\n\n\n{A}\n5\n{Z}\n\n\n",
]

FAULTS = [
    ("", "no <think>"),
    (" \n", "no <think>"),
    ("5", "no <think>"),
    (f"{A}5{Z}", "no <think>"),
    (f"{T}a{C}", "no <answer>"),
    (f"{T}a{C}5", "no <answer>"),
    (f"{T}a{C}\\boxed{{5}}", "no <answer>"),
    (f"{T}a{A}5{Z}", "no </think>"),
    (f"{T}a{C}{A}5", "no </answer>"),
    (f"{T}a{C}5{Z}", "no <answer>"),
    (f"a{C}{A}5{Z}", "no <think>"),
    (f"{T}{A}", "no </think>"),
    (f"{T}{T}a{C}{A}5{Z}", "<think> stands 2 times"),
    (f"{T}a{C}{C}{A}5{Z}", "</think> stands 2 times"),
    (f"{T}a{C}{T}b{C}{A}5{Z}", "<think> stands 2 times"),
    (f"{T}a{C}{A}5{Z}{A}6{Z}", "<answer> stands 2 times"),
    (f"{T}a{C}{A}{A}5{Z}", "<answer> stands 2 times"),
    (f"{T}a{C}{A}5{Z}{Z}", "</answer> stands 2 times"),
    (f"{T}a{C}{A}{A}5{Z}{Z}", "<answer> stands 2 times"),
    (f"{T}a{T}b{C}{C}{A}5{Z}", "<think> stands 2 times"),
    (f"{T}use {A} tags{C}{A}5{Z}", "<answer> stands 2 times"),
    (f"{T}{A}6{Z}{C}{A}5{Z}", "<answer> stands 2 times"),
    (f"{T}close with {C}{C}{A}5{Z}", "</think> stands 2 times"),
    (f"{T}a{C}{A}5 {T}{Z}", "<think> stands 2 times"),
    (f"{T}a{C}{A}5 {C}{Z}", "</think> stands 2 times"),
    (f"{T}```\n{A}6{Z}\n```{C}{A}5{Z}", "<answer> stands 2 times"),
    (f"{T}`{A}`{C}{A}5{Z}", "<answer> stands 2 times"),
    (f"{T}a{C}{A}```xml\n{Z}\n```{Z}", "</answer> stands 2 times"),
    (f"```\n{T}a{C}{A}5{Z}\n```", "text before <think>: '```'"),
    (f"{A}5{Z}{T}a{C}", "the tags are not in the order"),
    (f"{T}a{A}5{C}{Z}", "the tags are not in the order"),
    (f"{T}{A}5{Z}{C}", "the tags are not in the order"),
    (f"{A}{T}a{C}5{Z}", "the tags are not in the order"),
    (f"{C}a{T}{A}5{Z}", "the tags are not in the order"),
    (f"{T}a{C}{Z}5{A}", "the tags are not in the order"),
    (f"{Z}{A}{C}{T}", "the tags are not in the order"),
    (f"so {T}a{C}{A}5{Z}", "text before <think>: 'so'"),
    (f"\u200b{T}a{C}{A}5{Z}", "text before <think>"),
    (f"\ufeff{T}a{C}{A}5{Z}", "text before <think>"),
    (f"<br>{T}a{C}{A}5{Z}", "text before <think>"),
    (f"{T}a{C}hence{A}5{Z}", "text between </think> and <answer>: 'hence'"),
    (f"{T}a{C}.{A}5{Z}", "text between </think> and <answer>"),
    (f"{T}a{C}\u200b{A}5{Z}", "text between </think> and <answer>"),
    (f"{T}a{C}**{A}5{Z}**", "text between </think> and <answer>"),
    (f"{T}a{C}{A}5{Z} done", "text after </answer>: 'done'"),
    (f"{T}a{C}{A}5{Z}.", "text after </answer>"),
    (f"{T}a{C}{A}5{Z}\u200b", "text after </answer>"),
    (f"{T}a{C}{A}5{Z}<|im_end|>", "text after </answer>"),
    (f"{T}a{C}{A}5{Z}\x00", "text after </answer>"),
    (f"{T}a{C}{A}{Z}", "the answer is blank"),
    (f"{T}a{C}{A} \n {Z}", "the answer is blank"),
    (f"{T}a{C}{A}\u200b{Z}", "the answer is blank"),
    (f"{T}a{C}{A}\u2060 \ufeff\n{Z}", "the answer is blank"),
    (f"{T}a{C}{A}\u3164\u2800{Z}", "the answer is blank"),
    ("<THINK>a</THINK><ANSWER>5</ANSWER>", "'<THINK>' is none of the tags"),
    (f"<Think>a</Think>{A}5{Z}", "'<Think>' is none of the tags"),
    (f"{T}a{C}<Answer>5</Answer>", "'<Answer>' is none of the tags"),
    (f"{T}a{C}{A}6</ANSWER>{A}5{Z}", "'</ANSWER>' is none of the tags"),
    (f"{T}<ANSWER>6</ANSWER>{C}{A}5{Z}", "'<ANSWER>' is none of the tags"),
    (f'{T}a{C}<answer id="1">5{Z}', "'<answer id=\"1\">' is none of the tags"),
    (f"{T}a{C}{A}5{Z}<answer hidden>6{Z}", "'<answer hidden>' is none of the tags"),
    (f"{T}a{C}< answer >5{Z}", "'< answer >' is none of the tags"),
    (f"{T}a{C}{A}5</ answer>", "'</ answer>' is none of the tags"),
    (f"{T}a{C}{A}5</answer >", "'</answer >' is none of the tags"),
    (f"{T}a{C}{A}5< /answer>", "'< /answer>' is none of the tags"),
    (f"{T}a<think/>{C}{A}5{Z}", "'<think/>' is none of the tags"),
    (f"{T}a{C}<answer\n>5{Z}", "is none of the tags"),
    (f"<thi\u200bnk>a{C}{A}5{Z}", "is none of the tags"),
    (f"{T}a</th\u00adink>b{C}{A}5{Z}", "is none of the tags"),
    (f"{T}a{C}{A}6</answer\u200b>{Z}", "is none of the tags"),
    (f"{T}a{C}<\u200banswer>6{A}5{Z}", "is none of the tags"),
    (f"{T}a{C}＜answer＞5＜/answer＞", "is none of the tags"),
    (f"{T}a{C}{A}6＜／answer＞{Z}", "is none of the tags"),
    (f"{T}a{C}<an\nswer>6{A}5{Z}", "is none of the tags"),
    ("<thinking>a</thinking><answer>5</answer>", "no <think>"),
    (f"<аnswer>5</аnswer>{T}a{C}", "no <answer>"),  # Cyrillic а
    (f"[think]a[/think]{A}5{Z}", "no <think>"),
    ("&lt;think&gt;a&lt;/think&gt;<answer>5</answer>", "no <think>"),
    (f"{T}a{C}{A}5{Z}{T}b{C}{A}6{Z}", "<think> stands 2 times"),
    (T * 1000, "<think> stands 1000 times"),
]  # fmt: skip


def test_there_are_enough_cases_of_each_kind() -> None:
    assert len(set(HOLDS)) >= 60
    assert len({response for response, _ in FAULTS}) >= 60


@pytest.mark.parametrize("response", HOLDS)
def test_the_format_holds(response: str) -> None:
    assert format_reward(GradeRequest(response=response)) == GradeResult.correct()


@pytest.mark.parametrize(("response", "fault"), FAULTS)
def test_the_format_does_not_hold_and_says_why(response: str, fault: str) -> None:
    result = format_reward(GradeRequest(response=response))
    assert (result.score, result.correctness, result.verdict) == (0.0, 0.0, Verdict.WRONG)
    assert fault in result.reason


def test_a_prompt_that_ends_in_the_first_tag_begins_the_response_inside_it() -> None:
    response = f"a{C}{A}5{Z}"
    assert fault_of(response) == "no <think>"
    assert fault_of(response, prefilled=True) == ""
    assert fault_of(T + response, prefilled=True) == "<think> stands 2 times"
    assert fault_of("a</plan><code>x</code>", tags=("plan", "code"), prefilled=True) == ""


def test_other_tags_are_asked_for_by_name() -> None:
    tags = ("plan", "code", "check")
    assert fault_of("<plan>a</plan><code>b</code><check>c</check>", tags=tags) == ""
    assert fault_of("<plan>a</plan><check>c</check><code>b</code>", tags=tags).startswith("the tags are not in the")
    assert fault_of(f"{T}a{C}{A}b{Z}", tags=tags) == "no <plan>"
    assert fault_of("<plan>a</plan>x<code>b</code><check>c</check>", tags=tags).startswith("text between </plan> and <")
    assert fault_of("<only>a</only>", tags=("only",)) == ""
    assert fault_of(f"<only>{T}</only>", tags=("only",)) == ""


@pytest.mark.parametrize(
    ("response", "holds"),
    [
        (f"{T}\na\n{C}\n{A}\n5\n{Z}", True),
        (f"{T}\na\n\nb\n{C}\n{A}\n5\n{Z}\n", True),
        (f"{T}\r\na\r\n{C}\r\n{A}\r\n5\r\n{Z}\r\n", True),
        (f"{T}\n\na\n\n{C}\n{A}\n5\n{Z}", True),
        (f"{T}\n{C}\n{A}\n5\n{Z}", True),
        (f"{T}a{C}{A}5{Z}", False),
        (f"{T}\na\n{C}{A}\n5\n{Z}", False),
        (f"{T}\na\n{C}\n\n{A}\n5\n{Z}", False),
        (f"{T}\na\n{C} \n{A}\n5\n{Z}", False),
        (f"{T}a\n{C}\n{A}\n5\n{Z}", False),
        (f"{T}\na{C}\n{A}\n5\n{Z}", False),
        (f"{T}\na\n{C}\n{A}5\n{Z}", False),
        (f"{T}\na\n{C}\n{A}\n5{Z}", False),
        (f"\n{T}\na\n{C}\n{A}\n5\n{Z}", False),
        (f"{T}\na\n{C}\n{A}\n5\n{Z}\n\n", False),
        (f"{T}\na\n{C}\n{A}\n\n{Z}", False),
    ],
)
def test_strict_newlines_put_each_tag_on_a_line_of_its_own(response: str, holds: bool) -> None:
    assert (fault_of(response, newlines=True) == "") == holds


def test_a_prefilled_tag_may_have_ended_its_line() -> None:
    for response in (f"a\n{C}\n{A}\n5\n{Z}", f"\na\n{C}\n{A}\n5\n{Z}"):
        assert fault_of(response, newlines=True, prefilled=True) == ""


@given(st.lists(st.sampled_from([T, C, A, Z, " ", "a", "\n"]), max_size=12))
def test_the_format_agrees_with_its_definition(pieces: list[str]) -> None:
    text = "".join(pieces)
    plain = r"(?:(?!</?(?:think|answer)>).)*"
    shape = rf"\s*<think>{plain}</think>\s*<answer>(?!\s*</answer>){plain}</answer>\s*"
    assert (fault_of(text) == "") == bool(re.fullmatch(shape, text, re.DOTALL))


@given(st.text(), st.text())
def test_what_holds_has_each_tag_once_and_what_has_them_seldom_does_not_raise(thought: str, answer: str) -> None:
    text = f"{T}{thought}{C}{A}{answer}{Z}"
    if fault_of(text) == "":
        assert [text.count(tag) for tag in (T, C, A, Z)] == [1, 1, 1, 1]
    assert fault_of(thought) != ""


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"tags": []}, r"'tags' has 0 names; give 1 to 20"),
        ({"tags": ["<think>"]}, r"'tags' holds '<think>'; give names without brackets"),
        ({"tags": ["think", "Think"]}, r"names a tag twice: \['think', 'Think'\]"),
        ({"tags": ["a b"]}, "holds 'a b'"),
        ({"tags": "think"}, "must be tuple"),
        ({"newlines": "yes"}, "must be bool"),
        ({"prefil": True}, r"no parameter 'prefil'; did you mean 'prefilled'\?"),
    ],
)
def test_parameters_are_checked_before_any_grade(parameters: dict[str, Json], message: str) -> None:
    with pytest.raises(InvalidReward, match=message):
        find("format").check(parameters)


# --- tag_count ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "score"),
    [
        ("", 0.0),
        (f"{T}a{C}{A}b{Z}", 1.0),
        (f"x {A}b{Z} {T}a{C} y", 1.0),
        (f"{T}a{C} b", 0.5),
        (f"{T}a", 0.25),
        (f"{T}a{C}{A}b{Z}{A}c{Z}", 0.5),
        (T * 5, 0.0),
        ("<THINK>", 0.0),
    ],
)
def test_each_tag_that_stands_once_gives_its_share(response: str, score: float) -> None:
    result = tag_count(GradeRequest(response=response))
    assert (result.score, result.correctness, result.verdict) == (score, None, Verdict.SCORED)
    assert sum(value or 0.0 for value in result.parts.values()) == 4 * score


def test_the_tags_to_count_are_a_parameter_and_the_first_may_stand_in_the_prompt() -> None:
    assert tag_count(GradeRequest(response="<a>1</a>"), tags=("a",)).score == 1.0
    assert tag_count(GradeRequest(response=f"a{C}{A}b{Z}"), prefilled=True).score == 1.0
    assert dict(tag_count(GradeRequest(response="<a>")).parts) == {T: 0.0, C: 0.0, A: 0.0, Z: 0.0}
    with pytest.raises(InvalidReward, match="'tags' has 0 names"):
        find("tag_count").check({"tags": []})
