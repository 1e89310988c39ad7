"""The summary says what the metrics of an evaluation say, of any number of samples a problem, in little memory."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import Verdict
from rlvr.cli import main
from rlvr.evaluation import metrics
from rlvr.offline import groups, summary
from rlvr.offline.groups import Piles, Problems
from rlvr.offline.journal import BAD, CODES, RECORD, Journal, Records

Sample = tuple[int, str | None, float | None]  # problem, answer, correctness

ANSWERS = {"3": 11, "4": 12, "x": 13}
SAMPLES = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([None, *ANSWERS]), st.sampled_from([None, 0.0, 0.25, 0.5, 1.0])),
    max_size=40,
)


def records(samples: Iterable[Sample]) -> Records:
    made = np.zeros(len(list(samples)), RECORD)
    for ordinal, (problem, answer, correctness) in enumerate(samples):
        at = made[ordinal]
        at["ordinal"], at["group"] = ordinal, problem * 0x9E3779B97F4A7C15 % 2**64
        at["answer"] = ANSWERS[answer] if answer else 0
        at["correctness"] = math.nan if correctness is None else correctness
        at["verdict"] = CODES[Verdict.UNGRADED if correctness is None else Verdict.PARTIAL]
    return made


def same(found: float, expected: float | None) -> bool:
    return math.isnan(found) if expected is None else math.isclose(found, expected, abs_tol=1e-9)


@given(samples=SAMPLES)
def test_problems_have_the_values_that_the_metrics_give_them(samples: list[Sample]) -> None:
    problems = Problems.of(records(samples))
    in_order = sorted({p for p, _, _ in samples}, key=lambda p: p * 0x9E3779B97F4A7C15 % 2**64)
    assert len(problems) == len(in_order)
    mean, majority = problems.mean("correctness"), problems.majority()
    for place, problem in enumerate(in_order):
        mine = [(answer, correctness) for p, answer, correctness in samples if p == problem]
        correctness = [c for _, c in mine]
        assert same(mean[place], metrics.problem_avg(correctness))
        assert same(majority[place], metrics.maj_at_k(mine))
        for k in (1, 2, 3):
            assert same(problems.passing(k)[place], metrics.problem_pass(correctness, k))


@given(samples=SAMPLES, pile=st.integers(1, 50))
def test_piles_hold_each_problem_whole(samples: list[Sample], pile: int, tmp_path_factory: object) -> None:
    made = records(samples)
    folder = tmp_path_factory.mktemp("piles")  # type: ignore[attr-defined]
    chunks = [made[start : start + 7] for start in range(0, made.size, 7)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "PILE", pile)
        with Piles(lambda: chunks, folder, count=made.size) as piles:
            for _ in range(2):  # they can be gone through again
                found = [problems.sizes().tolist() for problems in piles]
                assert sorted(n for sizes in found for n in sizes) == sorted(Problems.of(made).sizes().tolist())
        assert list(folder.iterdir()) == []


def test_intervals_of_many_problems_are_those_of_the_bootstrap(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).choice([0.0, 0.5, 1.0], size=4000)
    drawn, summed = summary.Values(), summary.Values()
    drawn.add(values)
    expected = drawn.interval()
    monkeypatch.setattr(summary, "MOST_DRAWN", 100)
    for part in np.split(values, 40):
        summed.add(part)
    found = summed.interval()
    assert expected is not None
    assert found is not None
    assert summed.mean == pytest.approx(drawn.mean)
    assert found.low == pytest.approx(expected.low, abs=1e-3)
    assert found.high == pytest.approx(expected.high, abs=1e-3)
    for rate in (0.0, 1.0):
        constant = summary.Values()
        constant.add(np.full(1000, rate))
        interval = constant.interval()
        expected = metrics.rate_interval([rate] * 1000)
        assert interval is not None
        assert expected is not None
        assert (interval.low, interval.high) == pytest.approx((expected.low, expected.high))


def test_bad_rows_are_no_samples(tmp_path: Path) -> None:
    made = records([(1, "3", 1.0)])
    bad = made.copy()
    bad["verdict"] = BAD
    np.concatenate([made, bad]).tofile(tmp_path / "journal")
    found = summary.summarise(Journal(tmp_path), tmp_path, ["f"])
    assert (found.responses, found.bad, found.problems, found.most) == (1, 1, 1, 1)


def test_scattered_samples_of_one_problem_are_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    solved = {*range(10), 13, 14, 18}
    rows = [
        {
            "id": i % 5,
            "prompt": f"problem {i % 5}",
            "response": f"\\boxed{{{i % 5 if i in solved else 77}}}" if i != 14 else "the answer is 4",
            "reference": str(i % 5),
            "tags": ["low"] if i % 5 < 2 else ["high", "odd"],
        }
        for i in range(20)
    ]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = tmp_path / "summary.json"
    arguments = ["grade", str(tmp_path / "in.jsonl"), "--reward", "math", "--workers", "1", "--summary", str(report)]
    assert main(arguments) == 0
    found = json.loads(report.read_text())
    right = [sum(i in solved for i in range(p, 20, 5)) for p in range(5)]
    assert (found["responses"], found["problems"], found["samples"]) == (20, 5, {"fewest": 4, "most": 4})
    measures = {name: measure["mean"] for name, measure in found["measures"].items()}
    assert measures["avg@4"] == pytest.approx(sum(right) / 20)
    assert measures["pass@2"] == pytest.approx(sum(metrics.pass_at_k(4, n, 2) for n in right) / 5)
    assert measures["maj@4"] == pytest.approx(sum(1.0 if n > 2 else 0.5 if n == 2 else 0.0 for n in right) / 5)
    assert measures["lenient"] == measures["avg@4"]
    assert measures["strict"] == pytest.approx((sum(right) - 1) / 20)  # one stands in prose
    assert {name: tag["problems"] for name, tag in found["tags"].items()} == {"high": 3, "low": 2, "odd": 3}
    assert found["tags"]["low"]["mean"] == pytest.approx(sum(right[:2]) / 8)
    told = capsys.readouterr().err
    assert "5 problems, 4 responses each" in told
    assert "avg@4" in told
    assert "slowest: " in told
    assert main([*arguments, "--group", "reference", "--by", "id"]) == 0
    assert set(json.loads(report.read_text())["tags"]) == {"0", "1", "2", "3", "4"}


def test_the_same_id_with_another_prompt_is_another_problem(tmp_path: Path) -> None:
    rows = [{"id": 1, "prompt": prompt, "response": "\\boxed{1}", "reference": "1"} for prompt in "aab"]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = tmp_path / "summary.json"
    assert main(["grade", str(tmp_path / "in.jsonl"), "--reward", "math", "--summary", str(report)]) == 0
    assert json.loads(report.read_text())["problems"] == 2


def test_rows_without_what_they_are_grouped_by_are_problems_of_their_own(tmp_path: Path) -> None:
    rows = [{"response": "r", "of": 1}, {"response": "r", "of": 1}, {"response": "r"}, {"response": "r", "of": None}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = tmp_path / "summary.json"
    command = ["grade", str(tmp_path / "in.jsonl"), "--reward", "format", "--out", str(tmp_path / "out.jsonl")]
    assert main([*command, "--group", "of", "--workers", "1", "--summary", str(report)]) == 0
    assert json.loads(report.read_text())["problems"] == 3


def test_causes_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.py").write_text("def own(request):\n    return float('nan') if request.response == 'x' else 1.0\n")
    rows = [*({"response": "x"},) * 3, {"response": "y"}, {"responses": []}, {"answer": 1}]
    cut = ['{"response": "x', '{"response": "longer']
    (tmp_path / "in.jsonl").write_text("\n".join([*map(json.dumps, rows), *cut]))
    report = tmp_path / "summary.json"
    reward = f"{tmp_path / 'own.py'}:own"
    assert main(["grade", str(tmp_path / "in.jsonl"), "--reward", reward, "--summary", str(report)]) == 3
    found = json.loads(report.read_text())
    assert found["verdicts"] == {"scored": 1, "ungraded": 3}
    assert [(c["responses"], "a score must be finite" in c["cause"]) for c in found["ungraded"]] == [(3, True)]
    assert sorted(c["rows"] for c in found["bad"]) == [1, 1, 2]
    assert "ungraded, left out of every mean: 3 x reward" in capsys.readouterr().err


def test_causes_beyond_those_that_are_named_are_counted_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.py").write_text("def own(request):\n    raise ValueError(request.response)\n")
    rows = [*({"response": str(n)} for n in range(12)), *({"response": [n]} for n in range(13))]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main(["grade", str(tmp_path / "in.jsonl"), "--reward", f"{tmp_path / 'own.py'}:own"]) == 3
    told = capsys.readouterr().err
    assert "ungraded, left out of every mean: 2 more, of other causes\n" in told
    assert "bad rows: 3 more, of other causes\n" in told


def test_scores_of_any_size_are_summed_up_without_a_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "own.py").write_text("def own(request):\n    return float(request.response)\n")
    rows = [{"id": 1, "response": "1e308"}, {"id": 1, "response": "1e308"}, {"id": 2, "response": "-1e300"}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = tmp_path / "summary.json"
    reward = f"{tmp_path / 'own.py'}:own"
    command = ["grade", str(tmp_path / "in.jsonl"), "--reward", reward, "--summary", str(report)]
    assert main([*command, "--group", "id"]) == 0
    assert json.loads(report.read_text())["measures"]["score"]["mean"] is None
    (tmp_path / "in.jsonl").write_text('{"response": "1e300"}\n{"response": "2e300"}\n')
    assert main(command) == 0
    assert json.loads(report.read_text())["measures"]["score"]["mean"] == 1.5e300
    told = capsys.readouterr().err
    assert "score  1.5e+300" in told
    assert "Warning" not in told
