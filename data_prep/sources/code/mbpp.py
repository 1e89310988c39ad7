"""MBPP (Austin et al. 2021, arXiv 2108.07732), full and sanitized: a task in one sentence, judged by asserts.

The prompt gives the signature of what the asserts call, from the reference solution, and the first assert, because many
sentences leave the return value open. The other asserts are hidden. The splits are those of the paper, by `task_id`.

Example:
    >>> row = {"text": "Add.", "code": "def add(a, b): return a + b", "test_list": ["assert add(1, 2) == 3"]}
    >>> read(row).reference.asserts
    ('assert add(1, 2) == 3',)
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from data_prep.errors import BadRow
from data_prep.problem import Problem
from data_prep.sources.answers import text_of
from data_prep.sources.code.prompts import block, called_names, question, signatures
from data_prep.sources.code.reading import made, raw_text, texts

SPLITS: Mapping[str, range] = MappingProxyType(
    {
        "train": range(601, 975),
        "test": range(11, 511),
        "validation": range(511, 601),
        "prompt": range(1, 11),
        "all": range(1, 975),
    }
)
"""The task ids of each split."""


def in_split(fields: Mapping[str, object], split: str) -> bool:
    """Whether a row is in a split. Raises BadRow if it has no `task_id`."""
    number = fields.get("task_id")
    if not isinstance(number, int):
        raise BadRow(field="task_id", expected="a whole number, which says the split", found=number)
    return number in SPLITS[split]


def read(fields: Mapping[str, object], source: str = "mbpp") -> Problem:
    """Read a row with `text` (sanitized: `prompt`), `code`, `test_list` and optional setup code. Raises BadRow."""
    asked = text_of(fields, "prompt" if "text" not in fields else "text")
    code, asserts = raw_text(fields, "code"), texts(fields, "test_list")
    try:
        wanted = signatures(code, called_names(asserts))
    except SyntaxError as error:
        raise BadRow(f"the solution or a test is no Python: {error}", field="code") from error
    if not wanted:
        raise BadRow(field="code", expected="a solution that defines what the tests call", found=asserts[0])
    names = " and ".join(f"`{signature}`" for signature in wanted)
    return made(
        question(asked, f"Write it in Python as {names}. For example:", block(asserts[0])),
        {"type": "asserts", "asserts": list(asserts), "setup": _setup(fields)},
        source=source,
        name=fields.get("task_id"),
    )


def read_sanitized(fields: Mapping[str, object]) -> Problem:
    """Read a row of the sanitized version. Raises BadRow."""
    return read(fields, source="mbpp_sanitized")


def _setup(fields: Mapping[str, object]) -> str:
    """The code to run before the asserts: `test_setup_code`, or the lines of `test_imports`."""
    imports = fields.get("test_imports") or []
    given = fields.get("test_setup_code") or ""
    if not isinstance(imports, list | tuple) or not isinstance(given, str):
        raise BadRow(field="test_imports", expected="a list of texts", found=imports)
    return "\n".join([*map(str, imports), *([given] if given.strip() else [])])
