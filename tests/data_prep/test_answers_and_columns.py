"""How golds are taken out of what data sets write, exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_prep.errors import BadRow
from data_prep.rows import Row
from data_prep.sources import gsm8k, math
from data_prep.sources.answers import after_hashes, bare_latex, last_boxed, number_text, split_answers
from data_prep.sources.columns import Columns, read
from data_prep.sources.jsonl import UnknownColumns, Wanted, read_rows
from rewards.types import MathReference, NoReference


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        ("72\n#### 72", "72"),
        ("#### 109,200,000", "109200000"),
        ("#### 1\nno:\n#### -2.50  ", "-2.50"),
        ("####", None),
        ("no mark", None),
        ("x ####   \n", None),
    ],
)
def test_the_answer_after_the_last_hashes_without_commas(solution: str, answer: str | None) -> None:
    assert after_hashes(solution) == answer


@pytest.mark.parametrize(
    ("solution", "answer"),
    [
        (r"\boxed{1} then \boxed{2}", "2"),
        (r"\boxed{\frac{1}{2}}", r"\frac{1}{2}"),
        (r"\boxed{\left\{ x : x > 0 \right\}}", r"\left\{ x : x > 0 \right\}"),
        (r"\boxed{[2, \infty\} }", r"[2, \infty\}"),  # an escaped brace closes nothing
        (r"\boxed{a} and \boxed{b{c}", "a"),  # the last does not close
        (r"so $\boxed 2$.", "2"),
        ("so $\\boxed\n2$.", "2"),
        (r"\fbox{7}", "7"),
        (r"\boxed {8}", "8"),
        (r"\boxed{}", None),
        (r"\boxed{ }", None),
        (r"\boxedminus{3}", None),
        ("nothing", None),
        (r"\boxed", None),
        (r"\boxed{\boxed{5}}", "5"),
        (r"\boxed{\text{a}\\b}", r"\text{a}\\b"),
    ],
)
def test_the_inside_of_the_last_box_that_closes(solution: str, answer: str | None) -> None:
    assert last_boxed(solution) == answer


BALANCED = st.recursive(
    st.text("ab1+ \\", max_size=4).map(lambda text: text.replace("\\", "\\frac")),
    lambda inner: st.tuples(inner, inner).map(lambda parts: f"{parts[0]}{{{parts[1]}}}"),
)


@given(inside=BALANCED, before=st.text("x{}$ ", max_size=8), after=st.text("y}$ ", max_size=8))
def test_any_balanced_answer_comes_back_out_of_its_box(inside: str, before: str, after: str) -> None:
    assert last_boxed(f"{before}\\boxed{{{inside}}}{after}") == (inside.strip() or None)


def test_numbers_are_written_as_people_do() -> None:
    shown = [number_text(n) for n in (27.0, -9867630.0, 0.0016791648, 1e22, 1e-7, 3, -0.0, 6277334000.5)]
    assert shown == ["27", "-9867630", "0.0016791648", "1" + "0" * 22, "0.0000001", "3", "0", "6277334000.5"]
    for bad in (float("nan"), float("inf")):
        with pytest.raises(BadRow, match="finite"):
            number_text(bad)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_written_number_is_the_number(value: float) -> None:
    text = number_text(value)
    assert float(text) == value
    assert "e" not in text.lower()


def test_dollars_and_full_stops_around_latex_are_left_out() -> None:
    assert bare_latex(r"$3 \sqrt{6}$.") == r"3 \sqrt{6}"
    assert bare_latex(r"$p=5$ and all $q$") == r"$p=5$ and all $q$"
    assert bare_latex("0.5") == "0.5"


def test_several_answers_are_parted_outside_brackets_only() -> None:
    assert split_answers("$69$,$84$") == ("69", "84")
    assert split_answers("$221,$8$") == ("221", "8")
    assert split_answers(r"$(1,2),\left(\frac{1}{2}, 3\right)$") == ("(1,2)", r"\left(\frac{1}{2}, 3\right)")
    assert split_answers(r"$f(x)=x$, where $x$ is real") == (r"$f(x)=x$, where $x$ is real",)
    assert split_answers(r"$90^{\circ}$,$60^{\circ}$") == (r"90^{\circ}", r"60^{\circ}")


def test_gsm8k_rows_without_a_marked_answer_are_bad() -> None:
    with pytest.raises(BadRow, match="####") as caught:
        gsm8k.read({"question": "How many?", "answer": "ten"})
    assert caught.value.field == "answer"
    with pytest.raises(BadRow) as caught:
        gsm8k.read({"question": " ", "answer": "#### 1"})
    assert caught.value.field == "question"


def test_a_math_answer_is_the_answer_field_as_it_stands_or_the_last_box() -> None:
    row: dict[str, object] = {
        "problem": "p",
        "solution": r"\boxed{1}",
        "answer": " 2 ",
        "level": "Level 1",
        "type": "A",
    }
    problem = math.read(row)
    assert problem.reference == MathReference(answer=" 2 ")
    assert problem.tags == ("Level 1", "A")
    assert math.read({**row, "answer": None}).reference == MathReference(answer="1")
    assert math.read({"problem": "p", "solution": r"\boxed{1}"}).reference == MathReference(answer="1")
    for broken in ({"answer": ""}, {"answer": "", "solution": r"so \boxed{}"}, {"solution": "so 1"}):
        with pytest.raises(BadRow, match="boxed"):
            math.read({"problem": "p", **broken})


# --- columns ----------------------------------------------------------------------------------------------------------


def rows_of(*fields: dict[str, object]) -> list[Row]:
    return [Row(file="rows.jsonl", line=number, fields=row) for number, row in enumerate(fields, start=1)]


def answers_of(*fields: dict[str, object], wanted: Wanted | None = None) -> list[object]:
    reading = read_rows(rows_of(*fields), wanted or Wanted())
    return [problem.reference for problem in reading.problems]


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (
            {"problem": "p", "expected_answer": "1"},
            "question from 'problem', answer from 'expected_answer' (form: value)",
        ),
        ({"question": "p", "answer": "so\n#### 1"}, "question from 'question', answer from 'answer' (form: hashes)"),
        ({"prompt": "p", "solution": r"\boxed{1}"}, "question from 'prompt', answer from 'solution' (form: boxed)"),
        (
            {"prompt": [{"role": "user", "content": "p"}], "reward_model": {"ground_truth": "1"}},
            "question from 'prompt', answer from 'reward_model.ground_truth' (form: value)",
        ),
        ({"input": "p", "target": 1.0, "question": None}, "question from 'input', answer from 'target' (form: value)"),
    ],
)
def test_columns_are_guessed_among_usual_names_and_shown(row: dict[str, object], shown: str) -> None:
    reading = read_rows(rows_of(row))
    assert reading.describe() == shown
    (problem,) = reading.problems
    assert problem.messages[0].content == "p"
    assert problem.reference == MathReference(answer="1")


def test_a_guess_is_made_once_and_a_later_row_without_the_column_is_bad() -> None:
    rows = rows_of(
        {"question": "a", "answer": "1"}, {"problem": "b", "answer": "2"}, {"question": "c", "solution": "3"}
    )
    with pytest.raises(BadRow, match="line 2, field 'question'"):
        list(read_rows(rows).problems)
    skipped: list[BadRow] = []
    kept = list(read_rows(rows, on_bad=skipped.append).problems)
    assert len(kept) == 1
    assert [(error.line, error.field) for error in skipped] == [(2, "question"), (3, "answer")]


def test_a_first_row_with_a_gap_does_not_mislead_the_guess() -> None:
    rows = rows_of({"question": "a", "answer": None, "label": 3}, *[{"question": "b", "answer": "2"}] * 3)
    reading = read_rows(rows, on_bad=lambda _error: None)
    assert reading.describe() == "question from 'question', answer from 'answer' (form: value)"
    assert len(list(reading.problems)) == 3


def test_columns_that_are_named_are_used_and_must_be_there() -> None:
    row: dict[str, object] = {
        "question": "no",
        "Body": "Tom has 3.",
        "Ask": "How many?",
        "answer": "9",
        "n": "#### 1,000",
    }
    wanted = Wanted(question="Body+Ask", answer="n", form="hashes")
    (problem,) = read_rows(rows_of(row), wanted).problems
    assert problem.messages[0].content == "Tom has 3. How many?"
    assert problem.reference == MathReference(answer="1000")
    with pytest.raises(
        UnknownColumns, match=r"rows\.jsonl: there is no column 'nope' \(the columns are question, Body"
    ):
        read_rows(rows_of(row), Wanted(answer="nope"))
    with pytest.raises(UnknownColumns, match="--answer-field"):
        read_rows(rows_of({"question": "a", "correct": "A"}))
    with pytest.raises(UnknownColumns, match="--question-field"):
        read_rows(rows_of({"q": "a", "answer": "A"}))


def test_rows_without_answers_are_read_when_asked_for() -> None:
    assert answers_of({"question": "a"}, wanted=Wanted(answer="none")) == [NoReference()]


def test_rows_that_are_problems_stay_what_they_are() -> None:
    row: dict[str, object] = {
        "id": "mine",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
        "reference": {"type": "countdown", "numbers": [1, 2], "target": 3},
        "source": "there",
        "tags": ["t"],
    }
    (problem,) = read_rows(rows_of(row), source="file").problems
    assert problem.to_dict() == {**row, "reward": ""}


@pytest.mark.parametrize(
    ("value", "answer"),
    [("2", "2"), (27.0, "27"), (3, "3"), (["1", "2"], ("1", "2")), ([5], "5"), ({"type": "math", "answer": "x"}, "x")],
)
def test_answers_of_all_usual_shapes_are_read(value: object, answer: object) -> None:
    assert answers_of({"question": "q", "answer": value}) == [MathReference(answer=answer)]  # type: ignore[arg-type]


@pytest.mark.parametrize("value", ["", "  ", True, [], [""], [["1"]], {"type": "math"}, {"answer": "1"}, float("inf")])
def test_answers_of_no_usual_shape_are_bad_rows_that_name_the_column(value: object) -> None:
    columns = Columns(question=("question",), answer=("gold",))
    with pytest.raises(BadRow) as caught:
        read({"question": "q", "gold": value}, columns)
    assert caught.value.field == "gold"


def test_answer_sheets_lose_their_leading_zeros() -> None:
    columns = Columns(question=("q",), answer=("a",), form="integer")
    assert read({"q": "q", "a": "073"}, columns).reference == MathReference(answer="73")
    with pytest.raises(BadRow, match="whole number"):
        read({"q": "q", "a": "7.5"}, columns)


@pytest.mark.parametrize(("value", "answer"), [("27.0", "27"), (27.0, "27"), ("-0.50", "-0.50"), (" 1e3 ", "1000")])
def test_numbers_are_read_from_text_too(value: object, answer: str) -> None:
    columns = Columns(question=("q",), answer=("a",), form="number")
    assert read({"q": "q", "a": value}, columns).reference == MathReference(answer=answer)
    for bad in ("three", "nan", "inf", "", "1e999999999"):
        with pytest.raises(BadRow, match="field 'a'"):
            read({"q": "q", "a": bad}, columns)
