r"""`rlvr prep`: turn a data set into a file of problems, checked for bad rows, duplicates and overlap with test sets.

Needs no torch. This module has the options and the summary; `data_prep` does the work.

Example:
    rlvr prep gsm8k --split train --out train.jsonl --against data/gsm8k/test.jsonl --drop-overlap
    rlvr prep arithmetic --count 20000 --out train.jsonl --held-out 500 --held-out-out test.jsonl
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from data_prep.errors import BadRow, DataError
from data_prep.files import BadRowFile, bad_rows_path, write_problems
from data_prep.problem import Problem
from data_prep.rows import OnBad, PathLike, raise_bad, suffix_of
from data_prep.sets import NAMED_SETS, hub_named, load_set, repository_of, set_files
from data_prep.templates import TEMPLATES, template_named
from rewards.pluralize import pluralize
from rewards.registry import find, names
from rlvr.commands.argument_types import not_negative, positive

if TYPE_CHECKING:
    from data_prep.preparation import Preparation

Subparsers = argparse._SubParsersAction  # argparse has no public name for this type
Parser = argparse.ArgumentParser


def add_parser(commands: Subparsers[Parser]) -> None:
    """Add `prep` and one sub-command for each source."""
    parser = commands.add_parser(
        "prep",
        help="write a file of problems from a data set, with its duplicates and overlaps",
        description="Write a file of problems (JSONL, also .gz and .zst, or Parquet) from a data set: a known "
        "one, your own rows, or generated problems. Reports bad rows, duplicates and overlap with test files.",
    )
    sources = parser.add_subparsers(metavar="SOURCE", required=True, title="sources")
    for name, entry in NAMED_SETS.items():
        _add_named(sources, name, entry.title)
    _add_jsonl(sources)
    _add_arithmetic(sources)
    _add_countdown(sources)


def run(options: argparse.Namespace) -> int:
    """Run the chosen source. Returns 0."""
    source: Callable[[argparse.Namespace], int] = options.source
    return source(options)


# --- options ----------------------------------------------------------------------------------------------------------


def _source(sources: Subparsers[Parser], name: str, summary: str, run_: Callable[[argparse.Namespace], int]) -> Parser:
    parser = sources.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
    parser.set_defaults(run=run, source=run_, name=name)
    return parser


def _add_named(sources: Subparsers[Parser], name: str, title: str) -> None:
    parser = _source(sources, name, title, _run_named)
    splits = list(NAMED_SETS[name].files)
    _add_origin(
        parser,
        help_="where to read: a file (.jsonl, .jsonl.gz, .jsonl.zst, .parquet), a folder, `hub` (the Hugging Face hub, "
        f"{NAMED_SETS[name].hub.id}), or `hub:OWNER/NAME` for a copy of it there; default: the folder RLVR_DATA",
    )
    parser.add_argument("--split", choices=splits, default=splits[0], help="which split (default: %(default)s)")
    _add_output(parser, "shuffle the problems with this seed, so that --limit takes a random part")


def _add_jsonl(sources: Subparsers[Parser]) -> None:
    parser = _source(sources, "jsonl", "rows of your own: JSONL (.gz, .zst), Parquet, or a set on the hub", _run_jsonl)
    _add_origin(parser, help_="a file, or `hub:OWNER/NAME` on the Hugging Face hub", required=True)
    parser.add_argument("--split", default="train", help="split of a set on the hub (default: %(default)s)")
    parser.add_argument("--config", metavar="NAME", help="subset of a set on the hub that has several")
    parser.add_argument(
        "--question-field",
        metavar="NAME",
        help="column of the question, or several joined by + (default: guessed among the usual names, and shown); a "
        "list of messages is accepted, and a dotted name looks inside an object",
    )
    parser.add_argument(
        "--answer-field",
        metavar="NAME",
        help="column of the gold answer, or `none` (default: guessed among the usual names, and shown)",
    )
    parser.add_argument(
        "--answer-form",
        choices=("value", "hashes", "boxed", "number", "integer", "latex"),
        help="how the answer is written: as it stands, after ####, in the last \\boxed{}, a number, a whole number, "
        "LaTeX in dollars (default: guessed from the marks #### and \\boxed)",
    )
    parser.add_argument("--source", metavar="NAME", dest="source_name", help="name of the source in each row")
    _add_output(parser, "shuffle the problems with this seed, so that --limit takes a random part")


def _add_arithmetic(sources: Subparsers[Parser]) -> None:
    parser = _source(sources, "arithmetic", "sums and differences made by rule, and demonstrations", _run_arithmetic)
    parser.add_argument("--count", type=positive, default=10_000, metavar="N", help="problems (default: %(default)s)")
    parser.add_argument("--terms", type=int, default=5, metavar="N", help="numbers in a problem (default: %(default)s)")
    parser.add_argument("--digits", type=int, default=1, metavar="N", help="digits of a number (default: %(default)s)")
    parser.add_argument("--operations", default="+", metavar="+|-|+-", help="between numbers (default: %(default)s)")
    _add_held_out(parser)
    parser.add_argument("--demonstrations", metavar="FILE", help="write responses to further problems, for warm-up")
    parser.add_argument("--demonstration-count", type=positive, metavar="N", help="how many (default: as --count)")
    parser.add_argument(
        "--worked-share",
        type=float,
        default=0.4,
        metavar="SHARE",
        help="share of the demonstrations that show the running sums; the others guess (default: %(default)s)",
    )
    _add_output(parser, "seed of the problems (default: 0); the same seed gives the same files")


def _add_countdown(sources: Subparsers[Parser]) -> None:
    parser = _source(sources, "countdown", "reach a target from given numbers; made by rule, solvable", _run_countdown)
    parser.add_argument("--count", type=positive, default=10_000, metavar="N", help="problems (default: %(default)s)")
    parser.add_argument(
        "--numbers", type=_range, default=(3, 4), metavar="N[-M]", help="how many numbers, 2 to 10 (default: 3-4)"
    )
    parser.add_argument(
        "--largest", type=positive, default=99, metavar="N", help="numbers are drawn from 1 to N (default: 99)"
    )
    parser.add_argument(
        "--target", type=_range, default=(10, 99), metavar="N-M", help="range of the target (default: 10-99)"
    )
    _add_held_out(parser)
    _add_output(parser, "seed of the problems (default: 0); the same seed gives the same files")


def _add_held_out(parser: Parser) -> None:
    parser.add_argument("--held-out", type=positive, metavar="N", help="also make N other problems to test on")
    parser.add_argument("--held-out-out", metavar="FILE", help="file for the held-out problems")


def _add_origin(parser: Parser, *, help_: str, required: bool = False) -> None:
    parser.add_argument("--from", dest="origin", metavar="PATH|hub", required=required, help=help_)
    parser.add_argument(
        "--skip-bad",
        action="store_true",
        help="go on after a row that cannot be read, and write it to OUT.bad.jsonl with file, line, field and reason",
    )


def _add_output(parser: Parser, seed_help: str) -> None:
    parser.add_argument(
        "--out", required=True, metavar="FILE", help="what to write: FILE.jsonl (.gz, .zst) or FILE.parquet"
    )
    parser.add_argument("--limit", type=positive, metavar="N", help="write at most N problems")
    parser.add_argument("--seed", type=not_negative, metavar="N", help=seed_help)
    parser.add_argument("--reward", default="", metavar="NAME", help="reward of each row (default: the run's own)")
    checks = parser.add_argument_group("checks and filters")
    checks.add_argument("--drop-duplicates", action="store_true", help="keep only the first row of each question")
    checks.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="FILE",
        help="report questions that are also in FILE (a test set; repeatable)",
    )
    checks.add_argument("--drop-overlap", action="store_true", help="leave out questions that are in an --against FILE")
    checks.add_argument(
        "--pass-rates", metavar="FILE", help='{"id", "pass_rate"} rows as `rlvr eval` writes them, for --pass-rate'
    )
    checks.add_argument(
        "--pass-rate",
        type=float,
        nargs=2,
        default=(0.0, 1.0),
        metavar=("LOW", "HIGH"),
        help="leave out problems whose pass rate is outside LOW to HIGH",
    )
    checks.add_argument(
        "--tokenizer", metavar="PATH", help="count prompt tokens with this tokenizer (folder, tokenizer.json, hub name)"
    )
    checks.add_argument(
        "--template", default="plain", metavar="NAME", help=f"prompt template: {', '.join(TEMPLATES)} (default: plain)"
    )
    checks.add_argument(
        "--max-prompt-tokens", type=positive, metavar="N", help="leave out problems whose prompt is longer"
    )


def _range(text: str) -> tuple[int, int]:
    low, dash, high = text.partition("-")
    try:
        return int(low), int(high) if dash else int(low)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no range; write N or N-M") from None


# --- the sources ------------------------------------------------------------------------------------------------------


def _run_named(options: argparse.Namespace) -> int:
    def problems(on_bad: OnBad) -> Iterator[Problem]:
        return load_set(options.name, origin=options.origin, split=options.split, on_bad=on_bad)

    entry = NAMED_SETS[options.name]
    on_hub = options.origin is not None and hub_named(options.origin, entry.hub) is not None
    files = [] if on_hub else set_files(entry, options.name, options.origin, options.split)
    return _read(options, problems, files)


def _run_jsonl(options: argparse.Namespace) -> int:
    from data_prep.hub import HubSet, iter_hub_rows
    from data_prep.rows import iter_rows
    from data_prep.sources.jsonl import NO_ANSWER, Wanted, read_rows

    wanted = Wanted(question=options.question_field, answer=options.answer_field, form=options.answer_form)
    on_hub = options.origin.startswith("hub:")
    if options.origin == "hub":
        raise DataError("--from hub needs the name of a set: --from hub:OWNER/NAME")
    identity = repository_of(options.origin) if on_hub else options.origin
    if options.answer_form and options.answer_field == NO_ANSWER:
        raise DataError(f"--answer-field none says that there are no answers; leave out --answer-form {wanted.form}")
    source = options.source_name or Path(identity).name.split(".")[0]

    def problems(on_bad: OnBad) -> Iterator[Problem]:
        hub = HubSet(id=identity, splits={}, configs=(options.config,))
        rows = iter_hub_rows(hub, options.split) if on_hub else iter_rows(options.origin, on_bad)
        reading = read_rows(rows, wanted, source=source, file=options.origin, on_bad=on_bad)
        print(f"columns: {reading.describe()}")
        return reading.problems

    return _read(options, problems, [] if on_hub else [Path(options.origin)])


def _run_arithmetic(options: argparse.Namespace) -> int:
    from data_prep.demonstrations import write_demonstrations
    from data_prep.sources.arithmetic import Kind, demonstrate, split_draw

    if options.demonstration_count and not options.demonstrations:
        raise DataError(f"--demonstration-count is {options.demonstration_count} but no --demonstrations FILE is given")
    _check_outputs(options, options.demonstrations)
    kind = Kind(terms=options.terms, digits=options.digits, operations=options.operations)
    seed = options.seed or 0
    demonstrated = (options.demonstration_count or options.count) if options.demonstrations else 0
    counts = [options.held_out or 0, options.count, demonstrated]
    preparation = _preparation(options)
    held_out, train, shown = split_draw(kind, counts, seed)
    demonstrations = demonstrate(shown, kind, worked_share=options.worked_share, seed=seed)
    _hold_out(options, (one.problem() for one in held_out))
    if options.demonstrations:
        written = write_demonstrations(options.demonstrations, demonstrations)
        worked = round(options.worked_share * written)
        print(f"{written} demonstrations ({worked} worked) of other problems written to {options.demonstrations}")
    return _prepare(options, (one.problem() for one in train), preparation)


def _run_countdown(options: argparse.Namespace) -> int:
    from data_prep.sources.countdown import Kind, take_problems

    _check_outputs(options)
    kind = Kind(numbers=options.numbers, largest=options.largest, target=options.target)
    preparation, held_out = _preparation(options), options.held_out or 0
    problems = take_problems(kind, held_out + options.count, options.seed or 0)
    _hold_out(options, islice(problems, held_out))
    return _prepare(options, problems, preparation)


def _check_outputs(options: argparse.Namespace, *more: str | None) -> None:
    """Check that the outputs of generated problems differ and are not inputs. Raises DataError."""
    if (options.held_out is None) != (options.held_out_out is None):
        missing = "--held-out-out" if options.held_out_out is None else "--held-out"
        raise DataError(f"--held-out and --held-out-out go together; {missing} is missing")
    outputs = [name for name in (options.out, options.held_out_out, *more) if name]
    if len({Path(name).resolve() for name in outputs}) < len(outputs):
        raise DataError(f"the outputs must be different files, not {', '.join(outputs)}")
    for name in outputs:
        suffix_of(name)
        _check_apart(name, _compared(options))


def _hold_out(options: argparse.Namespace, problems: Iterable[Problem]) -> None:
    if options.held_out_out:
        written = write_problems(options.held_out_out, _rewarded(problems, options.reward))
        print(f"{pluralize(written, 'other problem')}, held out, written to {options.held_out_out}")


# --- reading, filtering, writing --------------------------------------------------------------------------------------


def _compared(options: argparse.Namespace) -> list[Path]:
    """The files that are read besides the source."""
    return [Path(name) for name in (*options.against, options.pass_rates) if name]


def _check_apart(out: PathLike, inputs: Iterable[Path]) -> None:
    """Check that the output is not an input. Raises DataError."""
    for path in inputs:
        if Path(out).resolve() == path.expanduser().resolve():
            raise DataError(f"{str(out)!r} is read and would be written over; give another --out")


def _read(options: argparse.Namespace, problems: Callable[[OnBad], Iterator[Problem]], files: Sequence[Path]) -> int:
    """Prepare problems read from rows (of `files`). Bad rows are written to a file, or stop the command."""
    suffix_of(options.out)
    compared = _compared(options)
    for out in (options.out, bad_rows_path(options.out)):
        _check_apart(out, [*files, *compared])
    preparation = _preparation(options, shuffle_seed=options.seed)
    with BadRowFile(options.out) as bad:
        try:
            status = _prepare(options, problems(bad if options.skip_bad else raise_bad), preparation)
        except BadRow as error:
            if options.skip_bad or error.file in map(str, compared):
                raise
            raise DataError(f"{error} (with --skip-bad such rows are written aside and the rest is read)") from error
        except DataError as error:
            if bad.first is None:
                raise
            raise DataError(f"{error}\n  {pluralize(bad.count, 'bad row')}; the first: {bad.first}") from error
    if bad.count:
        print(f"{pluralize(bad.count, 'bad row')} skipped and written to {bad.path}; the first: {bad.first}")
    return status


def _prepare(options: argparse.Namespace, problems: Iterable[Problem], preparation: Preparation) -> int:
    from data_prep.preparation import prepare

    print(prepare(_rewarded(problems, options.reward), options.out, preparation).describe())
    return 0


def _preparation(options: argparse.Namespace, *, shuffle_seed: int | None = None) -> Preparation:
    """The preparation options; built first, so that errors are reported before anything is written."""
    from data_prep.preparation import Preparation

    template_named(options.template)
    if options.reward and ":" not in options.reward and options.reward not in names():
        find(options.reward)  # an unknown name raises an error with suggestions
    if options.tokenizer is None and (options.max_prompt_tokens or options.template != "plain"):
        raise DataError("--max-prompt-tokens and --template count tokens of prompts: give --tokenizer PATH with them")
    if tuple(options.pass_rate) != (0.0, 1.0) and not options.pass_rates:
        raise DataError("--pass-rate LOW HIGH needs the measured rates: give --pass-rates FILE")
    return Preparation(
        drop_duplicates=options.drop_duplicates,
        against=tuple(options.against),
        drop_overlap=options.drop_overlap,
        pass_rates=options.pass_rates,
        pass_rate_low=options.pass_rate[0],
        pass_rate_high=options.pass_rate[1],
        encode=prompt_encoder(options.tokenizer, options.template) if options.tokenizer else None,
        max_prompt_tokens=options.max_prompt_tokens,
        limit=options.limit,
        shuffle_seed=shuffle_seed,
    )


def prompt_encoder(tokenizer_path: str, template: str) -> Callable[[Problem], Sequence[object]]:
    """A function that encodes a problem's prompt as a run does."""
    from rlvr.errors import MissingExtra

    try:
        from rlvr.prompts import Prompter
        from rlvr.tokenizers import load_tokenizer

        tokenizer = load_tokenizer(tokenizer_path)
    except ImportError as error:
        raise MissingExtra(
            f"--tokenizer needs a package that is not there ({error}): pip install 'rlvr[train]'"
        ) from error
    # A new prompter for each problem, because it caches prompts and a file may exceed memory.
    return lambda problem: Prompter(tokenizer, template=template).tokens(problem)


def _rewarded(problems: Iterable[Problem], reward: str) -> Iterable[Problem]:
    return (replace(problem, reward=reward) for problem in problems) if reward else problems
