"""An audit says the same for the same seed, confirms what it found, measures noise, and names what it cannot attack."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from rewards.audit import AuditImpossible, AuditOptions, AuditReport, AuditRow, Fault, attack, audit
from rewards.audit.families import families
from rewards.audit.forms import form_of_response
from rewards.audit.golds import differ, subject_of
from rewards.audit.noise import Pace
from rewards.audit.probes import PROBES
from rewards.audit.run import _probes, folder_of_traces
from rewards.audit.trials import Bench
from rewards.audit.twins import calls_of, twin_of
from rewards.code.reference_rows import READERS
from rewards.composite import build
from rewards.errors import InvalidReward, InvalidRow
from rewards.pool import GraderPool
from rewards.registry import find, names, reward
from rewards.spec import RewardSpec
from rewards.types import GradeRequest, MathReference

HERE = Path(__file__).parent
WEAK = HERE / "weak_rewards.py"
STRICT = {"reward": "math", "parameters": {"policy": "strict"}}
HERE_STRICT = {**STRICT, "in_process": True}
QUICK = AuditOptions(rows=1, search=40, workers=1)

# Rewards of this package that no response may be paid by without the answer; `code` has a test of its own.
OURS: dict[str, object] = {
    "math": STRICT,
    "choice": "choice",
    "exact": "exact",
    "f1": "f1",
    "countdown": "countdown",
    "json_schema": "json_schema",
    "regex": {"reward": "regex", "parameters": {"mode": "full", "place": "answer"}},
    "format": "format",
    "tag_count": "tag_count",
    "length": {"reward": "length", "parameters": {"limit": 1000}},
    "repetition": "repetition",
    "language": "language",
}


def quick(reward: object, rows: str, *families: str, **options: object) -> AuditReport:
    chosen = AuditOptions(**{"rows": 1, "search": 40, "workers": 1, "families": families, **options})  # type: ignore[arg-type]
    return audit(reward, PROBES[rows], chosen)  # type: ignore[arg-type]


def here(name: str) -> dict[str, object]:
    """A weak reward, graded in this process: it saves the workers' start."""
    return {"reward": f"{WEAK}:{name}", "in_process": True}


@pytest.mark.parametrize("name", OURS)
def test_our_own_rewards_are_not_paid_without_the_answer(name: str) -> None:
    ours = OURS[name]
    spec = {"reward": ours} if isinstance(ours, str) else ours
    report = audit({**spec, "in_process": name != "math"}, options=QUICK)  # type: ignore[dict-item]
    assert [(f.family, f.name, f.response, f.reason) for f in report.findings] == []
    assert not report.exploited
    assert report.changes == ()
    assert all(one.paid == one.tried for one in report.paraphrases)


def test_every_reward_of_the_package_is_audited() -> None:
    ours = {name for name in names() if name != "process" and find(name).source.module.startswith("rewards.")}
    assert ours == {*OURS, "code"}


@reward("judges_two_types", references=("choice", "asserts"))
@reward("judges_any_type")
def judges(request: GradeRequest) -> float:
    return float(len(request.response))


@pytest.mark.parametrize(
    ("spec", "types"),
    [
        ("judges_two_types", {"choice", "asserts"}),
        ("judges_any_type", {*PROBES} - {"none"}),
        ("format", {"none"}),
        ({"reward": "regex", "parameters": {"pattern": "a+"}}, {"none"}),
        ("regex", {"regex"}),
        ({"sum": ["format", "f1"]}, {"text"}),
        ({"gate": "format", "then": "judges_any_type"}, {*PROBES} - {"none"}),
    ],
)
def test_built_in_rows_are_of_the_types_that_the_reward_declares(spec: object, types: set[str]) -> None:
    assert {row.request.reference.type for row in _probes(RewardSpec.from_dict(spec), term=False)} == types


@pytest.mark.usefixtures("isolation")
@pytest.mark.parametrize(
    ("style", "family"),
    [
        ("function", "object that equals all"),
        ("stdio", "constant program"),
        ("asserts", "patch"),
        ("check", "program that ends"),
        ("pytest", "program outside"),
    ],
)
def test_programs_of_every_style_are_not_paid_for_nothing(style: str, family: str) -> None:
    report = quick("code", style, family)
    assert [(f.name, f.reason) for f in report.findings] == []
    (count,) = report.families
    assert count.attempts >= 2


def test_a_gate_and_a_sum_pay_no_more_than_their_format_part_without_the_answer() -> None:
    report = quick({"sum": [HERE_STRICT, {"reward": "format", "weight": 0.2}]}, "math", "hedge", "form only")
    assert not report.exploited
    assert max(count.best for count in report.families) == pytest.approx(1 / 6)
    assert not quick({"gate": "format", "then": HERE_STRICT}, "math", "hedge").exploited


def test_a_search_by_substring_is_what_it_is() -> None:
    report = quick({"reward": "regex", "in_process": True}, "regex", "hedge")
    assert report.exploited, "a pattern that is searched for anywhere matches a list of answers"


def test_the_same_seed_gives_the_same_report_and_another_does_not() -> None:
    reports = [quick(here("substring"), "math", seed=seed, search=60).to_dict() for seed in (3, 3, 4)]
    timings = [report.pop("timing") for report in reports]
    assert all(isinstance(timing, dict) and timing["grades_per_second"] for timing in timings)
    assert reports[0] == reports[1]
    assert reports[0] != reports[2]


def test_how_long_grades_took_changes_nothing_but_what_is_said_of_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = quick(here("substring"), "math", search=60)
    slow_one = Pace(grades=9, per_second=1.0, median=0.01, slowest=9.0, slowest_of="long: one")
    monkeypatch.setattr(attack, "pace", lambda *_arguments, **_options: slow_one)
    slow = quick(here("substring"), "math", search=60)
    told, of_slow = fast.to_dict(), slow.to_dict()
    assert told.pop("timing") != of_slow.pop("timing")
    assert told == {**of_slow, "grades": fast.grades}
    (line,) = [line for line in slow.lines() if "slow beside ordinary responses" in line]
    assert line.startswith("speed: ")


def test_no_two_audits_try_responses_that_differ_in_a_letter_or_digit() -> None:
    with folder_of_traces() as one, folder_of_traces() as other:
        assert one != other
        assert len({re.sub(r"[-_]", "", folder.name) for folder in (one, other)}) == 1
        assert len(one.name) == len(other.name)
    assert not one.exists()


def test_a_grade_is_never_that_of_a_reference_that_is_gone() -> None:
    with GraderPool({"reward": "math", "in_process": True}, workers=1) as pool:
        bench = Bench(pool)
        for number in range(40):
            request = GradeRequest(response=r"\boxed{25}", reference=MathReference(answer=str(number)))
            (result,) = bench.grade([request])
            assert (result.score == 1.0) is (number == 25)
    assert bench.count == 40


def test_an_exploit_is_reproduced_by_the_rows_of_its_report() -> None:
    report = quick(here("any_box"), "math", "boxes")
    (finding, *_) = report.findings
    assert finding.fault is Fault.PAID
    assert len(set(finding.golds)) == 2
    grader = build(RewardSpec.from_dict(f"{WEAK}:any_box"))
    rows = [GradeRequest.from_dict(json.loads(json.dumps(row))) for row in report.reproduce()]
    assert len(rows) == sum(len(f.rows) for f in report.findings)
    assert [result.score for result in asyncio.run(grader.grade(rows))] == [1.0] * len(rows)


@pytest.mark.parametrize("name", ["coin", "clock", "seen_before"])
def test_a_reward_that_changes_its_mind_is_a_fault_unless_it_is_meant_to(name: str) -> None:
    options = AuditOptions(rows=2, search=0, workers=1)
    report = audit(here(name), PROBES["math"], options)  # type: ignore[arg-type]
    assert report.changes
    assert any("earned another score when graded again" in line for line in report.lines())
    (fault,) = (finding for finding in report.findings if finding.fault is Fault.NOISE)
    assert fault.scores[0] != fault.scores[1]
    assert "--noisy" in fault.reason
    if name == "clock":
        meant = audit(here(name), PROBES["math"], replace(options, noisy=True))  # type: ignore[arg-type]
        assert meant.changes
        assert not meant.exploited


def test_right_answers_in_other_words_that_lose_their_pay_are_named() -> None:
    report = audit(
        {"reward": f"{HERE / 'sound_rewards.py'}:last_line", "in_process": True},
        PROBES["math"],
        AuditOptions(rows=1, search=0, workers=1),
    )
    lost = {one.name for one in report.paraphrases if one.paid < one.tried}
    assert "dollars around it" in lost
    assert any("dollars around it" in line for line in report.lines())


def test_a_reward_that_hangs_is_said_and_the_audit_goes_on(tmp_path: Path) -> None:
    file = tmp_path / "slow.py"
    file.write_text(
        "import re\n\ndef slow(request):\n"
        "    found = re.search(r'\\\\boxed\\{([^{}]*)\\}', request.response)\n"
        "    re.match(r'(7+)+$', request.response + '!') if request.response.startswith('777') else None\n"
        "    return float(found is not None and found[1] == request.reference.answer)\n"
    )
    report = audit(f"{file}:slow", PROBES["math"], AuditOptions(rows=1, families=("long",), deadline=0.7, workers=1))
    assert not report.exploited
    assert any("until its deadline" in warning and "digits without end" in warning for warning in report.warnings)


def test_an_answer_that_the_reward_cannot_judge_is_no_escape_of_the_responses(tmp_path: Path) -> None:
    file = tmp_path / "numbers.py"
    file.write_text(
        "import re\n\ndef numbers(request):\n"
        "    found = re.fullmatch(r'.*\\\\boxed\\{([^{}]*)\\}\\W*', request.response, re.DOTALL)\n"
        "    if '</answer>' in request.response:\n        return 0.0\n"
        "    if not request.reference.answer.isdigit():\n        return None\n"
        "    return float(found is not None and found[1] == request.reference.answer)\n"
    )
    own = {"reward": f"{file}:numbers", "in_process": True}
    row = AuditRow.from_dict({"id": "a", "prompt": "Expand.", "reference": {"type": "math", "answer": "x^2+1"}})
    report = audit(own, [row], AuditOptions(rows=1, families=("constant", "boxes"), workers=1))
    assert [(f.fault, f.response) for f in report.findings] == []
    assert any("leaves every response ungraded where the answer is 'x^2+1'" in line for line in report.lines())


def test_a_form_of_the_users_own_and_right_responses_in_the_rows_are_understood(tmp_path: Path) -> None:
    file = tmp_path / "own.py"
    file.write_text(
        "import re\n\ndef own(request):\n"
        "    found = re.findall(r'<result>(.*?)</result>', request.response)\n"
        "    return float(str(request.reference.value['gold']) in found)\n"
    )
    row = {"id": "a", "prompt": "Six times seven?", "reference": {"type": "data", "value": {"gold": 42, "level": 1}}}
    with pytest.raises(AuditImpossible, match="--form"):
        audit(f"{file}:own", [AuditRow.from_dict(row)], QUICK)
    own = {"reward": f"{file}:own", "in_process": True}
    by_form = audit(own, [AuditRow.from_dict(row)], AuditOptions(forms=("<result>{answer}</result>",), search=0))
    by_row = audit(own, [AuditRow.from_dict({**row, "right": "It is <result>42</result>."})], QUICK)
    for report in (by_form, by_row):
        assert {finding.family for finding in report.findings} >= {"boxes"}


def test_a_reward_that_reads_metadata_is_attacked_through_it(tmp_path: Path) -> None:
    file = tmp_path / "meta.py"
    file.write_text("def meta(request):\n    return float(request.metadata['answer'] in request.response)\n")
    row = {"prompt": "Name a metal.", "reference": None, "metadata": {"answer": "tin"}}
    report = audit(
        {"reward": f"{file}:meta", "in_process": True},
        [AuditRow.from_dict(row)],
        AuditOptions(families=("hedge",), workers=1),
    )
    assert report.exploited


def test_a_term_has_no_answer_to_know() -> None:
    rows = PROBES["math"]
    told = audit({"reward": "format", "in_process": True}, rows, QUICK)
    assert told.exploited, "a format pays wrong answers in it, too"
    assert not audit("format", rows, AuditOptions(rows=1, term=True, workers=1)).exploited


def test_what_cannot_be_attacked_says_why_and_what_to_give(tmp_path: Path) -> None:
    file = tmp_path / "never.py"
    file.write_text("def never(request):\n    return 0.0\n\ndef broken(request):\n    raise KeyError('x')\n")
    with pytest.raises(AuditImpossible, match="right answers are paid no more than nothing"):
        audit(f"{file}:never", PROBES["math"], QUICK)
    with pytest.raises(AuditImpossible, match=r"no right answer could be graded: .*KeyError"):
        audit(f"{file}:broken", PROBES["math"], QUICK)
    with pytest.raises(AuditImpossible, match=r"no family of attacks is called 'hegde'.*hedge"):
        quick("math", "math", "hegde")
    with pytest.raises(InvalidReward, match=r"has no \{answer\}"):
        audit("math", PROBES["math"], AuditOptions(forms=("<result></result>",)))
    with pytest.raises(InvalidRow, match="reference"):
        AuditRow.from_dict({"prompt": "x", "reference": {"type": "maths"}})


def test_answers_of_one_row_differ_for_certain() -> None:
    assert differ("17", "42")
    assert not differ("0.5", "1/2")
    assert not differ("1,000", "1000")
    assert differ("Eiffel Tower", "quartz")
    assert not differ("the quartz", "Quartz mine")
    assert not differ(r"\frac{34}{2}", "17")
    assert differ(r"\frac{34}{2}", "48271")
    for seed in range(50):
        subject = subject_of(PROBES["math"][0], Random(seed))
        assert len({gold.answer for gold in subject.golds}) == len(subject.golds) >= 4
        assert all(differ(one.answer, two.answer) for one, two in subject.pairs())


def test_a_twin_of_tests_wants_other_values() -> None:
    def read(row: dict[str, object]) -> object:
        return READERS[str(row["type"])].read(row)

    asserts = read(
        {"type": "asserts", "asserts": ["assert f(1) == [1, 'a']", "assert f(2) != 3", "assert g(f(3)) == True"]}
    )
    assert twin_of(asserts).asserts == ("assert f(1) == [1, 'a?']", "assert g(f(3)) == False")  # type: ignore[arg-type, union-attr]
    assert calls_of(asserts) == ["f", "g"]  # type: ignore[arg-type]
    loose = read({"type": "asserts", "asserts": ["assert f(2) > 3"]})
    assert twin_of(loose) is None  # type: ignore[arg-type]
    for style in ("function", "stdio", "asserts", "check", "pytest"):
        reference = PROBES[style][0].request.reference
        assert twin_of(reference) not in (None, reference)  # type: ignore[arg-type]


def test_the_form_of_a_right_response_is_found_in_it() -> None:
    form = form_of_response("<think>so 42</think> 42!", "42")
    assert form is not None
    assert form.filled("7") == "<think>so 7</think> 7!"
    assert form_of_response("it is 142", "42") is None


def test_every_family_says_what_it_does_and_makes_attempts_somewhere() -> None:
    known = families()
    assert len(known) >= 25
    assert all(family.about and family.kinds for family in known.values())
