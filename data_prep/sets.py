"""Data sets by name: their files, their hub repositories, and the parsers of their rows.

A set is read from a file, a folder, the folder in RLVR_DATA, or the Hugging Face hub.

Example:
    problems = list(load_set("gsm8k", split="test"))                       # from the folder RLVR_DATA
    problems = list(load_set("math500", origin="~/data/MATH-500/test.jsonl"))
    problems = list(load_set("aime24", origin="hub"))
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from data_prep.errors import DataNotFound
from data_prep.hub import HubSet, iter_hub_rows
from data_prep.problem import Problem
from data_prep.rows import OnBad, PathLike, Row, is_file, iter_rows, raise_bad, read_each
from data_prep.sources import aqua, columns, gsm8k, math
from data_prep.sources.code import contests, humaneval, mbpp, mbpp_plus
from data_prep.sources.columns import Columns

DATA_FOLDER = "RLVR_DATA"
HUB = "hub"
"""The origin for the Hugging Face hub; `hub:owner/name` is another repository with the same columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSet:
    """A data set known by name.

    read: parses a row to a problem; raises BadRow. files: split -> file, relative to the data folder. The first split
    is the default. belongs: whether a row is in a split, if a file contains several. finish: called after the last row.
    solution: column of the published solution; empty = none.
    """

    title: str
    read: Callable[[Mapping[str, object]], Problem]
    files: Mapping[str, str]
    hub: HubSet
    belongs: Callable[[Mapping[str, object], str], bool] | None = None
    finish: Callable[[], None] | None = None
    solution: str = ""

    @property
    def default_split(self) -> str:
        return next(iter(self.files))


def _by_columns(mapped: Columns) -> Callable[[Mapping[str, object]], Problem]:
    return partial(columns.read, columns=mapped)


def _math500(fields: Mapping[str, object]) -> Problem:
    return replace(math.read(fields), source="math500")


_MATH_SUBJECTS = (
    "algebra",
    "counting_and_probability",
    "geometry",
    "intermediate_algebra",
    "number_theory",
    "prealgebra",
    "precalculus",
)
_EXPECTED = ("expected_answer", "answer")
_ALL_OF_MBPP = "train+test+validation+prompt"

NAMED_SETS: Mapping[str, NamedSet] = MappingProxyType(
    {
        "gsm8k": NamedSet(
            title="grade-school word problems: 7,473 train, 1,319 test",
            solution="answer",
            read=gsm8k.read,
            files={"train": "gsm8k/train.jsonl.gz", "test": "gsm8k/test.jsonl"},
            hub=HubSet(id="openai/gsm8k", configs=("main",), splits={}),
        ),
        "math": NamedSet(
            title="competition problems: 7,500 train, 5,000 test",
            solution="solution",
            read=math.read,
            files={"train": "math/train.jsonl.gz", "test": "math/test.jsonl.gz"},
            hub=HubSet(id="EleutherAI/hendrycks_math", configs=_MATH_SUBJECTS, splits={}),
        ),
        "math500": NamedSet(
            title="500 problems of MATH's test split",
            solution="solution",
            read=_math500,
            files={"test": "math/math500.jsonl"},
            hub=HubSet(id="HuggingFaceH4/MATH-500", splits={}),
        ),
        "aime24": NamedSet(
            title="AIME 2024: 30 problems",
            solution="reference_solution",
            read=_by_columns(Columns(question=("problem",), answer=_EXPECTED, form="integer", source="aime24")),
            files={"test": "aime/aime24.jsonl"},
            hub=HubSet(id="HuggingFaceH4/aime_2024", splits={"test": "train"}),
        ),
        "aime25": NamedSet(
            title="AIME 2025: 30 problems",
            solution="reference_solution",
            read=_by_columns(Columns(question=("problem",), answer=_EXPECTED, form="integer", source="aime25")),
            files={"test": "aime/aime25.jsonl"},
            hub=HubSet(id="math-ai/aime25", splits={}),
        ),
        "amc23": NamedSet(
            title="AMC 2023: 40 problems",
            read=_by_columns(Columns(question=("question",), answer=("answer",), form="number", source="amc23")),
            files={"test": "amc/amc23.jsonl"},
            hub=HubSet(id="math-ai/amc23", splits={}),
        ),
        "hmmt": NamedSet(
            title="HMMT 2024 and 2025: 196 problems (the hub's set: February 2025 only)",
            read=_by_columns(Columns(question=("problem",), answer=_EXPECTED, form="latex", source="hmmt")),
            files={"test": "hmmt/hmmt_24_25.jsonl"},
            hub=HubSet(id="MathArena/hmmt_feb_2025", splits={"test": "train"}),
        ),
        "olympiadbench": NamedSet(
            title="OlympiadBench, English, text only: 675 problems",
            read=_by_columns(
                Columns(
                    question=("question",),
                    answer=("final_answer",),
                    form="olympiad",
                    source="olympiadbench",
                    tags=("subfield", "answer_type"),
                )
            ),
            files={"test": "olympiadbench/test.jsonl"},
            hub=HubSet(id="Hothan/OlympiadBench", configs=("OE_TO_maths_en_COMP",), splits={"test": "train"}),
        ),
        "svamp": NamedSet(
            title="SVAMP: 1,000 elementary word problems",
            read=_by_columns(Columns(question=("Body", "Question"), answer=("Answer",), form="number", source="svamp")),
            files={"test": "svamp/test.jsonl"},
            hub=HubSet(id="ChilleD/SVAMP", splits={"test": "train+test"}),  # the hub's copy is split 700 / 300
        ),
        "gsm_hard": NamedSet(
            title="GSM8K's test split with large numbers: 1,319 problems",
            read=_by_columns(Columns(question=("input",), answer=("target",), form="number", source="gsm_hard")),
            files={"test": "gsm_hard/test.jsonl.gz"},
            hub=HubSet(id="reasoning-machines/gsm-hard", splits={"test": "train"}),
        ),
        "humaneval": NamedSet(
            title="HumanEval: 164 functions to complete, with tests",
            solution="canonical_solution",
            read=humaneval.read,
            files={"test": "humaneval/HumanEval.jsonl.gz"},
            hub=HubSet(id="openai/openai_humaneval", splits={}),
        ),
        "mbpp": NamedSet(
            title="MBPP: 974 small programs with asserts (374 train, 500 test, 90 validation, 10 prompt)",
            solution="code",
            read=mbpp.read,
            files=dict.fromkeys(mbpp.SPLITS, "mbpp/mbpp.jsonl"),
            hub=HubSet(id="google-research-datasets/mbpp", configs=("full",), splits={"all": _ALL_OF_MBPP}),
            belongs=mbpp.in_split,
        ),
        "mbpp_sanitized": NamedSet(
            title="MBPP, the 427 programs that people have checked (120 train, 257 test, 43 validation, 7 prompt)",
            solution="code",
            read=mbpp.read_sanitized,
            files=dict.fromkeys(mbpp.SPLITS, "mbpp/sanitized-mbpp.jsonl"),
            hub=HubSet(id="google-research-datasets/mbpp", configs=("sanitized",), splits={"all": _ALL_OF_MBPP}),
            belongs=mbpp.in_split,
        ),
        "mbpp_plus": NamedSet(
            title="MBPP+: 420 functions with about a hundred inputs each; runs the reference solutions in the sandbox",
            solution="canonical_solution",
            read=mbpp_plus.read,
            finish=mbpp_plus.finish,
            files={"test": "mbpp_plus/MbppPlus-2023-11.jsonl.gz"},
            hub=HubSet(id="evalplus/mbppplus", splits={}),
        ),
        "code_contests": NamedSet(
            title="code_contests: programs that read and write (a sample of 20; the hub's set: 165 test)",
            read=contests.read_contest,
            files={"test": "code_contests_sample/code_contests_19.jsonl.gz"},
            hub=HubSet(id="deepmind/code_contests", splits={}),
        ),
        "leetcode": NamedSet(
            title="LeetCode contests of 2023 and 2024: 180 classes with about a hundred asserts each",
            read=contests.read_leetcode,
            files={"test": "leetcode/contest180.jsonl.gz"},
            hub=HubSet(id="TechxGenus/LeetCode-Contest", splits={"test": "train"}),
        ),
        "aqua": NamedSet(
            title="AQuA: 254 word problems with five choices",
            read=aqua.read,
            files={"test": "aqua/test.jsonl"},
            hub=HubSet(id="deepmind/aqua_rat", configs=("raw",), splits={}),
        ),
    }
)


def named_set(name: str) -> NamedSet:
    """The set of that name. Raises DataNotFound, which suggests the nearest name."""
    if name in NAMED_SETS:
        return NAMED_SETS[name]
    nearest = difflib.get_close_matches(name.lower(), NAMED_SETS, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    raise DataNotFound(f"no data set {name!r}; {hint}Known: {', '.join(NAMED_SETS)}")


def load_set(
    name: str, *, origin: PathLike | None = None, split: str | None = None, on_bad: OnBad = raise_bad
) -> Iterator[Problem]:
    """Stream the problems of a named set.

    origin: a file, a folder, `hub`, or None for the folder in RLVR_DATA. split: None = the set's default. A named file
    is read entirely, regardless of split.

    Raises:
        DataNotFound: no such set, split or file, or the hub cannot be reached.
        BadFile, BadRow: see `data_prep.rows.iter_rows`.
    """
    entry = named_set(name)
    rows = set_rows(entry, name, origin, split, on_bad)
    return _problems(entry, read_each(rows, _reader(entry, origin, split), on_bad))


def _problems(entry: NamedSet, read: Iterator[Problem | None]) -> Iterator[Problem]:
    try:
        yield from (problem for problem in read if problem is not None)
    finally:
        if entry.finish is not None:
            entry.finish()


def _reader(entry: NamedSet, origin: PathLike | None, split: str | None) -> Callable[[Row], Problem | None]:
    """Parse a row to a problem; None if it is in another split. A named file is read entirely."""
    whole = origin is not None and Path(origin).expanduser().is_file()
    belongs, wanted = entry.belongs, split or entry.default_split
    if belongs is None or whole:
        return lambda row: entry.read(row.fields)
    return lambda row: entry.read(row.fields) if belongs(row.fields, wanted) else None


def set_rows(
    entry: NamedSet, name: str, origin: PathLike | None, split: str | None, on_bad: OnBad = raise_bad
) -> Iterator[Row]:
    """The raw rows of a named set from its origin."""
    split = split or entry.default_split
    if isinstance(origin, str) and (hub := hub_named(origin, entry.hub)):
        if hub is entry.hub and split not in entry.files:
            raise _no_split(name, split, entry)
        return iter_hub_rows(hub, split)
    paths = set_files(entry, name, origin, split)
    return chain.from_iterable(iter_rows(path, on_bad) for path in paths)


def hub_named(origin: str, default: HubSet) -> HubSet | None:
    """The hub set of an origin `hub` or `hub:owner/name`; None for a path."""
    if origin == HUB:
        return default
    return HubSet(id=repository_of(origin), splits={}) if origin.startswith("hub:") else None


def repository_of(origin: str) -> str:
    """The OWNER/NAME of `hub:OWNER/NAME`. Raises DataNotFound if it is malformed."""
    name = origin.removeprefix("hub:")
    if not all(name.split("/")) or name.count("/") > 1:
        raise DataNotFound(f"{origin!r} names no set on the hub; write hub:OWNER/NAME")
    return name


def set_files(entry: NamedSet, name: str, origin: PathLike | None, split: str) -> list[Path]:
    """The files of a split: one file, or the shards of a local copy of the hub repository.

    Raises:
        DataNotFound: lists every place searched.
    """
    if origin is None:
        folder = os.environ.get(DATA_FOLDER)
        if not folder:
            raise DataNotFound(
                f"where is {name}? Set {DATA_FOLDER} to a folder that holds "
                f"{entry.files.get(split, entry.files[entry.default_split])}, or name a file in its place "
                f"(`rlvr prep {name}`: --from PATH, or --from hub)"
            )
        if not Path(folder).expanduser().exists():
            raise DataNotFound(f"{DATA_FOLDER} is {folder!r}, and there is no such folder; correct it, or unset it")
        origin = folder
    path = Path(origin).expanduser()
    if not path.is_dir():
        return [path]  # reading it will report what is wrong
    if split not in entry.files:
        raise _no_split(name, split, entry)
    theirs = entry.hub.splits.get(split, split)
    file = Path(entry.files[split])
    patterns = [str(file), file.name, *(f"{split}{suffix}" for suffix in (".jsonl", ".jsonl.gz", ".parquet"))]
    shards = [f"{config or 'data'}/{theirs}-*.parquet" for config in entry.hub.configs]
    for pattern in dict.fromkeys(patterns):
        if is_file(path / pattern):
            return [path / pattern]
    if found := [match for pattern in shards for match in sorted(path.glob(pattern))]:
        return found
    looked = ", ".join(dict.fromkeys([*patterns, *shards]))
    raise DataNotFound(f"no split {split!r} of {name} in {str(path)!r}; looked for {looked}")


def _no_split(name: str, split: str, entry: NamedSet) -> DataNotFound:
    return DataNotFound(f"{name} has no split {split!r}; it has {', '.join(entry.files)}")
