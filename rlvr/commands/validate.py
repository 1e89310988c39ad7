"""`rlvr validate DATA`: check that a data set is fit for training: golds pass their own grader, wrong answers fail.

Needs no torch, except for `--tokenizer`. This module has the options and files; `data_prep.validation` does the work.
Exit status: 0 no row has an error, 1 an error with a message, 3 some rows are not fit.

Example:
    rlvr validate gsm8k:train --against gsm8k:test --against math500
    rlvr validate train.jsonl --reward '{gate: format, then: math}' --clean fit.jsonl --html report.html
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from data_prep.errors import DataError
from data_prep.templates import TEMPLATES, template_named
from data_prep.writing import replacing
from rewards.pluralize import pluralize
from rlvr.commands.argument_types import OneReward, add_pool_options, positive
from rlvr.commands.grade import reward_spec
from rlvr.commands.prep import prompt_encoder
from rlvr.commands.report_files import check_report, refuse_overwriting

if TYPE_CHECKING:
    from data_prep.problem import Problem
    from data_prep.validation.entries import RowSource, Source

UNFIT = 3


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `validate`."""
    parser = commands.add_parser(
        "validate",
        help="check that a data set is fit for training: golds pass their own grader, wrong answers fail",
        description="Check every row of a data set. Its gold answer must pass its own grader; an empty response, a "
        "response without an answer and another row's gold must fail. Published programs must pass their tests, and "
        "altered ones must fail. Also finds duplicates, overlap with evaluation sets, answers in prompts, and prompts "
        "that are too long.",
        epilog="Exit status: 0 no row has an error, 1 a mistake (no such file or reward), 3 some rows are not fit.",
    )
    parser.add_argument(
        "data",
        nargs="+",
        metavar="DATA",
        help="NAME or NAME:SPLIT of a known set; or files (JSONL, plain, .gz, .zst, or Parquet) of problems or of your "
        "own rows, folders of such files, data sets of the Hugging Face hub (owner/name), or - for JSONL on standard "
        "input",
    )
    parser.add_argument(
        "--reward",
        action=OneReward,
        metavar="NAME",
        help="the reward for these rows (default: by the type of the first reference)",
    )
    _add_columns(parser.add_argument_group("columns"))
    _add_choice(parser.add_argument_group("which rows"))
    _add_checks(parser.add_argument_group("checks"))
    _add_output(parser.add_argument_group("output"))
    add_pool_options(parser.add_argument_group("grading"))
    parser.set_defaults(run=run)


def _add_columns(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--solution-field", metavar="NAME", help="column of a published solution (default: that of a known set)"
    )
    group.add_argument("--question-field", metavar="NAME", help="column of the question (default: guessed, and shown)")
    group.add_argument("--answer-field", metavar="NAME", help="column of the gold answer (default: guessed, and shown)")
    group.add_argument(
        "--answer-form",
        choices=("value", "hashes", "boxed", "number", "integer", "latex"),
        help="how the gold is written: as it stands, after ####, in the last \\boxed{}, a number, a whole number, "
        "LaTeX in dollars (default: guessed)",
    )


def _add_choice(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--limit", type=positive, metavar="N", help="check the first N rows only")
    group.add_argument("--subset", metavar="NAME", help="the subset (configuration) of a data set of the hub")
    group.add_argument("--split", metavar="NAME", help="the split of a data set of the hub")


def _add_checks(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--form",
        metavar="FORM",
        help="how a response gives its answer: boxed, think_boxed, think_answer, answer, hashes, bare, or a text that "
        "contains {gold} (default: the form in which the most golds pass)",
    )
    group.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="DATA",
        help="an evaluation set that must share no problem with these rows (a file, NAME = its test split, or "
        "NAME:SPLIT; repeatable)",
    )
    group.add_argument(
        "--skip", action="append", default=[], metavar="CHECK", help="ignore the findings of a check; repeatable"
    )
    group.add_argument("--no-near", action="store_true", help="do not look for questions that are nearly alike")
    group.add_argument("--tokenizer", metavar="PATH", help="count prompt tokens with this tokenizer")
    group.add_argument(
        "--template", default="plain", metavar="NAME", help=f"prompt template: {', '.join(TEMPLATES)} (default: plain)"
    )
    group.add_argument("--max-prompt-tokens", type=positive, metavar="N", help="a prompt of more tokens is an error")
    group.add_argument(
        "--max-prompt-characters", type=positive, metavar="N", help="a prompt of more characters is an error"
    )


def _add_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--json", metavar="FILE", help="write the report as JSON")
    group.add_argument("--html", metavar="FILE", help="write the report as an HTML page")
    group.add_argument(
        "--clean",
        metavar="OUT",
        help="write the problems without errors (.jsonl, .jsonl.gz, .parquet), and the others, with reasons, to "
        "OUT.dropped.jsonl",
    )


def run(options: argparse.Namespace) -> int:
    """Validate. Returns 0, or 3 if some rows are not fit."""
    from data_prep.sources.jsonl import Wanted
    from data_prep.validation.run import dropped_path, validate
    from data_prep.validation.validator import Settings

    written: dict[str, Path] = {}
    for option, path, example in (
        ("--clean", options.clean, "fit.jsonl"),
        ("--json", options.json, "report.json"),
        ("--html", options.html, "report.html"),
    ):
        if path:
            written[option] = Path(path)
            check_report(option, written[option], example=example)
    if options.clean:
        written["--clean's other file"] = dropped_path(options.clean)
    refuse_overwriting(written, [*options.data, *options.against])
    data = _data(options)
    settings = Settings(
        form=options.form,
        against=[_evaluation_set(name) for name in options.against],
        near=not options.no_near,
        skip=frozenset(options.skip),
        encode=_encoder(options),
        max_prompt_tokens=options.max_prompt_tokens,
        max_prompt_characters=options.max_prompt_characters,
        progress=_progress,
    )
    report = validate(
        data,
        reward_spec(options.reward) if options.reward else None,
        settings,
        clean=options.clean,
        solution_field=options.solution_field,
        wanted=Wanted(question=options.question_field, answer=options.answer_field, form=options.answer_form),
        limit=options.limit,
        workers=options.workers,
        deadline=options.deadline,
    )
    print(report.describe(), flush=True)
    for path, text in ((options.json, report.to_json), (options.html, report.to_html)):
        if path:
            with replacing(path) as partial:
                partial.write_text(text(), encoding="utf-8", errors="backslashreplace")  # lone surrogates in a reason
    if options.clean:
        kept = pluralize(report.kept, "problem") if report.kept else "nothing is left, and nothing"
        print(f"{kept} written to {options.clean}, the others to {dropped_path(options.clean)}")
    return 0 if report.is_fit else UNFIT


def _data(options: argparse.Namespace) -> str | Sequence[RowSource]:
    """A set name, or the sources that `rlvr grade` would read. Raises DataError, DataNotFound, BadFile, ConfigError."""
    from rlvr.offline.sources import find_sources

    named = [name for name in options.data if _is_set(name)]
    if named and len(options.data) > 1:
        raise DataError(f"{named[0]} is a set by name and stands alone; give the others in a run of their own")
    if named or (len(options.data) == 1 and _is_name(options.data[0])):
        return str(options.data[0])
    outputs = [Path(path) for path in (options.clean, options.json, options.html) if path]
    left = [*outputs, *(Path(f"{options.clean}.dropped.jsonl") for _ in [0] if options.clean)]
    inside = any(Path(name).is_dir() for name in options.data)
    return find_sources(options.data, config=options.subset, split=options.split, leave_out=left if inside else ())


def _evaluation_set(name: str) -> Source:
    """The set to compare with: of a known set without a split its test split, on which models are tested."""
    from data_prep.sets import NAMED_SETS
    from data_prep.validation.entries import read_entries
    from rlvr.offline.sources import find_sources

    if _is_set(name) and ":" not in name and "test" in NAMED_SETS[name].files:
        name = f"{name}:test"
    return read_entries(name if _is_set(name) or _is_name(name) else find_sources([name]))


def _is_set(name: str) -> bool:
    from data_prep.sets import NAMED_SETS

    return name.partition(":")[0] in NAMED_SETS and not Path(name).exists()


def _is_name(name: str) -> bool:
    """Whether the text can only be a set name: not a path, a stream or a hub data set."""
    return re.fullmatch(r"\w+(:\w+)?", name) is not None and not Path(name).exists() and not name.startswith("hub:")


def _encoder(options: argparse.Namespace) -> Callable[[Problem], Sequence[object]] | None:
    """A function that encodes a problem's prompt as a run does; None without a tokenizer."""
    template_named(options.template)
    if options.tokenizer is None:
        if options.max_prompt_tokens or options.template != "plain":
            raise DataError(
                "--max-prompt-tokens and --template count tokens of prompts: give --tokenizer PATH with them"
            )
        return None
    return prompt_encoder(options.tokenizer, options.template)


def _progress(rows: int) -> None:
    if sys.stderr is not None and sys.stderr.isatty():
        from rlvr.offline.progress import show

        show(f"\r{pluralize(rows, 'row')}")
