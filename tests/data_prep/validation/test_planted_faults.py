"""Faults of many kinds planted among sound rows: each is found, no sound row is called unfit, siblings are no twins."""

from __future__ import annotations

import datetime
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from data_prep.errors import BadRow
from data_prep.rows import Row
from data_prep.validation import findings
from data_prep.validation.entries import RowSource, read_entries
from data_prep.validation.run import validate
from data_prep.validation.validator import Settings

GOODS = ("apples", "pears", "plums", "nuts", "eggs", "rolls", "tiles", "stamps", "coins", "shells")
NAMES = ("Ada", "Ben", "Cleo", "Dov", "Ema", "Finn", "Gus", "Hana", "Ivo", "Jana")
PLACES = ("at the harbour", "behind the school", "on the hill", "in the old mill", "near the station")
EXAM = (
    "A clockmaker has a wheel of 48 teeth that drives a second wheel of 30 teeth while a third one on the same axle "
    "turns a hand around the dial; after how many turns of the first wheel do both marks meet again?"
)

Fields = dict[str, object]


def sound(n: int) -> Fields:
    """A row without a fault, unlike the others in its words and numbers."""
    one, two, left = 20 + 3 * n, 5 + n, GOODS[n % 10]
    name, other, place = NAMES[n % 10], NAMES[(n // 10 + n + 3) % 10], PLACES[n % 5]
    question = (
        f"{name} sorted {one} {left} {place}. {other} came along with a basket of {two} {GOODS[(n // 7 + 4) % 10]} and "
        f"took {n + 2} of the {left} in exchange. How many {left} did {name} keep in the end, if none of them was lost?"
    )
    kept = one - n - 2
    return {"question": question, "answer": str(kept), "solution": f"There were {one}, so {one} - {n + 2} = {kept}. "
            f"\\boxed{{{kept}}}"}  # fmt: skip


def asked(row: Fields, question: str) -> Fields:
    return {**row, "question": question}


def replaced(text: str, share: float, seed: int) -> str:
    words, chance = text.split(" "), random.Random(seed)
    for at in chance.sample([i for i, word in enumerate(words) if word.isalpha()], int(share * len(words))):
        words[at] = chance.choice(("quickly", "wooden", "yellow", "market", "during"))
    return " ".join(words)


def shuffled(text: str, seed: int) -> str:
    words = text.split(" ")
    random.Random(seed).shuffle(words)
    return " ".join(words)


def planted() -> list[tuple[str, Fields]]:
    """Rows with the check that must find each."""
    rows = [sound(n) for n in range(40, 90)]
    own = [sound(n) for n in range(8)]  # these stand before them
    q = [str(row["question"]) for row in rows]
    first = str(own[0]["question"])
    faults: list[tuple[str, Fields]] = [
        ("gold_contradicted", {**rows[0], "answer": "7"}),
        ("gold_contradicted", {**rows[1], "answer": r"\frac{1}{3}"}),
        ("gold_unsupported", {**rows[2], "answer": "3", "solution": "So 146 - 44 = 102.\n#### 3"}),
        ("gold_ungraded", {**rows[3], "answer": r"\frac{1}{", "solution": ""}),
        ("gold_missing", {**rows[4], "answer": "N/A", "solution": ""}),
        ("unreadable", {**rows[5], "answer": None}),
        ("unreadable", {**rows[6], "question": None}),
        ("unreadable", {**rows[7], "question": "  "}),
        ("no_question", {**rows[8], "question": "\u200b?!"}),
        ("duplicate", own[1]),
        ("duplicate", asked(own[2], f"  {str(own[2]['question']).replace(' ', '  ')}\n")),
        ("conflict", {**own[3], "answer": "5", "solution": ""}),
        ("near_duplicate", asked(own[0], replaced(first, 0.05, 1))),
        ("near_duplicate", asked(own[4], replaced(str(own[4]["question"]), 0.15, 2))),
        ("near_duplicate", asked(own[5], shuffled(str(own[5]["question"]), 3))),
        ("near_duplicate", asked(own[6], f"Solve this puzzle, please. {own[6]['question']} Show your work.")),
        ("near_duplicate", asked(own[7], " ".join(str(own[7]["question"]).split(". ")[::-1]))),
        ("overlap", asked(rows[9], EXAM)),
        ("contaminated", asked(rows[10], f"Read this. {EXAM.replace('?', '.')} What do you say?")),
        ("shared_phrase", asked(rows[11], f"Ada reads: {' '.join(EXAM.split()[3:20])}. How many words are that?")),
        ("near_evaluation", {**asked(rows[12], replaced(EXAM, 0.2, 4)), "answer": "5", "solution": ""}),
        ("answer_in_prompt", asked(rows[13], f"{q[13]} The answer is {rows[13]['answer']}.")),
        ("answer_in_prompt", asked(rows[14], f"{q[14]} (Answer: {rows[14]['answer']})")),
        ("answer_in_prompt", asked(rows[15], f"{q[15]}\nHint: the result is {rows[15]['answer']}")),
        ("answer_in_prompt", asked(rows[16], f"{q[16]} \\boxed{{{rows[16]['answer']}}}")),
        ("answer_in_prompt", asked(rows[17], f"{q[17]}\n#### {rows[17]['answer']}")),
        ("answer_in_prompt", asked(rows[18], f'{q[18]} {{"answer": "{rows[18]["answer"]}"}}')),
        ("answer_in_prompt", asked(rows[19], f"{q[19]} <answer>{rows[19]['answer']}</answer>")),
        ("answer_in_prompt", asked(rows[20], f"{q[20]} [ground truth = {rows[20]['answer']}]")),
        ("too_long", asked(rows[21], f"{q[21]} " * 12)),
        ("damaged_text", asked(rows[22], q[22].replace(" in ", " in the caf\u00c3\u00a9 ", 1))),
        ("damaged_text", asked(rows[23], q[23].replace(" ", " \ufffd", 1))),
        ("damaged_text", asked(rows[24], f"{q[24]} Don?t guess.")),
        ("markup", asked(rows[25], f"<p>{q[25]}</p>")),
        ("markup", asked(rows[26], f"{q[26]}&nbsp;")),
        ("mixed_language", asked(rows[27], f"{q[27]} 请用中文回答。")),
        ("mixed_language", asked(rows[28], f"{q[28]} ¿Cuántas de las que tiene cada una están en la caja?")),
        ("mixed_language", asked(rows[29], "Hay 5 peras en la caja y cada una de las niñas come dos. ¿Cuántas tiene?")),
        ("mixed_language", asked(rows[30], q[30].replace("many", "m\u0430ny"))),
        ("gold_not_offered", {**asked(rows[31], "Which? (A) red (B) blue (C) green (D) grey"), "answer": "E",
                              "solution": ""}),
    ]  # fmt: skip
    return faults


def written(path: Path, rows: Sequence[Mapping[str, object]]) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture(autouse=True)
def all_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that shows every finding."""
    monkeypatch.setattr(findings, "EXAMPLES", 10_000)


def test_each_planted_fault_is_found_and_no_sound_row_is_unfit(tmp_path: Path) -> None:
    good, bad = [sound(n) for n in range(40)], planted()
    siblings = [{**sound(n), "question": str(sound(n)["question"]).translate(str.maketrans("123456789", "345678912")),
                 "answer": "4", "solution": ""} for n in range(6)]  # fmt: skip
    exam = written(tmp_path / "exam.jsonl", [{"question": EXAM, "answer": "5"}])
    data = written(tmp_path / "rows.jsonl", [*good, *(row for _, row in bad), *siblings])
    settings = Settings(against=[read_entries(exam)], max_prompt_characters=1500)
    report = validate(data, settings=settings, clean=tmp_path / "fit.jsonl", workers=1)
    by_line: defaultdict[int, set[str]] = defaultdict(set)
    for check, examples in report.examples.items():
        for finding in examples:
            by_line[finding.line].add(check)
    missed = [(check, by_line[line], row) for line, (check, row) in enumerate(bad, 41) if check not in by_line[line]]
    assert missed == []
    others = {line: checks for line, checks in by_line.items() if line <= 40 or line > 40 + len(bad)}
    assert others == {}
    assert any("like an earlier one with other numbers or words, and so no duplicates" in note for note in report.notes)
    unfit = {line for line, checks in by_line.items() if any(findings.CHECKS[c].severity == "error" for c in checks)}
    assert report.kept == len(good) + len(bad) + len(siblings) - len(unfit)


NEXT_YEAR = datetime.date.today().year + 1
SQUARE = "def f(x):\n    return x * x\n"
SQUARES = ["assert f(2) == 4", "assert f(-3) == 9"]
PROGRAMS: list[tuple[set[str], str, dict[str, object]]] = [
    (set(), SQUARE, {"type": "asserts", "asserts": SQUARES}),
    (set(), "def f(x):\n    return sorted(set(x))", {"type": "asserts", "asserts": ["assert f('ba') == ['a', 'b']",
     "assert f('') == []"]}),
    (set(), "def f(x, y):\n    return tuple(set(x) & set(y))", {"type": "asserts", "asserts": [
     "assert f([3, 4, 5], [5, 4, 9]) == (4, 5)", "assert f([1], [2]) == ()"]}),
    (set(), "import time\ndef f(x):\n    began = time.time()\n    return x + 1 if time.time() >= began else x",
     {"type": "function", "entry_point": "f", "cases": [{"args": [1], "expected": 2}, {"args": [5], "expected": 6}]}),
    ({"flaky"}, "import random\ndef f(x):\n    return x * x if random.random() < 0.7 else 0",
     {"type": "asserts", "asserts": SQUARES}),
    ({"flaky"}, "def f(x):\n    return ''.join(set(x))", {"type": "asserts", "asserts": [
     "assert f('qwertyuiop') == 'yqurtiopew'"]}),
    ({"flaky"}, f"import datetime\ndef f(x):\n    return x * x if datetime.date.today().year < {NEXT_YEAR} else 0",
     {"type": "asserts", "asserts": SQUARES}),
    ({"flaky"}, "calls = []\ndef f(x):\n    calls.append(x)\n    return x * x if calls[0] == 2 else 0",
     {"type": "asserts", "asserts": SQUARES}),
    ({"flaky"}, SQUARE, {"type": "check", "prompt": "", "entry_point": "f", "test": "import random\n"
     "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(3) == 9\n"
     "    assert random.random() < 0.5\n"}),
    ({"solution_rejected"}, "def f(x):\n    return x + x\n", {"type": "asserts", "asserts": SQUARES}),
    ({"stub_paid"}, SQUARE, {"type": "asserts", "asserts": ["f(2)", "assert callable(f)"]}),
    ({"constant_passes"}, "def f(x):\n    return x > 0", {"type": "asserts", "asserts": ["assert f(2) == True",
     "assert f(9) == True"]}),
    ({"stub_paid"}, "", {"type": "asserts", "asserts": ["assert f(1) is None or True"]}),
]  # fmt: skip


@pytest.mark.usefixtures("isolation")
def test_programs_and_tests_that_depend_on_chance_or_notice_nothing_are_found(tmp_path: Path) -> None:
    rows = [
        {"messages": [{"role": "user", "content": f"Task {n}."}], "reference": reference, "code": code}
        for n, (_, code, reference) in enumerate(PROGRAMS)
    ]
    report = validate(written(tmp_path / "rows.jsonl", rows), settings=Settings(near=False), workers=1)
    found = {(check, finding.line) for check, examples in report.examples.items() for finding in examples}
    wanted = {(check, line) for line, (checks, _, _) in enumerate(PROGRAMS, 1) for check in checks}
    assert wanted <= found
    assert {(check, line) for check, line in found - wanted if check not in ("weak_tests", "constant_passes")} == set()


class Two:
    """A source of rows, one of which cannot be read."""

    def __init__(self, name: str, numbers: Sequence[int]) -> None:
        self.name, self._numbers = name, numbers

    def rows(self) -> Iterator[Row | BadRow]:
        good: list[Row | BadRow] = [
            Row(file=self.name, line=line, fields=sound(n)) for line, n in enumerate(self._numbers, 1)
        ]
        yield from (*good, BadRow("not JSON", file=self.name, line=9))


def test_several_sources_are_read_as_one_and_each_place_says_which(tmp_path: Path) -> None:
    sources: list[RowSource] = [Two("a.jsonl", (1, 2)), Two("b.jsonl", (3, 1))]
    clean = tmp_path / "fit.jsonl"
    report = validate(sources, settings=Settings(near=False), clean=clean, workers=1)
    assert (report.data, report.rows, report.kept) == ("a.jsonl, b.jsonl", 6, 3)
    (twin,) = report.examples["duplicate"]
    assert (twin.place, twin.reason.partition(" (")[0]) == ("b.jsonl, line 2", "it is a.jsonl, line 1")
    assert [finding.place for finding in report.examples["unreadable"]] == ["a.jsonl, line 9", "b.jsonl, line 9"]
    dropped = [json.loads(line) for line in Path(f"{clean}.dropped.jsonl").read_text().splitlines()]
    assert sorted((row["file"], row["line"]) for row in dropped) == [("a.jsonl", 9), ("b.jsonl", 2), ("b.jsonl", 9)]


def test_options_in_a_column_make_the_answer_a_letter_of_them(tmp_path: Path) -> None:
    rows = [{"question": f"Which is {n}?", "options": ["one", "two", "three", str(n)], "answer": "D"} for n in range(4)]
    rows.append({"question": "And this?", "options": ["one", "two", "three", "four"], "answer": "E"})
    report = validate(written(tmp_path / "rows.jsonl", rows), settings=Settings(near=False), workers=1)
    assert report.reward.startswith("choice@")
    assert [(finding.line, "none of the options" in finding.reason) for finding in report.examples["unreadable"]] == [
        (5, True)
    ]
    assert report.kept == 4
