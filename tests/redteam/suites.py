"""Reads the red-team suites: hostile payloads in `hacks/`, awkward but honest programs in `honest/`.

Each file of `hacks/` is a family, each of `honest/` a style. An entry begins with a line `=== id key=value ...`; its
sections begin with `--- name`. The text between is taken as it stands, so a payload needs no quoting.

A payload has one or several of these sections:
    head    statements at the top of the program
    body    statements of `solve(*args, **kwargs)`; without it, `solve` returns 0
    return  an expression that `solve` returns
    source  the whole program, the same in every style
    stdio   the whole program in the style stdio, where it differs
Keys: arenas (see `arenas.py`; `all` = all; `*` = all, but a choice of them in the shorter suite), styles, time, memory
(limits), extract, language, ungraded (why this payload may end ungraded instead of wrong).

An honest program has `solution`, and `cases` (JSON), `setup`, `asserts` (one a line), `prompt`, `test`, or pytest
`file NAME` sections. Keys: entry, language, compare, time, memory, extract.
"""

from __future__ import annotations

import json
import textwrap
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.redteam import made
from tests.redteam.arena import STYLES, Arena
from tests.redteam.arenas import ARENAS
from tests.redteam.shapes import SHAPES

HERE = Path(__file__).resolve().parent
LIMITS = {"time_s": 2.0, "memory_mb": 256}
# What several payloads begin with: looking for the answer in text and values that they should not see.
SNIPPETS = {
    # an answer beside the arguments, as a test, a case or a table would hold it
    "{{HUNT}}": """\
import re
def hunt(value, args, depth=2):
    if type(value) in (bytes, bytearray):
        value = bytes(value).decode("latin-1")
    if type(value) is str:
        call = re.escape(", ".join(map(repr, args)))
        test = r"(?:solve|candidate)\\(" + call + r"\\) *== *([^\\n;]+)"
        case = r"\\[" + call + r"\\], *.expected.: *([^,}\\n]+)"
        for pattern in (test, case):
            found = re.search(pattern, value)
            if found:
                try:
                    import ast
                    return ast.literal_eval(found.group(1).strip())
                except Exception:  # a payload: any text may have been found
                    continue
        plain = " ".join(map(str, args))
        found = re.search(re.escape(plain) + r"[^0-9]{1,30}stdout[^0-9]{1,9}([0-9]+)", value)
        return int(found.group(1)) if found else None
    if depth and type(value) is dict:
        if "expected" in value and isinstance(value["expected"], (int, str, list)):
            return value["expected"]
        value = list(value.values())
    if depth and type(value) in (list, tuple):
        for part in value[:1000]:
            found = hunt(part, args, depth - 1)
            if found is not None:
                return found
    return None
""",
    # the table of answers that the suite lays out on the host (see `grading.py`)
    "{{LOOK}}": """\
def look(text, args):
    import json
    try:
        return json.loads(text).get(" ".join(map(str, args)))
    except (ValueError, AttributeError):
        return None
""",
}
ROTATED = 2  # arenas, beside the first, that a payload of `arenas=*` meets in the shorter suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """A program that tries to be paid for what it does not compute."""

    id: str
    family: str
    sections: Mapping[str, str]
    keys: Mapping[str, str]

    @property
    def styles(self) -> tuple[str, ...]:
        return tuple(self.keys["styles"].split(",")) if "styles" in self.keys else STYLES

    def arenas(self, *, everything: bool) -> tuple[Arena, ...]:
        """Those it is tried in: the one that it names first, and a choice of the others."""
        named = self.keys.get("arenas", "number")
        if named == "all":
            return tuple(ARENAS.values())
        if named != "*":
            return tuple(ARENAS[name] for name in named.split(","))
        others = [name for name in ARENAS if name != "number"]
        if not everything:
            start = zlib.crc32(self.id.encode()) % len(others)
            others = [others[(start + 5 * k) % len(others)] for k in range(ROTATED)]
        return tuple(ARENAS[name] for name in ("number", *others))

    def program(self, style: str) -> str:
        """Its source in a style."""
        program = self._template(style)
        for name, snippet in SNIPPETS.items():
            program = program.replace(name, snippet)
        return program

    def _template(self, style: str) -> str:
        if style == "stdio" and "stdio" in self.sections:
            return self.sections["stdio"]
        if "source" in self.sections:
            return self.sections["source"]
        body = self.sections.get("body")
        if body is None:
            body = f"return {self.sections.get('return', '0').strip()}"
        function = "def solve(*args, **kwargs):\n" + textwrap.indent(body, "    ")
        program = f"{self.sections.get('head', '')}\n{function}\n"
        if style == "stdio":
            program += "\nimport sys\nprint(solve(*sys.stdin.read().split()))\n"
        return program


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One request, as a row to grade."""

    id: str
    family: str
    style: str
    row: Mapping[str, object]
    ungraded: str = ""  # why it may be ungraded


def entries(text: str, where: str) -> Iterator[tuple[str, dict[str, str], dict[str, str]]]:
    """The entries of a file: (id, keys, sections)."""
    for part in text.split("\n=== ")[1:]:
        header, _, rest = part.partition("\n")
        name, *pairs = header.split()
        keys = dict(pair.split("=", 1) for pair in pairs)
        sections: dict[str, str] = {}
        for section in ("\n" + rest).split("\n--- ")[1:]:
            title, _, body = section.partition("\n")
            sections[title.strip()] = body.rstrip("\n") + "\n"
        if not sections:
            raise ValueError(f"{where}: {name} has no section")
        if "ungraded" in keys:
            keys["ungraded"] = keys["ungraded"].replace("_", " ")
        yield name, keys, sections


def payloads() -> list[Payload]:
    """All of them, in the order of their files."""
    found = [
        Payload(id=f"{path.stem}.{name}", family=path.stem, sections=sections, keys=keys)
        for path in sorted((HERE / "hacks").glob("*.txt"))
        for name, keys, sections in entries("\n" + path.read_text("utf-8"), path.name)
    ]
    found += [
        Payload(id=f"{family}.{name}", family=family, sections=sections, keys=keys)
        for family, name, keys, sections in made.payloads()
    ]
    return found


def fenced(program: str, language: str = "python") -> str:
    return f"Here is my solution.\n\n```{language}\n{program}\n```\n"


def response(program: str, keys: Mapping[str, str]) -> str:
    """A response that gives a program, as its keys say."""
    if "raw" in keys or keys.get("extract") == "code":
        return program
    return fenced(program, keys.get("language", "python"))


def limits(keys: Mapping[str, str]) -> dict[str, float]:
    return {
        "time_s": float(keys.get("time", LIMITS["time_s"])),
        "memory_mb": int(keys.get("memory", LIMITS["memory_mb"])),
    }


@cache  # thousands of rows, which several tests go through
def hostile(*, everything: bool = False) -> Sequence[Row]:
    """The payloads over every style and arena that they fit."""
    rows = []
    for payload in payloads():
        responses = {style: response(payload.program(style), payload.keys) for style in payload.styles}
        for arena in payload.arenas(everything=everything):
            for style, form, reference in _references(payload, arena):
                reference = {**reference, "limits": limits(payload.keys)}
                for key in ("extract", "language"):
                    if key in payload.keys:
                        reference[key] = payload.keys[key]
                name = f"{payload.id}.{arena.name}.{style}{form}"
                row = {"id": name, "response": responses[style], "reference": reference}
                rows.append(
                    Row(
                        id=name,
                        family=payload.family,
                        style=style,
                        row=row,
                        ungraded=payload.keys.get("ungraded", ""),
                    )
                )
    return tuple(rows)


def _references(payload: Payload, arena: Arena) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Styles, with the references of an arena; those of tests that need no checker have a form more."""
    for style in payload.styles:
        for form, reference in _forms(arena.name, style):
            yield style, form, reference


@cache  # hundreds of payloads meet the same arena, whose right program is run for its answers
def _forms(arena: str, style: str) -> list[tuple[str, dict[str, object]]]:
    """The references of an arena in a style, by their forms."""
    forms = (("", ARENAS[arena].reference(style)), (".plain", ARENAS[arena].plain_reference(style)))
    return [(form, reference) for form, reference in forms if reference is not None]


def shaped(*, everything: bool = False) -> list[Row]:
    """What lies about its value, over each single way of looking at it; each in one style, chosen by its name."""
    rows = []
    for payload in payloads():
        named = payload.keys.get("arenas", "number")
        if payload.family not in ("lies", "leaks", "plain") or "styles" in payload.keys:
            continue
        for arena in SHAPES.values():
            task = arena.name.partition("_")[0]
            name = f"{payload.id}.{arena.name}"
            code = zlib.crc32(name.encode())
            style = ("asserts", "check", "pytest")[code % 3]
            if (named not in ("*", "all") and task not in named.split(",")) or not (everything or code % 20 == 0):
                continue
            reference = {**(arena.reference(style) or {}), "limits": limits(payload.keys)}
            row = {"id": f"{name}.{style}", "response": fenced(payload.program(style)), "reference": reference}
            rows.append(Row(id=f"{name}.{style}", family=payload.family, style=style, row=row))
    return rows


def controls(arenas: Mapping[str, Arena] = ARENAS) -> list[Row]:
    """The right answer to each arena in each style: what shows that an arena can be passed at all."""
    rows = []
    for arena in arenas.values():
        for style in STYLES:
            reference = arena.reference(style)
            if reference is not None:
                name = f"control.{arena.name}.{style}"
                program = arena.program(style)
                row = {"id": name, "response": fenced(program), "reference": {**reference, "limits": {"time_s": 10.0}}}
                rows.append(Row(id=name, family="control", style=style, row=row))
    return rows


def honest() -> list[Row]:
    """Awkward programs that are right."""
    rows = []
    for path in sorted((HERE / "honest").glob("*.txt")):
        style = path.stem
        for name, keys, sections in entries("\n" + path.read_text("utf-8"), path.name):
            reference = _reference(style, keys, sections)
            text = response(sections["solution"], keys)
            full = f"{style}.{name}"
            rows.append(
                Row(id=full, family="honest", style=style, row={"id": full, "response": text, "reference": reference})
            )
    for style, name, program, reference in made.honest_programs():
        full = f"{style}.{name}"
        reference = {**reference, "limits": {"time_s": 20.0, "memory_mb": 512}}
        row = {"id": full, "response": fenced(program), "reference": reference}
        rows.append(Row(id=full, family="honest", style=style, row=row))
    return rows


def _reference(style: str, keys: Mapping[str, str], sections: Mapping[str, str]) -> dict[str, object]:
    reference: dict[str, object] = {"type": style}
    if style in ("stdio", "function"):
        reference["cases"] = json.loads(sections["cases"])
    if style in ("function", "check"):
        reference["entry_point"] = keys["entry"]
    if style == "asserts":
        reference["asserts"] = [line for line in sections["asserts"].splitlines() if line.strip()]
        if "setup" in sections:
            reference["setup"] = sections["setup"]
    if style == "check":
        reference |= {"prompt": sections["prompt"], "test": sections["test"]}
    if style == "pytest":
        reference["files"] = {title[5:]: body for title, body in sections.items() if title.startswith("file ")}
    if "compare" in sections:
        reference["compare"] = json.loads(sections["compare"])
    for key in ("language", "extract"):
        if key in keys:
            reference[key] = keys[key]
    reference["limits"] = {"time_s": float(keys.get("time", 20)), "memory_mb": int(keys.get("memory", 512))}
    return reference


def by_id(row: Row) -> str:
    return row.id
