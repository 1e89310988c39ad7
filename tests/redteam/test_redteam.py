"""No hostile program is paid, no honest one fails, nothing is left behind, and the service keeps running.

The default run takes a share of the suite that is the same every time. RLVR_REDTEAM_ONE_OF=28 takes a larger one of
the hostile programs, as CI does, and RLVR_WHOLE=redteam all of both;
RLVR_REDTEAM_ONLY=REGEX takes the rows whose id matches, with everything that they are tried on.
Rows run in a place that can be thrown away: see `disposable.py`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cache

import pytest

from tests.between_workers import locked_folder
from tests.conftest import toolchain_part
from tests.redteam.disposable import Report, graded
from tests.redteam.plain import COMPILERS, has_toolchain
from tests.redteam.shapes import SHAPES
from tests.redteam.suites import Row, by_id, controls, honest, hostile, shaped
from tests.shares import is_whole, sample, share

pytestmark = [pytest.mark.slow(200), pytest.mark.usefixtures("isolation")]

EVERYTHING = is_whole("redteam")
ONLY = os.environ.get("RLVR_REDTEAM_ONLY", "")
HOSTILE_SHARE, HONEST_SHARE = int(os.environ.get("RLVR_REDTEAM_ONE_OF", "96")), 5  # one row of so many, by default
BATCH = 64
SECONDS_A_ROW = 30.0
LANGUAGES = sorted(COMPILERS)
SIDE_BY_SIDE = {"slots": 3}  # programs of each worker: most of the hostile ones sit out their time


def chosen(rows: Sequence[Row], one_of: int) -> list[Row]:
    """The rows of this run whose toolchain is here."""
    if ONLY:
        rows = [row for row in rows if re.search(ONLY, row.id)]
    else:
        rows = share("redteam", rows, one_of, by_id)
    return [row for row in rows if _toolchain_is_here(row)]


def _language(row: Row) -> str:
    reference = row.row["reference"]
    assert isinstance(reference, Mapping)
    return str(reference.get("language", "python"))


def _toolchain_is_here(row: Row) -> bool:
    return has_toolchain(_language(row))


@cache
def hostile_rows() -> list[Row]:
    everything = EVERYTHING or bool(ONLY)
    return chosen([*hostile(everything=everything), *shaped(everything=everything)], HOSTILE_SHARE)


@cache
def honest_rows() -> list[Row]:
    return chosen([*honest(), *controls(), *controls(SHAPES)], HONEST_SHARE)


def warm_rows() -> list[Mapping[str, object]]:
    """Each control: every part of the service has been started when they are through."""
    return [row.row for row in controls()]


@cache
def rows_at_once() -> tuple[list[Row], list[Row]]:
    """64 hostile rows and 64 honest ones for a batch of their own, whose ids are not those of other batches."""
    bad = [row for row in sample(hostile(), 70, by_id) if _toolchain_is_here(row)][:64]
    good = [row for row in [*controls(), *sample(honest(), 4, by_id)] if _toolchain_is_here(row)][:64]

    def renamed(row: Row) -> Row:
        return replace(row, id=f"at_once.{row.id}", row={**row.row, "id": f"at_once.{row.id}"})

    return [*map(renamed, bad)], [*map(renamed, good)]


@cache
def languages_tried() -> set[str]:
    """The languages of all rows, not only of this run's."""
    return {_language(row) for row in (*hostile(everything=True), *honest())}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """All rows graded, once for all test workers."""
    with locked_folder(tmp_path_factory, "redteam") as folder:
        path = folder / "report.json"
        if not path.exists():
            path.write_text(json.dumps(asdict(_graded())))
        return Report(**json.loads(path.read_text()))


def _graded() -> Report:
    """All rows graded: in batches of hostile ones with honest ones at the end of each; at last, side by side."""
    bad, good = hostile_rows(), honest_rows()
    batches = []
    count = max(1, -(-len(bad) // BATCH))
    for number in range(count):
        rows = [*bad[number * BATCH : (number + 1) * BATCH], *good[number::count]]
        batches.append([row.row for row in rows])
    batches.append([row.row for pair in zip(*rows_at_once(), strict=True) for row in pair])
    timeout = 300 + SECONDS_A_ROW * sum(map(len, batches)) / 2
    return graded(batches, warm_rows(), timeout=timeout, options=SIDE_BY_SIDE)


def shown(report: Report, rows: Sequence[Row], *good: str) -> list[str]:
    """The rows that ended otherwise than well."""
    results = {row.id: report.results[row.id] for row in rows}
    return [f"{name}: {r['verdict']}, {r['reason']}" for name, r in results.items() if r["verdict"] not in good]


def test_no_hostile_program_is_paid(report: Report):
    paid = [row.id for row in hostile_rows() if report.results[row.id]["score"] not in (0.0, None)]
    assert not paid


def test_hostile_programs_are_wrong_and_not_ungraded(report: Report):
    excused = [row for row in hostile_rows() if row.ungraded]
    firm = [row for row in hostile_rows() if not row.ungraded]
    assert shown(report, firm, "wrong", "no_answer") == []
    assert shown(report, excused, "wrong", "no_answer", "ungraded") == []


def test_no_honest_program_is_failed(report: Report):
    assert shown(report, honest_rows(), "correct") == []


def test_the_service_was_warm_and_right_at_the_start(report: Report):
    assert shown(report, controls(), "correct") == []


def test_nothing_is_left_behind(report: Report):
    assert report.after == {}
    assert report.end == {}


def test_nobody_reached_what_listens_outside(report: Report):
    assert report.reached == []


def test_descriptors_and_processes_of_the_service_stay_flat(report: Report):
    first, last = report.rounds[0], report.rounds[-1]
    assert last["processes"] <= 2 * first["processes"]
    assert last["descriptors"] <= 2 * first["descriptors"] + 32


@pytest.mark.parametrize("language", LANGUAGES)
def test_rows_in_every_language_are_tried(language: str, require: Callable[[str], None]):
    """Rows whose toolchain is absent are left out of all others; this says of which language they are."""
    if not has_toolchain(language):
        require(toolchain_part(language))
    assert language in languages_tried()


def test_64_hostile_rows_at_once_change_nothing_in_64_honest_ones_beside_them(report: Report):
    bad, good = rows_at_once()
    assert (len(bad), len(good)) == (64, 64)
    assert shown(report, good, "correct") == []
    assert shown(report, bad, "wrong", "no_answer") == []
    assert (report.after, report.end, report.reached) == ({}, {}, [])
