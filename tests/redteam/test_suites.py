"""The suites themselves: they are large enough, names are unique, and the honest programs pass without a sandbox."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rewards.code.sandboxes import GUESTS
from tests.redteam import plain
from tests.redteam.arena import STYLES
from tests.redteam.arenas import ARENAS
from tests.redteam.suites import Row, by_id, controls, honest, hostile, payloads
from tests.shares import share

FAMILIES = {
    "bombs", "channels", "compiling", "detours", "disguises", "elsewhere", "excuses", "exits", "files", "forgery",
    "inspection",
    "interpreter", "kernel", "languages", "leaks", "lies", "network", "outcomes", "outputs", "patches", "plain",
    "processes", "properties", "responses", "returns", "seams", "semantics", "timing", "toolchains",
    "views", "ways_out", "wire",
}  # fmt: skip
UNREADABLE = (
    "compiling",
    "responses",
    "languages",
    "toolchains",
    "ways_out.java_class_with_a_long_name",
    "forgery.response_of_two_programs",
    "plain.does_not_compile",
)  # not meant to compile


# What the grader does for a response and a plain run does not: finding the program in a response, running asynchronous
# tests and entry points, choosing the main class, comparing lists with a tolerance, numbers of numpy, names of a setup.
BEYOND_PLAIN = {
    *("check.several_blocks_and_prose", "check.body_with_helpers_behind", "pytest.async_worker"),
    *("function.async_entry", "stdio.java_solution_name", "function.returns_numpy", "asserts.rotate_in_place"),
    "control.tolerant.function",
}


def test_suites_are_large_and_their_rows_are_named_apart():
    found = payloads()
    assert len(found) >= 260
    assert len({p.id for p in found}) == len(found)
    assert {p.family for p in found} == FAMILIES
    assert len(honest()) >= 120
    styles = Counter(row.style for row in honest())
    assert min(styles[style] for style in STYLES) >= 20
    for rows in (hostile(), hostile(everything=True), honest(), controls()):
        assert len({row.id for row in rows}) == len(rows)


def test_attacks_on_our_own_modules_name_some_that_exist():
    texts = [text for payload in payloads() for text in payload.sections.values()]
    found = [found for text in texts for found in re.findall(r"rlvr_guest((?:\.[a-z_]+)+)(?: import ([a-z_]+))?", text)]
    named = {(dotted + ("." + name if name else "")).strip(".").replace(".", "/") for dotted, name in found} - {"py"}
    assert len(named) > 5
    assert all((GUESTS["rlvr_guest"] / f"{name}.py").is_file() for name in named), named


def test_every_style_and_arena_is_attacked():
    rows = hostile(everything=True)
    tried = {(row.style, row.id.split(".")[2]) for row in rows}
    fitting = {(style, a.name) for style in STYLES for a in ARENAS.values() if a.reference(style) is not None}
    assert tried == fitting


def test_payloads_that_should_run_compile():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for payload in payloads():
            if not payload.id.startswith(UNREADABLE):
                for style in payload.styles:
                    compile(payload.program(style), payload.id, "exec", dont_inherit=True)


def test_honest_programs_and_controls_are_right_when_run_plainly(tmp_path: Path):
    rows = share("redteam", [*honest(), *controls()], 24, by_id)
    assert {row.id for row in (*honest(), *controls())} >= BEYOND_PLAIN
    known = [row for row in rows if row.id not in BEYOND_PLAIN and plain.has_toolchain(_language(row))]

    def judge(row: Row) -> tuple[str, str]:
        folder = tmp_path / row.id
        folder.mkdir()
        return row.id, plain.trouble(row.row, folder)

    with ThreadPoolExecutor(2) as pool:
        troubles = {name: trouble for name, trouble in pool.map(judge, known) if trouble}
    assert not troubles, "\n".join(f"{name}: {trouble}" for name, trouble in troubles.items())


def _language(row: Row) -> str:
    reference = row.row["reference"]
    assert isinstance(reference, dict)
    return str(reference.get("language", "python"))


@pytest.mark.parametrize("style", STYLES)
def test_a_wrong_program_is_wrong_when_run_plainly(style: str, tmp_path: Path):
    reference = ARENAS["number"].reference(style)
    program = "def solve(*args):\n    return 0\n" + ("print(0)\n" if style == "stdio" else "")
    assert plain.trouble({"response": f"```python\n{program}\n```", "reference": reference}, tmp_path)
