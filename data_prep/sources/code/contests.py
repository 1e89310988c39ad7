"""code_contests (Li et al. 2022, arXiv 2203.07814), judged by input and output; and LeetCode, judged by asserts.

code_contests is read in two formats: that of the hub, with columns of inputs and outputs, and one with a JSON column
`test`. Its time limits are meant for compiled languages, so the default of ten seconds per case applies; a memory limit
above the default is used.

LeetCode's tests are asserts on `my_solution = Solution()`, each preceded by its input.

Example:
    >>> test = '[{"input": {"stdin": "1"}, "output": {"stdout": "2"}}]'
    >>> read_contest({"content": "Add one.", "test": test}).reference.cases
    (StdioCase(stdin='1', stdout='2'),)
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from data_prep.errors import BadRow
from data_prep.problem import Problem
from data_prep.sources.answers import text_of
from data_prep.sources.code.prompts import STREAMS, block, parsed, question
from data_prep.sources.code.reading import made, raw_text
from rewards.types import Json
from sandbox.json_text import read_json

_TESTS = ("public_tests", "private_tests", "generated_tests")
_TYPING = ("Any", "Dict", "List", "Optional", "Set", "Tuple", "Union")
_USUAL_MIB = 512


# --- code_contests ----------------------------------------------------------------------------------------------------


def read_contest(fields: Mapping[str, object]) -> Problem:
    """Read a row with `content` and `test`, or `description` and tests in three columns. Raises BadRow."""
    asked = text_of(fields, "content" if "content" in fields else "description")
    cases: list[Json] = [{"stdin": stdin, "stdout": stdout} for stdin, stdout in _pairs(fields)]
    if not cases:
        raise BadRow(field="test", expected="at least one pair of input and output", found=fields.get("test"))
    memory = fields.get("memory_limit_bytes")
    mebibytes = memory >> 20 if isinstance(memory, int) else 0
    limits: dict[str, Json] = {"limits": {"memory_mb": mebibytes}} if mebibytes > _USUAL_MIB else {}
    return made(
        question(asked, f"Write a Python program that solves this. {STREAMS}"),
        {"type": "stdio", "cases": cases, **limits},
        source="code_contests",
        name=_name(fields),
    )


def _name(fields: Mapping[str, object]) -> object:
    labels = fields.get("labels")
    if isinstance(labels, str):
        try:
            return read_json(labels).get("name")
        except (ValueError, AttributeError):
            return fields.get("id")
    return fields.get("name", fields.get("id"))


def _pairs(fields: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    if "test" in fields:
        try:
            tests = read_json(raw_text(fields, "test"))
            yield from ((str(test["input"]["stdin"]), str(test["output"]["stdout"])) for test in tests)
        except (ValueError, TypeError, KeyError) as error:
            raise BadRow(
                field="test", expected='JSON of [{"input": {"stdin"}, "output": {"stdout"}}]', found=fields["test"]
            ) from error
        return
    for column in _TESTS:
        tests = fields.get(column) or {}
        if not isinstance(tests, Mapping):
            raise BadRow(field=column, expected="an object of the lists input and output", found=tests)
        yield from zip(map(str, tests.get("input", ())), map(str, tests.get("output", ())), strict=True)


# --- LeetCode ---------------------------------------------------------------------------------------------------------


def read_leetcode(fields: Mapping[str, object]) -> Problem:
    """Read a row with `prompt`, which ends with a class skeleton, and `test`. Raises BadRow."""
    prompt = raw_text(fields, "prompt")
    asked, skeleton = _parted(prompt)
    setup, asserts = _tests(raw_text(fields, "test"))
    meta = fields.get("meta")
    difficulty = meta.get("difficulty") if isinstance(meta, Mapping) else None
    return made(
        question(asked, "Complete this Python class:", block(skeleton)),
        {"type": "asserts", "asserts": list(asserts), "setup": setup},
        source="leetcode",
        name=fields.get("task_id"),
        tags=(difficulty,) if isinstance(difficulty, str) else (),
    )


def _parted(prompt: str) -> tuple[str, str]:
    """Split a prompt into the text of its docstring, and the skeleton with the imports that its annotations need."""
    _, mark, rest = prompt.partition('"""')
    text, end, skeleton = rest.rpartition('"""')
    if not mark or not end or "class Solution" not in skeleton:
        raise BadRow(
            field="prompt", expected='a text in """ and the skeleton of class Solution behind it', found=prompt
        )
    names = [name for name in _TYPING if f"{name}[" in skeleton or f" {name}" in skeleton.replace(":", " ")]
    imports = f"from typing import {', '.join(names)}\n\n\n" if names else ""
    return text, imports + skeleton.strip("\n").rstrip() + "\n        ..."


def _tests(source: str) -> tuple[str, list[str]]:
    """Split tests into the code before the first input, and each assert with the code just before it."""
    try:
        nodes = parsed(source)
    except SyntaxError as error:
        raise BadRow(f"the tests are no Python: {error}", field="test") from error
    lines = source.split("\n")
    setup, groups, group = list[str](), list[str](), list[str]()
    for node in nodes:
        text = "\n".join(lines[node.lineno - 1 : node.end_lineno])
        is_input = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "test_input"
        if not groups and not group and not is_input and not isinstance(node, ast.Assert):
            setup.append(text)
            continue
        group.append(text)
        if isinstance(node, ast.Assert):
            groups.append("\n".join(group))
            group.clear()
    if not groups:
        raise BadRow(field="test", expected="at least one assert", found=source)
    return "\n".join(setup), groups
