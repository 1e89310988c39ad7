"""What `validate` finds in rows whose reference states an answer."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from data_prep.errors import DataError
from data_prep.validation import findings
from data_prep.validation.contamination import PhraseIndex
from data_prep.validation.entries import read_entries
from data_prep.validation.near_duplicates import NearDuplicates
from data_prep.validation.prompts import leaks, ticks
from data_prep.validation.report import Report
from data_prep.validation.run import dropped_path, validate
from data_prep.validation.validator import Settings, Validator
from rewards import GraderPool
from rewards.spec import RewardSpec

WEAK = """
from rewards import GradeRequest, reward


@reward("substring", correctness=True)
def substring(request: GradeRequest) -> float:
    return float(request.reference.answer in request.response)


@reward("anything", correctness=True)
def anything(request: GradeRequest) -> float:
    return 1.0


@reward("length_of_response")
def length_of_response(request: GradeRequest) -> float:
    return float(len(request.response))


@reward("shorter")
def shorter(request: GradeRequest) -> float:
    return 1.0 / (1 + len(request.response))
"""


def written(path: Path, rows: Sequence[Mapping[str, object]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def row(question: str, answer: object) -> dict[str, object]:
    return {"question": question, "answer": answer}


ROWS = [row(f"How much is {n} + {n}? Say it.", str(2 * n)) for n in range(11, 31)]


def found(report: Report) -> dict[str, list[int]]:
    return {name: [finding.line for finding in examples] for name, examples in report.examples.items()}


@pytest.fixture(scope="module")
def weak(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The file of the weak rewards."""
    path = tmp_path_factory.mktemp("rewards") / "weak_rewards.py"
    path.write_text(WEAK)
    return str(path)


def checked(data: str, reward: RewardSpec | str = "math", settings: Settings | None = None, **given: object) -> Report:
    """Validated with a reward that grades in this process: it saves the workers' start."""
    spec = reward if isinstance(reward, RewardSpec) else RewardSpec.from_dict({"reward": reward, "in_process": True})
    return validate(data, spec, settings, workers=1, **given)  # type: ignore[arg-type]


def quiet(**given: object) -> Settings:
    """Without likeness: rows that are made by rule are all alike."""
    return Settings(near=False, **given)  # type: ignore[arg-type]


def test_sound_rows_are_fit(tmp_path: Path) -> None:
    report = validate(written(tmp_path / "rows.jsonl", ROWS), settings=quiet())
    assert found(report) == {}
    assert (report.rows, report.kept, report.reward, report.is_fit) == (20, 20, "math@22", True)
    assert report.describe().splitlines()[-1].startswith("fit to train on")


def test_golds_that_are_equal_in_value_are_no_fault_of_the_reward(tmp_path: Path) -> None:
    same = [row("A half?", "1/2"), row("Half as a decimal?", "0.5"), row("Two quarters?", r"\frac{2}{4}")]
    assert found(checked(written(tmp_path / "rows.jsonl", [*same, *ROWS]), settings=quiet())) == {}


def test_a_gold_that_cannot_be_read_is_found(tmp_path: Path) -> None:
    golds = [r"\frac{1}{", r"\boxed{}", r"\text{}"]
    rows = [*ROWS[:3], *(row(f"And this {gold}?", gold) for gold in golds), *ROWS[3:]]
    assert found(checked(written(tmp_path / "rows.jsonl", rows), settings=quiet())) == {"gold_ungraded": [4, 5, 6]}


def test_a_reward_that_looks_for_a_substring_pays_for_other_golds(tmp_path: Path, weak: str) -> None:
    rows = [row("a", "1"), row("b", "12"), row("c", "7"), row("d", "0.75")]
    report = checked(written(tmp_path / "rows.jsonl", rows), f"{weak}:substring", quiet())
    assert found(report) == {"other_gold_paid": [1, 3]}
    assert "'12' of line 2 is paid" in report.examples["other_gold_paid"][0].reason


def test_a_reward_that_pays_for_anything_is_found(tmp_path: Path, weak: str) -> None:
    report = checked(written(tmp_path / "rows.jsonl", ROWS), f"{weak}:anything", quiet())
    assert report.counts == {"blank_paid": 20, "filler_paid": 20}
    settings = quiet(skip=frozenset(["blank_paid", "filler_paid"]))
    assert checked(written(tmp_path / "rows.jsonl", ROWS), f"{weak}:anything", settings).is_fit


def test_a_reward_without_right_and_wrong_must_pay_more_for_the_gold_than_for_nothing(
    tmp_path: Path, weak: str
) -> None:
    data = written(tmp_path / "rows.jsonl", ROWS[:4])
    report = checked(data, f"{weak}:length_of_response", quiet())
    assert found(report) == {}
    assert any("length_of_response@1 gives scores without right and wrong" in note for note in report.notes)
    assert found(checked(data, f"{weak}:shorter", quiet())) == {"gold_rejected": [1, 2, 3, 4]}


def test_the_form_is_the_one_that_the_reward_reads(tmp_path: Path) -> None:
    data = written(tmp_path / "rows.jsonl", ROWS)
    strict = {"reward": "math", "parameters": {"policy": "strict"}, "in_process": True}
    gated = {"gate": "format", "then": strict}
    report = checked(data, RewardSpec.from_dict(gated), quiet())
    assert report.form.endswith("<answer>{gold}</answer>")
    assert report.is_fit
    bare = checked(data, RewardSpec.from_dict(gated), quiet(form="bare"))
    assert bare.counts["gold_rejected"] == 20


def test_each_way_in_which_texts_can_be_unfit_is_found(tmp_path: Path) -> None:
    long = "A baker bakes 24 loaves each morning and sells 7 of them before noon to the school across the street"
    exam = written(tmp_path / "exam.jsonl", [row(f"{long}; how many are left?", "17"), row("What is 2 + 2?", "4")])
    rows = [
        row("What is 3 + 3?", "6"),
        row("what is  3 + 3", "6"),
        row("What is 3 + 3 ?", "7"),
        row("What is 2+2?", "4"),
        row(f"Think of this. {long}. How many loaves does he sell?", "7"),
        row("What is 8 + 1? The answer is 9.", "9"),
        row("In the figure below, how long is AB?", "5"),
        {"question": "no answer"},
        row("Which numbers are they?", "all the numbers that divide twelve"),
    ]
    from data_prep.validation.entries import read_entries

    settings = Settings(against=[read_entries(exam)])
    report = checked(written(tmp_path / "rows.jsonl", rows), settings=settings)
    assert found(report) == {
        "duplicate": [2],
        "conflict": [3],
        "overlap": [4],
        "contaminated": [5],
        "answer_in_prompt": [6],
        "picture": [7],
        "unreadable": [8],
        "prose_gold": [9],
    }
    assert (report.rows, report.kept) == (9, 3)


def test_golds_that_leave_open_what_is_right_and_questions_that_break_off_are_doubted_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings, "EXAMPLES", 10)
    sound = [
        row("For which x is x^2 = 4?", r"x=2 \text{ or } x=-2"),
        row("For which x is x^2 > 4?", "x < -2 or x > 2"),
        row("Which of the points A, B and C is nearest to 0?", "C"),
        row("Which of them is red? (A) a rose (B) a leaf", "A"),
        row("Find the value of 3 + 4 that you are asked for", "7"),
        row("Which is true? (a) it rains (b) it snows (e) neither", "E"),
        row("What is the 100th letter of ABCABCABC...?", "A"),
        row("The first of all primes is", "2"),
        row("What is the round number below 101?", "100"),
    ]
    doubtful = [
        row("Which digit may it be?", "5 or 7"),
        row("Which number of the two is meant?", r"-2 \text{ or } -12"),
        row("How fast is a horse?", r"\approx 8.24"),
        row("How many cents has a dollar?", "about 100"),
        row("How many crumbs has the loaf that was baked?", "100 or so"),
        row("How many wings has a beetle of this kind?", "none"),
        row("What is the total that they paid?", "see solution"),
    ]
    letters = [row("Which of the answers is the largest?", "C")]
    broken = [
        row("A train leaves at 5 pm and travels at 60 km/h towards the", "120"),
        row("Half of 12 or the sum of ", "6"),
    ]
    report = checked(written(tmp_path / "rows.jsonl", [*sound, *doubtful, *letters, *broken]), settings=quiet())
    assert found(report) == {"uncertain_gold": [*range(10, 17)], "letter_alone": [17], "cut_off": [18, 19]}
    assert report.kept == 19


def test_the_same_question_with_an_equal_gold_is_a_duplicate_and_no_conflict(tmp_path: Path) -> None:
    question = "Which share of the cake is left for the last of the four guests?"
    rows = [row(question, "1/4"), row(question, "0.25"), row(question, r"\mathbf{\frac14}"), row(question, "1/3")]
    report = checked(written(tmp_path / "rows.jsonl", rows), settings=quiet())
    assert found(report) == {"duplicate": [2, 3], "conflict": [4]}


def test_a_phrase_with_which_many_questions_are_asked_counts_for_nothing() -> None:
    asked = "answer the following question as well as you can and give the result as one number in the end"
    phrases = PhraseIndex()
    for number in range(12):
        phrases.learn("exam", str(number), f"How many are {number} and {number + 1}? {asked}")
    assert phrases.shared(f"What is the capital of Peru? {asked}") is None
    whole = phrases.shared(f"How many are 3 and 4? {asked}")
    assert whole is not None
    assert (whole.id, whole.share) == ("3", 1.0)


SHEEP = (
    "A farmer has {} sheep and buys some more at the market in the village on the hill, then sells a third of all "
    "of them to a {} who keeps {} goats and wants to begin with sheep. How many sheep does the farmer have?"
)


def test_a_question_with_few_other_words_is_near_and_one_with_other_numbers_is_none(tmp_path: Path) -> None:
    other = "A painter mixes two buckets of blue with one of white until the wall of the old house by the sea is done."
    asked = [SHEEP.format(12, "neighbour", 6), other, SHEEP.format(12, "cousin", 6), SHEEP.format(21, "neighbour", 9)]
    report = checked(written(tmp_path / "rows.jsonl", [row(text, str(n)) for n, text in enumerate(asked)]))
    assert found(report) == {"near_duplicate": [3]}
    assert report.is_fit  # a warning drops nothing
    assert any(
        "like an earlier one with other numbers or words, and so no duplicates: 1 question, such as" in note
        for note in report.notes
    )


def test_prompts_are_counted_in_tokens(tmp_path: Path) -> None:
    settings = quiet(encode=lambda problem: problem.messages[0].content.split(), max_prompt_tokens=8)
    rows = [*ROWS[:2], row("A question of more than so many words, is it not?", "1")]
    report = checked(written(tmp_path / "rows.jsonl", rows), settings=settings)
    assert found(report) == {"too_long": [3]}
    assert "the longest prompt has 11 tokens" in report.notes


def test_an_answer_that_is_right_too_often_is_named(tmp_path: Path) -> None:
    rows = [*(row(f"Is {n} even?", "yes") for n in range(40)), *(row(f"Half of {2 * n}?", n) for n in range(100, 120))]
    report = checked(written(tmp_path / "rows.jsonl", rows), settings=quiet())
    assert report.golds[0] == ("yes", 40)
    assert any("40 of 60 (66.7%); whoever always says it is paid that often" in note for note in report.notes)


def test_what_is_kept_and_what_is_dropped_are_written_with_reasons(tmp_path: Path) -> None:
    rows = [*ROWS[:3], {"question": "?"}, row("What is 8 + 1? The answer is 9.", "9")]
    clean = tmp_path / "fit.jsonl"
    report = checked(written(tmp_path / "rows.jsonl", rows), settings=quiet(), clean=clean)
    assert [json.loads(line)["reference"]["answer"] for line in clean.read_text().splitlines()] == ["22", "24", "26"]
    dropped = [json.loads(line) for line in dropped_path(clean).read_text().splitlines()]
    assert sorted((one["line"], one["reasons"][0]["check"]) for one in dropped) == [
        (4, "unreadable"),
        (5, "answer_in_prompt"),
    ]
    assert report.kept == 3
    assert checked(str(clean), settings=quiet()).is_fit


def test_where_no_row_is_fit_the_reasons_are_written_and_nothing_else(tmp_path: Path) -> None:
    data = written(tmp_path / "rows.jsonl", [row("What is 8 + 1? The answer is 9.", "9")])
    clean = tmp_path / "fit.jsonl"
    report = checked(data, settings=quiet(), clean=clean)
    assert (report.kept, report.is_fit, found(report)) == (0, False, {"answer_in_prompt": [1]})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fit.jsonl.dropped.jsonl", "rows.jsonl"]
    (dropped,) = map(json.loads, dropped_path(clean).read_text().splitlines())
    assert dropped["reasons"] == [{"check": "answer_in_prompt", "reason": "it says 'The answer is' and '9'"}]


def test_rows_that_cannot_be_read_count_for_nothing_where_they_are_skipped(tmp_path: Path) -> None:
    data = written(tmp_path / "rows.jsonl", [*ROWS, {"question": "?"}])
    assert not checked(data, settings=quiet()).is_fit
    assert checked(data, settings=quiet(skip=frozenset(["unreadable"]))).is_fit


@pytest.mark.parametrize(
    ("hint", "leaks_it"),
    [
        ("Hint: the final answer should be 9.", True),
        ("Your answer must be: 9", True),
        ("(answer equals **9**)", True),
        ("Think step by step. Final answer 9.", True),
        ("Round the final answer 9 times.", False),
        ("The answer is 9**2 - 72.", False),
        ("The answer should be a digit, such as 8 or 90.", False),
        ("The answer will be 9.5 if you round.", False),
    ],
)
def test_an_answer_that_is_announced_in_other_words_is_given_away(hint: str, leaks_it: bool) -> None:
    assert bool(leaks(f"What is 8 + 1? {hint}", ["9"])) is leaks_it


@pytest.mark.parametrize(
    ("hint", "gold", "leaks_it"),
    [
        (r"(Answer: 1/2)", r"\frac{1}{2}", True),
        (r"The answer is $\dfrac{1}{2}$.", r"\frac12", True),
        ("The answer is twelve.", "12", True),
        ("The answer is 12.50, as you know.", "12.5", True),
        ("Final answer: **(1, 2)**", "(1,2)", True),
        ("Die Antwort ist 43.", "43", True),
        ("La respuesta es 43", "43", True),
        ("答案是43。", "43", True),
        ("The answer is 6*7+1.", "43", False),
        ("The answer is 43 times what Tom has.", "43", False),
        ("The answer is twelve more than 31.", "43", False),
    ],
)
def test_an_answer_in_another_spelling_or_language_is_given_away(
    tmp_path: Path, hint: str, gold: str, leaks_it: bool
) -> None:
    rows = [*ROWS[:4], row(f"What comes out of exercise seventeen? {hint}", gold)]
    report = checked(written(tmp_path / "rows.jsonl", rows), settings=quiet())
    assert found(report).get("answer_in_prompt", []) == [5] * leaks_it


def test_an_option_that_is_marked_is_found_among_three_and_in_one_line() -> None:
    for options in ("(A) 4 (B) 5 (correct) (C) 6", "(A) 4\n(B) 5 (correct)\n(C) 6\n(D) 8"):
        assert ticks(f"Which is prime?\n{options}"), options
    assert ticks("Is (A) 4 or (B) 5 (correct) prime?") == ""


def test_a_question_with_one_word_changed_is_nearly_the_same_wherever_the_word_stands() -> None:
    words = "A farmer has 16 hens that lay two eggs each day, eats three of them, and sells what is left to the town"
    for at, word in enumerate(words.split()):
        changed = [*words.split()[:at], "purple", *words.split()[at + 1 :]]
        likeness = NearDuplicates()
        likeness.add("line 1", "a", f"{words}; how many eggs does he sell?", "29")
        near = likeness.add("line 2", "b", f"{' '.join(changed)}; how many eggs does he sell?", "29")
        assert near is not None, changed
        assert not near.sibling or word in ("16", "two", "three"), changed


@pytest.mark.parametrize(
    ("other", "sibling"),
    [
        ("An urn holds 4 white and 11 black pebbles. What is 3 - 5 of them?", True),  # another order
        ("An urn holds 11 white and 4 black pebbles. What is 3 + 5 of them?", True),  # another sign
        ("An urn holds 11 white, and 4 black, pebbles: what is (3) - 5 of them?", False),
        ("An urn holds 11 white and 4 black pebbles. What, is 3 - 5 of them?", False),
    ],
)
def test_the_same_words_about_other_numbers_are_another_question(other: str, sibling: bool) -> None:
    likeness = NearDuplicates()
    likeness.add("line 1", "a", "An urn holds 11 white and 4 black pebbles. What is 3 - 5 of them?", "2")
    near = likeness.add("line 2", "b", other, "4")
    assert near is not None
    assert near.sibling is sibling


@pytest.mark.parametrize(
    ("other", "gold", "sibling"),
    [
        (
            "Give the plural of the English noun 'foot', as one writes it in a letter to an old friend of the family.",
            "feet",
            True,
        ),
        (
            "Give the plural of the English noun 'leav', as one writes it in a letter to an old friend of the family.",
            "leafs",
            False,
        ),  # misspelt
        (
            "Give the plural of the English noun 'blade', as one writes it in a letter to an old friend of the family.",
            "leaves",
            False,
        ),
    ],
)
def test_a_question_about_another_thing_is_another_question_if_its_answer_is(
    other: str, gold: str, sibling: bool
) -> None:
    likeness = NearDuplicates()
    likeness.add(
        "line 1",
        "a",
        "Give the plural of the English noun 'leaf', as one writes it in a letter to an old friend of the family.",
        "leaves",
    )
    near = likeness.add("line 2", "b", other, gold)
    assert near is not None
    assert near.sibling is sibling


def test_a_letter_stands_for_its_option_where_questions_are_compared(tmp_path: Path) -> None:
    asked = "Which of these cities in the south of the country is the capital of {}?\n{}"
    rows = [
        {"prompt": asked.format("Chad", "A. Lima\nB. N'Djamena\nC. Oslo"), "reference": "B"},
        {"prompt": asked.format("Peru", "A. Quito\nB. Lima\nC. Oslo"), "reference": "B"},
        {"prompt": asked.format("Chad", "A. Lima\nB. Oslo\nC. N'Djamena"), "reference": "C"},
    ]
    report = checked(written(tmp_path / "rows.jsonl", rows), "choice")
    assert found(report)["near_duplicate"] == [3]


def test_questions_made_by_one_rule_are_all_found_and_compared_with_few() -> None:
    rule = (
        "A farmer has {} sheep and buys some more at the market in the village on the hill, then sells a third of all "
        "of them to a neighbour who keeps {} goats and wants to begin with sheep. How many sheep does the farmer have?"
    )
    likeness = NearDuplicates()
    near = [likeness.add(f"line {n}", str(n), rule.format(n, 7 * n % 11)) for n in range(1, 201)]
    assert [n for n, found in enumerate(near) if found is None or not found.sibling] == [0]
    assert len(likeness) < 50
    assert (
        likeness.add("line 201", "other", "Which of the planets is the one that is nearest to the sun at noon?") is None
    )


def test_questions_of_the_same_phrases_that_are_not_near_are_compared_with_few() -> None:
    phrase = "in the town on the hill there lives an old baker who asks every guest of his the one question of which "
    chance = random.Random(4)
    words = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=6)) for _ in range(4_000)]
    likeness = NearDuplicates()
    asked = [phrase + " ".join(words[at : at + 8]) for at in range(0, 4_000, 8)]
    near = [likeness.add(f"line {n}", str(n), question, str(n)) for n, question in enumerate(asked)]
    assert sum(found is not None for found in near) < 5  # likeness is an estimate
    assert len(likeness) < 400
    repeated = likeness.add("line 500", "again", phrase + "really " + " ".join(words[:8]), "0")
    assert repeated is not None
    assert repeated.id == "0"


@pytest.mark.parametrize(("reward", "golds"), [("choice", "ABCD"), ("exact", ["red", "blue", "green", "black"])])
def test_a_bare_answer_means_what_the_reward_takes(tmp_path: Path, reward: str, golds: Sequence[str]) -> None:
    rows = [row(f"Question {n}, of (A), (B), (C) and (D)?", golds[n % 4]) for n in range(20)]
    report = checked(written(tmp_path / "rows.jsonl", rows), reward, quiet())
    assert (found(report), report.is_fit) == ({}, True)
    rows[3] = row("Which one?", "neither of these" if reward == "choice" else "")
    assert found(checked(written(tmp_path / "rows.jsonl", rows), reward, quiet())) == {"unreadable": [4]}


def test_a_reward_without_types_of_reference_is_given_lists_and_objects_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "def words(request):\n    return float(isinstance(request.reference.value, dict))\n"
    )
    held = [{"must": ["a"]}, ["a", "b"], {"type": "integer"}]
    data = written(tmp_path / "rows.jsonl", [row(f"Say {n}, please.", value) for n, value in enumerate(held)])
    kept = tmp_path / "kept.jsonl"
    report = checked(data, f"{tmp_path / 'own.py'}:words", quiet(), clean=kept)
    assert (report.rows, report.is_fit) == (3, True)
    assert [json.loads(line)["reference"] for line in kept.read_text().splitlines()] == [
        {"type": "data", "value": value} for value in held
    ]


def test_mistakes_are_named_before_anything_is_graded(tmp_path: Path) -> None:
    data = written(tmp_path / "rows.jsonl", ROWS)
    with pytest.raises(DataError, match="'goldd'; it must be one of boxed, think_boxed"):
        Settings(form="goldd")
    with pytest.raises(DataError, match=r"no check 'dupes'; did you mean 'duplicate'\? \(known: unreadable"):
        Settings(skip=frozenset(["dupes"]))
    with pytest.raises(DataError, match="no tokenizer"):
        Settings(max_prompt_tokens=5)
    with pytest.raises(DataError, match="would be written over"):
        validate(data, clean=data)
    with pytest.raises(DataError, match="no column 'proof' for the solution; its columns: question, answer"):
        validate(data, solution_field="proof")
    with pytest.raises(DataError, match="a reference of type 'data', which says no reward"):
        validate(written(tmp_path / "none.jsonl", [{"messages": "hello", "reference": {"type": "data", "value": 1}}]))


def test_a_page_shows_what_rows_say_as_text(tmp_path: Path) -> None:
    rows = [*ROWS[:3], row("<script>alert(1)</script> What is 8? The answer is <b>.", "<b>")]
    report = checked(written(tmp_path / "rows.jsonl", rows), settings=quiet())
    page = report.to_html()
    assert "<b>" not in page.replace("&lt;b&gt;", "")
    assert "<script" not in page
    assert "&lt;b&gt;" in page
    assert json.loads(report.to_json())["findings"]["answer_in_prompt"]["count"] == 1


def test_golds_that_are_plain_numbers_need_no_worker(tmp_path: Path) -> None:
    source = read_entries(written(tmp_path / "rows.jsonl", ROWS))
    with GraderPool("math", workers=1) as pool:
        validator = Validator(pool, quiet())
        kept = [*validator.kept(source)]
        assert (len(kept), pool.counts().started) == (20, 0)
