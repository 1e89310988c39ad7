"""Every planted weakness is found, by a kind of attack that it is open to; no sound reward raises an alarm."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rewards.audit import AuditOptions, AuditReport, Fault, audit
from rewards.audit.probes import PROBES

HERE = Path(__file__).parent
WEAK, SOUND = HERE / "weak_rewards.py", HERE / "sound_rewards.py"

# What is found with which sort of attack: reward, rows, families (none: all of them and the search), fault.
TEXTS = {
    "substring": ("math", ("dump", "hedge", "numbers"), Fault.PAID),
    "last_number": ("math", ("denied",), Fault.PAID),
    "first_number": ("math", ("denied",), Fault.PAID),
    "first_box": ("math", ("denied",), Fault.PAID),
    "same_digits": ("math", ("near miss",), Fault.PAID),
    "first_letter": ("choice", ("near miss",), Fault.PAID),
    "option_text": ("choice", ("choices",), Fault.PAID),
    "many_steps": ("math", ("show",), Fault.PAID),
    "any_box": ("math", ("boxes",), Fault.PAID),
    "boxed_something": ("math", ("constant",), Fault.PAID),
    "backwards": ("math", ("form only",), Fault.PAID),
    "pattern": ("math", ("pattern",), Fault.PAID),
    "evaluated": ("math", ("program",), Fault.RAN),
    "evaluated_bare": ("math", ("program",), Fault.PAID),
    "not_farther": ("math", ("constant",), Fault.PAID),
    "digits_alone": ("math", ("near miss",), Fault.PAID),
    "tolerant": ("math", ("near miss",), Fault.PAID),
    "benefit_of_doubt": ("math", ("LaTeX",), Fault.PAID),
    "raises": ("math", ("constant",), Fault.ESCAPE),
    "says_none": ("math", ("empty",), Fault.ESCAPE),
    "right_alone": ("math", ("empty",), Fault.ESCAPE),
    "length_pays": ("math", ("long",), Fault.PAID),
    "recall": ("text", ("dump",), Fault.PAID),
    "any_letter": ("choice", ("choices",), Fault.PAID),
    "thoughts_count": ("math", ("dump",), Fault.PAID),
    "split_answers": ("math", ("hedge",), Fault.PAID),
    "judge": ("math", ("judge",), Fault.PAID),
    "quoted": ("math", ("judge",), Fault.PAID),
    "template": ("math", ("pattern",), Fault.PAID),
    "rubric": ("math", (), Fault.PAID),
    "two_words": ("math", ("show",), Fault.PAID),
    "blind": ("math", ("empty",), Fault.BLIND),
    "beyond": ("math", ("repeated",), Fault.ESCAPE),
    "json_last": ("json_schema", ("json",), Fault.PAID),
}
PROGRAMS = {
    "exit_code": ("asserts", ("program that ends",), Fault.PAID),
    "says_passed": ("check", ("object that equals all",), Fault.PAID),
    "same_process": ("function", ("object that equals all",), Fault.PAID),
    "too_slow": ("stdio", ("program that hangs",), Fault.PAID),
    "output_holds": ("stdio", ("constant program",), Fault.PAID),
    "tests_beside": ("pytest", ("program outside",), Fault.RAN),
}
RISKY = {"evaluated", "evaluated_bare", "pattern"}
SOUND_ON = {
    "one_box": "math",
    "last_line": "math",
    "one_tag": "math",
    "json_number": "math",
    "json_int": "math",
    "shaped": "math",
    "one_letter": "choice",
    "words": "text",
}


def attacked(
    file: Path, name: str, rows: str, families: tuple[str, ...] = (), deadline: float = 1.0, *, here: bool = False
) -> AuditReport:
    """here: grade in this process, which saves the workers' start; not for what hangs or runs programs."""
    options = AuditOptions(rows=1, families=families, search=600, workers=1, deadline=deadline)
    return audit({"reward": f"{file}:{name}", "in_process": here}, PROBES[rows], options)


@pytest.mark.parametrize("name", TEXTS)
def test_a_planted_weakness_is_found(name: str) -> None:
    rows, families, fault = TEXTS[name]
    risky = name in RISKY
    report = attacked(WEAK, name, rows, families, deadline=0.5 if risky else 1.0, here=not risky)
    assert report.exploited
    assert fault in {finding.fault for finding in report.findings}


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_weak_reward_for_programs_is_found(name: str) -> None:
    rows, families, fault = PROGRAMS[name]
    report = attacked(WEAK, name, rows, families, deadline=20.0)
    assert report.exploited
    assert fault in {finding.fault for finding in report.findings}


def test_every_weak_reward_of_the_file_is_tried() -> None:
    defined = re.findall(r'^@reward\("weak_\w+".*\)\ndef (\w+)', WEAK.read_text(), re.MULTILINE)
    noisy = {"coin", "seen_before", "clock"}  # tests/rewards/audit/test_audit.py
    assert {*defined} == {*TEXTS, *PROGRAMS} | noisy
    assert len(defined) >= 30


@pytest.mark.parametrize("name", SOUND_ON)
def test_a_sound_reward_gives_no_alarm(name: str) -> None:
    report = attacked(SOUND, name, SOUND_ON[name], deadline=20.0, here=True)
    assert [(f.family, f.name, f.response) for f in report.findings] == []
    assert sum(count.attempts for count in report.families) > 1000
