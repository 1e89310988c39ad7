"""Evaluation sets: known by name (gsm8k, math500, aime24, ...), or files of problems.

A named set is read from the folder in RLVR_DATA, else from the Hugging Face hub; the test split unless the name gives
another: `gsm8k:train`.

Example:
    problems = load_set("aime24")
    sets = load_sets(["math500", "data/held_out.jsonl"], limit=100)   # {"math500": [...], "held_out": [...]}
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from data_prep import sets as named
from data_prep.errors import BadFile, DataNotFound
from data_prep.files import read_problems
from data_prep.problem import Problem
from data_prep.rows import suffix_of
from rlvr.errors import ConfigError


def load_sets(sets: Sequence[str], *, limit: int | None = None) -> dict[str, list[Problem]]:
    """The problems of each set by the set's label: its name, or the stem of its file.

    limit: use the first `limit` problems of each set.

    Raises:
        ConfigError: two sets have one label, or a set has no problems.
        DataNotFound: no such set or file. BadRow: an invalid row.
    """
    found: dict[str, list[Problem]] = {}
    for entry in sets:
        name = label(entry)
        if name in found:
            raise ConfigError(f"two of the sets {list(sets)} are called {name!r}; rename one of the files")
        problems = load_set(entry)
        if not problems:
            raise ConfigError(f"the set {entry!r} has no problems")
        found[name] = problems[:limit]
    return found


def load_set(entry: str) -> list[Problem]:
    """All problems of a named set or a file.

    Raises:
        DataNotFound: neither a known set nor a file; suggests the nearest name.
        BadRow, BadFile: a file that cannot be read.
    """
    if (path := file_of(entry)) is not None:
        return read_problems(path)
    name, _, split = entry.partition(":")
    origin = None if os.environ.get(named.DATA_FOLDER) else named.HUB
    return list(named.load_set(name, origin=origin, split=split or "test"))


def file_of(entry: str) -> str | None:
    """The file that an entry names, which may be missing; None for a known set.

    Raises:
        DataNotFound: neither a known set nor a file; suggests the nearest name.
    """
    name = entry.partition(":")[0]
    if name not in named.NAMED_SETS and _looks_like_file(entry):
        return entry
    try:
        named.named_set(name)
    except DataNotFound as error:
        raise DataNotFound(f"{entry!r} is neither a file of problems nor a known set: {error}") from error
    return None


def label(entry: str) -> str:
    """What a set is called in tables, metrics and file names.

    Example:
        >>> label("data/held_out.jsonl.zst"), label("gsm8k:train"), label("aime24")
        ('held_out', 'gsm8k-train', 'aime24')
    """
    if entry.partition(":")[0] in named.NAMED_SETS:
        return entry.removesuffix(":").replace(":", "-")
    name = Path(entry).name
    return name[: -len(suffix_of(name))] if _looks_like_file(entry) else name


def _looks_like_file(entry: str) -> bool:
    with suppress(BadFile):
        return bool(suffix_of(entry))
    return Path(entry).is_file()
