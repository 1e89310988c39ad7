"""Rewards without right and wrong: `length`, `repetition`, `language`; and the places where rules look."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import GradeRequest, InvalidReward, Message, RewardSpec, Verdict, find
from rewards.rules.language import language, letters
from rewards.rules.length import length
from rewards.rules.places import place_of
from rewards.rules.repetition import repeated_share, repetition
from rewards.rules.words import words
from rewards.spec_properties import highest, lowest
from rewards.types import Finish, Json

# --- length ---------------------------------------------------------------------------------------------------------


def of(size: int, finish: Finish = Finish.STOP) -> GradeRequest:
    return GradeRequest(response="x" * size, finish=finish, metadata={"tokens": size})


@pytest.mark.parametrize(("size", "score"), [(0, 1.0), (5, 0.5), (10, 0.0), (11, 0.0), (1000, 0.0)])
def test_linear_falls_straight_to_the_limit(size: int, score: float) -> None:
    result = length(of(size), limit=10)
    assert (result.score, result.correctness, result.verdict) == (score, None, Verdict.SCORED)
    assert dict(result.parts) == {"length": size}


def test_linear_between_two_values_and_beyond() -> None:
    assert length(of(5), limit=10, at_zero=-1, at_limit=1).score == 0.0
    assert length(of(10), limit=10, at_limit=0.5, beyond=-2).score == 0.5
    assert length(of(11), limit=10, at_limit=0.5, beyond=-2).score == -2.0


@pytest.mark.parametrize("size", [0, 10, 11])
def test_no_score_is_a_negative_zero(size: int) -> None:
    score = length(of(size), limit=10, at_zero=-0.0, at_limit=-0.0).score
    assert score is not None
    assert (score, math.copysign(1.0, score)) == (0.0, 1.0)


@pytest.mark.parametrize(("size", "score"), [(0, 2.0), (5, 1.5), (10, 1.0), (20, 1.0)])
def test_cosine_of_right_responses(size: int, score: float) -> None:
    assert length(of(size), shape="cosine", limit=10, at_zero=2, at_limit=1).score == pytest.approx(score)


def test_cosine_is_the_published_curve() -> None:
    for size in range(10):
        expected = 0.0 + 0.5 * (-10 - 0.0) * (1 + math.cos(size * math.pi / 10))
        found = length(of(size), shape="cosine", limit=10, at_zero=-10, at_limit=0, beyond=-10).score
        assert found == pytest.approx(expected)


def test_cosine_pays_beyond_at_the_limit_and_for_what_was_cut_off() -> None:
    for request in (of(10), of(3, Finish.LENGTH)):
        assert length(request, shape="cosine", limit=10, beyond=-10).score == -10.0
        assert length(request, shape="cosine", limit=10, at_limit=-2).score == -2.0
    assert length(of(3, Finish.LENGTH), limit=10, beyond=-10).score == 0.7


def test_the_ends_of_a_curve_may_lie_as_far_apart_as_numbers_do() -> None:
    for shape in ("linear", "cosine"):
        score = length(of(5), shape=shape, limit=10, at_zero=1e308, at_limit=-1e308).score  # type: ignore[arg-type]
        assert score == pytest.approx(0.0, abs=1e293)


@pytest.mark.parametrize(("size", "score"), [(0, 0.0), (16, 0.0), (17, -0.25), (20, -1.0), (21, -1.0), (9999, -1.0)])
def test_soft_overlong_grows_inside_the_buffer(size: int, score: float) -> None:
    assert length(of(size), shape="soft_overlong", limit=20, buffer=4).score == score


def test_units() -> None:
    request = GradeRequest(response="two words\n", metadata={"tokens": 7})
    found = [length(request, limit=10, unit=unit).parts["length"] for unit in ("characters", "words", "tokens")]  # type: ignore[arg-type]
    assert found == [10.0, 2.0, 7.0]
    for metadata in ({}, {"tokens": "7"}, {"tokens": True}, {"tokens": -1}):
        result = length(GradeRequest(response="a", metadata=metadata), limit=10, unit="tokens")
        assert result.verdict is Verdict.UNGRADED
        assert "metadata: {tokens: N}" in result.reason


@pytest.mark.parametrize(
    ("parameters", "bounds"),
    [
        ({"limit": 9}, (0.0, 1.0)),
        ({"limit": 9, "shape": "soft_overlong", "buffer": 3}, (-1.0, 0.0)),
        ({"limit": 9, "shape": "cosine", "at_zero": -10, "at_limit": 0, "beyond": -20}, (-20.0, 0.0)),
    ],
)
def test_the_bounds_are_those_of_the_parameters(parameters: dict[str, Json], bounds: tuple[float, float]) -> None:
    spec = RewardSpec.named("length", **parameters)
    assert (lowest(spec), highest(spec)) == bounds
    doubled = RewardSpec.from_dict({"sum": [{**spec.to_dict(), "weight": -2}]})
    assert (lowest(doubled), highest(doubled)) == (-2 * bounds[1], -2 * bounds[0])


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("length", {}, "needs a value for its parameter 'limit'"),
        ("length", {"limit": 0}, "'limit' is 0; give the longest length"),
        ("length", {"limit": 5, "shape": "cosin"}, "must be 'linear' or 'cosine' or 'soft_overlong'"),
        ("length", {"limit": 5, "buffer": 2}, "only the shape 'soft_overlong' has one, not 'linear'"),
        ("length", {"limit": 5, "shape": "soft_overlong"}, "'buffer' is None; the shape 'soft_overlong' needs"),
        ("length", {"limit": 5, "shape": "soft_overlong", "buffer": 6}, "1 to the limit 5"),
        ("length", {"limit": 5, "shape": "soft_overlong", "buffer": 2, "at_zero": 1}, "goes from 0 to -1; drop it"),
        ("length", {"limit": 5, "at_zero": math.inf}, "'at_zero' is inf; give a finite number"),
        ("repetition", {"ngram": 0}, "'ngram' is 0; give the words of an n-gram, 1 to 50"),
        ("repetition", {"penalty": -1}, "'penalty' is -1"),
        ("repetition", {"allowed": 1.0}, "'allowed' is 1.0; give the share"),
        ("language", {"script": "english"}, "must be 'latin' or 'cyrillic' or"),
        ("language", {"at_least": 1.5}, "'at_least' is 1.5; give a share"),
        ("language", {"place": "reasoning"}, "must be 'response' or 'visible' or"),
    ],
)
def test_parameters_are_checked_before_any_grade(name: str, parameters: dict[str, Json], message: str) -> None:
    with pytest.raises(InvalidReward, match=message):
        find(name).check(parameters)


# --- repetition -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "ngram", "share"),
    [
        ("", 3, 0.0),
        ("one two", 3, 0.0),
        ("one two three", 3, 0.0),
        ("one two three four five six", 2, 0.0),
        ("a b a b a b", 2, 0.6),
        ("A b a B a b", 2, 0.6),
        ("wait " * 101, 1, 100 / 101),
        ("!" * 100, 1, 0.99),
        ("答" * 100, 1, 0.99),
        ("ha" * 1000, 1, 0.99),
        ("abc" * 1000, 1, 0.98),
        ("नमस्ते दुनिया", 1, 0.0),
        ("e\u0301 e\u0301", 1, 0.5),
        ("wa\u200bit wait w\u2060ait", 1, 2 / 3),
    ],
)
def test_the_share_of_repeated_n_grams(text: str, ngram: int, share: float) -> None:
    assert repeated_share(text, ngram) == pytest.approx(share)


def test_repetition_costs_its_share_beyond_what_is_allowed() -> None:
    request = GradeRequest(response="a b a b a b")
    result = repetition(request, ngram=2, penalty=2.0)
    assert (result.score, result.correctness, result.verdict) == (pytest.approx(-1.2), None, Verdict.SCORED)
    assert dict(result.parts) == {"share": pytest.approx(0.6)}
    assert repetition(request, ngram=2, allowed=0.2).score == pytest.approx(-0.5)
    assert repetition(request, ngram=2, allowed=0.6).score == pytest.approx(0.0)
    assert lowest(RewardSpec.named("repetition", penalty=3.0)) == -3.0
    thought = GradeRequest(response="<think>a b a b a b</think> once")
    assert repetition(thought, ngram=2, place="thinking").score == pytest.approx(-0.6)
    assert str(repetition(thought, ngram=2, place="visible").score) == "0.0"


@given(st.text(), st.integers(1, 5))
def test_the_share_is_that_of_its_definition(text: str, ngram: int) -> None:
    found = list(words(text.casefold()))
    grams = [tuple(found[i : i + ngram]) for i in range(len(found) - ngram + 1)]
    expected = 1 - len(set(grams)) / len(grams) if grams else 0.0
    assert repeated_share(text, ngram) == pytest.approx(expected)


# --- language -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "script", "share"),
    [
        ("plain words", "latin", 1.0),
        ("naïve Übung œuvre", "latin", 1.0),
        ("слова", "latin", 0.0),
        ("слова", "cyrillic", 1.0),
        ("答案是五", "chinese", 1.0),
        ("こたえは五です", "japanese", 1.0),
        ("こたえは五です", "chinese", 1 / 7),
        ("정답은 오", "korean", 1.0),
        ("ab答案", "latin", 0.5),
        ("ＡＢ", "latin", 1.0),
        ("ｱｲ", "japanese", 1.0),
        ("サーバーの人々", "japanese", 1.0),
        ("東京都の", "japanese", 1.0),
        ("答案是五", "japanese", 0.0),
        ("答案是五 の", "japanese", 0.8),
        ("答案是五", "korean", 0.0),
        ("人々", "chinese", 1.0),
        ("2 + 2 = 4", "latin", 1.0),
        ("答案 $x + \\frac{a}{b}$ `print` \\alpha", "chinese", 1.0),
        ("答案\n```python\nprint(x)\n```\n是 \\(y\\) \\[z\\] $$w$$", "chinese", 1.0),
        ("<think>答案</think><answer>五</answer>", "chinese", 1.0),
        ("看 https://example.org/page", "chinese", 1.0),
        ("say `答案` and $答案$", "latin", 6 / 10),
        ("```\n答案是五\n```", "latin", 0.0),
        ("an unclosed $ and ` stay words", "latin", 1.0),
        ("答 $ b", "chinese", 0.5),
        ("𝒙𝒚 ℃ ª", "cyrillic", 1.0),
        ("ᏣᎳᎩ", "latin", 0.0),
    ],
)
def test_the_share_of_a_script(response: str, script: str, share: float) -> None:
    result = language(GradeRequest(response=response), script=script)  # type: ignore[arg-type]
    assert (result.score, result.correctness, result.verdict) == (pytest.approx(share), None, Verdict.SCORED)
    assert result.parts["share"] == pytest.approx(share)


def test_the_script_may_be_that_of_the_prompt_or_the_main_one() -> None:
    asked = (Message(role="user", content="答案是什么？ x = $y$"),)
    response = "<think>so 答案</think>五五五"
    assert language(GradeRequest(response=response, messages=asked)).score == pytest.approx(5 / 7)
    sums = (Message(role="user", content="2+2="),)
    for request in (GradeRequest(response=response, messages=sums), GradeRequest(response=response)):
        assert language(request).score == pytest.approx(5 / 7)
    assert language(GradeRequest(response="latin und больше и больше"), script="main").score == pytest.approx(13 / 21)
    asked = (Message(role="user", content="優の良品好吃吗"),)
    chinese = GradeRequest(response="优の品很好，我们都喜欢", messages=asked)
    for script in ("main", "prompt"):  # one Kana makes no Japanese
        assert language(chinese, script=script).score == pytest.approx(9 / 10)  # type: ignore[arg-type]
    japanese = (Message(role="user", content="東京特許許可局は何をする所か"),)
    assert language(GradeRequest(response="我们都喜欢", messages=japanese)).score == 0.0


def test_the_reasoning_alone_and_a_bound() -> None:
    request = GradeRequest(response="<think>so 答案</think>五")
    assert language(request, script="latin", place="thinking").score == 0.5
    assert language(request, script="latin", place="thinking", at_least=0.5).score == 1.0
    assert language(request, script="latin", place="thinking", at_least=0.6).score == 0.0
    nothing = language(GradeRequest(response="五"), script="latin", place="thinking")
    assert (nothing.score, nothing.reason) == (0.0, "there is no thinking")
    assert language(GradeRequest(response=" \u200b"), script="latin").score == 0.0


@given(st.text())
def test_letters_of_any_text_are_counted(text: str) -> None:
    assert letters(text).total() <= sum(map(str.isalpha, text))
    assert 0.0 <= (language(GradeRequest(response=text)).score or 0.0) <= 1.0


# --- places ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("response", "visible", "thinking", "answer", "final"),
    [
        ("a", "a", None, None, "a"),
        ("<think>t</think>a", "a", "t", None, "a"),
        ("t</think>a", "a", "t", None, "a"),
        ("<think>t", None, "t", None, None),
        ("<think>t<answer>x</answer>", None, "t<answer>x</answer>", None, None),
        ("<think>t</think>a<answer>x</answer>b", "a<answer>x</answer>b", "t", "x", "x"),
        ("<answer>x</answer><answer>y</answer>", "<answer>x</answer><answer>y</answer>", None, "y", "y"),
        ("<ANSWER>x</Answer>", "<ANSWER>x</Answer>", None, "x", "x"),
        ("<answer>x</answer></answer>", "<answer>x</answer></answer>", None, "x", "x"),
        ("<answer>x", "<answer>x", None, None, "<answer>x"),
        ("x</answer>", "x</answer>", None, None, "x</answer>"),
        ("<think>t</think>a<think>u</think>b", "ab", "t\nu", None, "ab"),
        ("a<|im_end|>b", "a", None, None, "a"),
        ("<think>t<|im_end|></think>b", None, "t", None, None),
    ],
)
def test_where_rules_look(
    response: str, visible: str | None, thinking: str | None, answer: str | None, final: str | None
) -> None:
    assert place_of(response, "response") == response
    found = [place_of(response, place) for place in ("visible", "thinking", "answer", "final")]  # type: ignore[arg-type]
    assert found == [visible, thinking, answer, final]


def test_a_prefilled_response_begins_in_its_thinking() -> None:
    assert place_of("t</think>a", "thinking", prefilled=True) == "t"
    assert place_of("t</think>a", "visible", prefilled=True) == "a"
    assert place_of("t", "visible", prefilled=True) is None
    assert place_of("t", "thinking", prefilled=True) == "t"
