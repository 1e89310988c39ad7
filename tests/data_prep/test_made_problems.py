"""Problems made by rule: reproducible, without repetition, solvable; and demonstrations of them."""

from __future__ import annotations

import itertools
import json
import re
from fractions import Fraction
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_prep import BadRow, DataError, Problem
from data_prep.demonstrations import Demonstration, iter_demonstrations, read_demonstrations, write_demonstrations
from data_prep.sources import arithmetic, countdown
from data_prep.sources.arithmetic import Sum, demonstrate, draw_sums, split_draw
from rewards.types import CountdownReference, MathReference, Message

KINDS = st.builds(
    arithmetic.Kind,
    terms=st.integers(2, 6),
    digits=st.integers(1, 4),
    operations=st.sampled_from(["+", "-", "+-"]),
)


def evaluated(question: str) -> int:
    assert re.fullmatch(r"\d+([+-]\d+)+=", question)
    return sum(int(term) for term in re.findall(r"[+-]?\d+", question))


@given(kind=KINDS, seed=st.integers(0, 99))
@settings(max_examples=40)
def test_a_sum_is_what_its_question_says(kind: arithmetic.Kind, seed: int) -> None:
    for one in islice(draw_sums(kind, seed), 5):
        problem = one.problem()
        assert problem.reference == MathReference(answer=str(evaluated(problem.messages[0].content)))
        assert len(one.numbers) == kind.terms
        assert all(len(str(number)) == kind.digits for number in one.numbers)
        assert set(re.findall(r"[+-]", one.question)) <= set(kind.operations)


@given(kind=KINDS, seed=st.integers(0, 99))
@settings(max_examples=40)
def test_a_worked_response_shows_true_running_sums_that_follow_from_each_other(
    kind: arithmetic.Kind, seed: int
) -> None:
    (one,) = islice(draw_sums(kind, seed), 1)
    thought, answer = re.fullmatch(r"<think>(.+)</think><answer>(-?\d+)</answer>", one.worked()).groups()  # type: ignore[union-attr]
    reached = str(one.numbers[0])
    for step in thought.split(" "):
        left, right, result = re.fullmatch(r"(-?\d+)([+-]\d+)=(-?\d+)", step).groups()  # type: ignore[union-attr]
        assert left == reached
        assert int(left) + int(right) == int(result)
        reached = result
    assert answer == reached == str(one.answer)
    assert len(thought.split(" ")) == kind.terms - 1


def test_the_worked_example_of_the_documentation() -> None:
    one = Sum(numbers=(3, 5, 2, 7, 1))
    assert one.worked() == "<think>3+5=8 8+2=10 10+7=17 17+1=18</think><answer>18</answer>"
    assert Sum(numbers=(3, 5, 9), operations=("-", "+")).worked() == "<think>3-5=-2 -2+9=7</think><answer>7</answer>"


@pytest.mark.parametrize("kind", [arithmetic.Kind(terms=3), arithmetic.Kind(terms=2, operations="+-")])
def test_a_draw_gives_every_problem_once(kind: arithmetic.Kind) -> None:
    questions = [one.question for one in draw_sums(kind, 3)]
    assert len(questions) == len(set(questions)) == kind.size
    assert kind.size == (1000 if kind.terms == 3 else 200)


def test_a_draw_too_large_to_list_repeats_nothing_either() -> None:
    kind = arithmetic.Kind(terms=2, digits=4)
    questions = [one.question for one in islice(draw_sums(kind, 0), 20_000)]
    assert len(set(questions)) == len(questions)


def test_train_held_out_and_demonstrated_problems_are_disjoint() -> None:
    pieces = split_draw(arithmetic.Kind(), [500, 20_000, 20_000], seed=1)
    assert [len(piece) for piece in pieces] == [500, 20_000, 20_000]
    questions = [one.question for piece in pieces for one in piece]
    assert len(set(questions)) == 40_500
    held_out, *_ = split_draw(arithmetic.Kind(), [500, 10, 0], seed=1)
    assert held_out == pieces[0], "the problems held out do not depend on how many are trained on"


def test_the_seed_decides_the_draw() -> None:
    kind = arithmetic.Kind()
    assert split_draw(kind, [50], seed=1) == split_draw(kind, [50], seed=1)
    assert split_draw(kind, [50], seed=1) != split_draw(kind, [50], seed=2)


def test_more_problems_than_there_are_is_an_error_with_the_number_there_is() -> None:
    with pytest.raises(DataError, match="give only 100; ask for fewer"):
        split_draw(arithmetic.Kind(terms=2), [60, 41], seed=0)
    assert len(split_draw(arithmetic.Kind(terms=2), [60, 40], seed=0)[1]) == 40


@pytest.mark.parametrize(
    ("keys", "message"), [({"terms": 1}, "terms is 1"), ({"digits": 0}, "digits is 0"), ({"operations": "*"}, "'\\*'")]
)
def test_kinds_that_cannot_be_are_refused(keys: dict[str, object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        arithmetic.Kind(**keys)  # type: ignore[arg-type]


# --- demonstrations ---------------------------------------------------------------------------------------------------


def made(count: int, share: float, seed: int = 0) -> list[Demonstration]:
    kind = arithmetic.Kind()
    return demonstrate(split_draw(kind, [count], seed=7)[0], kind, worked_share=share, seed=seed)


def test_the_share_of_worked_demonstrations_is_exact_and_mixed() -> None:
    demonstrations = made(1000, 0.4)
    worked = ["<think>?</think>" not in demonstration.response for demonstration in demonstrations]
    assert sum(worked) == 400
    assert 60 < sum(worked[:200]) < 100, "worked ones stand among the others, not in a block"
    for demonstration, is_worked in zip(demonstrations, worked, strict=True):
        assert isinstance(demonstration.problem.reference, MathReference)
        right = f"<answer>{demonstration.problem.reference.answer}</answer>" in demonstration.response
        assert right or not is_worked


def test_guesses_are_plausible_and_mostly_wrong() -> None:
    demonstrations = made(2000, 0.0)
    pairs = [
        (
            int(re.fullmatch(r"<think>\?</think><answer>(\d+)</answer>", d.response)[1]),
            int(str(d.problem.reference.answer)),
        )  # type: ignore[index, union-attr]
        for d in demonstrations
    ]
    assert all(0 <= guess <= 45 for guess, _ in pairs)
    assert 0.01 < sum(guess == truth for guess, truth in pairs) / len(pairs) < 0.1
    mean_guess, mean_truth = (sum(side) / len(pairs) for side in zip(*pairs, strict=True))
    assert abs(mean_guess - mean_truth) < 1
    covariance = sum((g - mean_guess) * (t - mean_truth) for g, t in pairs) / len(pairs)
    assert abs(covariance) < 4, "a guess knows nothing of its question (the variance of a sum is 41)"


def test_all_or_none_may_be_worked_and_nothing_else() -> None:
    assert all("=" in d.response for d in made(50, 1.0))
    assert not any("=" in d.response for d in made(50, 0.0))
    with pytest.raises(DataError, match=r"worked_share is 1\.5"):
        made(5, 1.5)


def test_demonstrations_are_reproducible() -> None:
    assert made(100, 0.4, seed=1) == made(100, 0.4, seed=1)
    assert made(100, 0.4, seed=1) != made(100, 0.4, seed=2)


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".parquet"])
def test_demonstrations_come_back_as_they_were_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"demonstrations{suffix}"
    assert write_demonstrations(path, made(20, 0.4)) == 20
    assert read_demonstrations(path) == made(20, 0.4)


def test_demonstrations_made_by_hand_are_read_with_prompt_or_messages(tmp_path: Path) -> None:
    path = tmp_path / "hand.jsonl"
    rows = [
        {"prompt": "1+1=", "response": "2", "reference": 2},
        {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}], "response": "r"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    first, second = read_demonstrations(path)
    assert first == Demonstration(
        problem=Problem.make(question="1+1=", reference=MathReference(answer="2")), response="2"
    )
    assert second.problem.messages[0] == Message(role="system", content="s")


def test_a_demonstration_without_a_response_is_a_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text('{"prompt": "a", "response": "b"}\n{"prompt": "a", "response": ""}\n{"prompt": "a"}\n')
    skipped: list[BadRow] = []
    assert len(list(iter_demonstrations(path, on_bad=skipped.append))) == 1
    assert [(error.line, error.field) for error in skipped] == [(2, "response"), (3, "response")]
    with pytest.raises(BadRow, match="line 2, field 'response'"):
        read_demonstrations(path)


# --- countdown --------------------------------------------------------------------------------------------------------


def solvable(numbers: tuple[Fraction, ...], target: int) -> bool:
    """Try every expression: any two values become one, until one is left."""
    if len(numbers) == 1:
        return numbers[0] == target
    for i, j in itertools.permutations(range(len(numbers)), 2):
        rest = tuple(number for place, number in enumerate(numbers) if place not in (i, j))
        left, right = numbers[i], numbers[j]
        results = [left - right] + ([left / right] if right else []) + ([left + right, left * right] if i < j else [])
        if any(solvable((*rest, result), target) for result in results):
            return True
    return False


@pytest.mark.parametrize("kind", [countdown.Kind(), countdown.Kind(numbers=(5, 5), largest=25, target=(100, 999))])
def test_every_countdown_problem_can_be_solved(kind: countdown.Kind) -> None:
    for problem in countdown.take_problems(kind, 30, seed=5):
        reference = problem.reference
        assert isinstance(reference, CountdownReference)
        assert kind.target[0] <= reference.target <= kind.target[1]
        assert kind.numbers[0] <= len(reference.numbers) <= kind.numbers[1]
        assert all(1 <= number <= kind.largest for number in reference.numbers)
        assert solvable(tuple(map(Fraction, reference.numbers)), reference.target)
        shown = [int(text) for text in re.findall(r"\d+", problem.messages[0].content)]
        assert shown == [*reference.numbers, reference.target]


def test_countdown_problems_are_unique_whatever_the_order_of_their_numbers() -> None:
    drawn = list(countdown.take_problems(countdown.Kind(numbers=(3, 3), largest=9, target=(1, 30)), 800, seed=0))
    keys = {(tuple(sorted(p.reference.numbers)), p.reference.target) for p in drawn}  # type: ignore[union-attr]
    assert len(keys) == 800


def test_countdown_is_reproducible_and_a_longer_draw_begins_with_the_shorter() -> None:
    long = list(countdown.take_problems(countdown.Kind(), 40, seed=3))
    assert long[:15] == list(countdown.take_problems(countdown.Kind(), 15, seed=3))
    assert long != list(countdown.take_problems(countdown.Kind(), 40, seed=4))


def test_countdown_says_when_there_are_no_more_or_none() -> None:
    few = countdown.Kind(numbers=(2, 2), largest=2, target=(1, 9))  # 1 1: 2, 1; 1 2: 3, 1, 2; 2 2: 4, 1
    with pytest.raises(DataError, match="only 7 found"):
        list(countdown.take_problems(few, 50, seed=0))
    with pytest.raises(DataError, match="widen the ranges"):
        next(countdown.draw_problems(countdown.Kind(numbers=(2, 2), largest=3, target=(100, 200)), seed=0))
    for keys in ({"numbers": (1, 3)}, {"largest": 0}, {"target": (9, 1)}):
        with pytest.raises(DataError):
            countdown.Kind(**keys)  # type: ignore[arg-type]
