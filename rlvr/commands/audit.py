"""`rlvr audit [FILE] --reward NAME`: attack a reward before a model does, and report what was paid.

Needs no torch. Exit status: 0 no exploit was found, 1 an error with a message (no such reward or file, no row that can
be attacked), 4 the reward was paid without the answer.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from data_prep.errors import BadFile, BadRow
from data_prep.writing import replacing
from rewards.errors import InvalidRow
from rlvr.commands.argument_types import OneReward, add_pool_options, not_negative, positive
from rlvr.commands.grade import allowing_weak, reward_spec
from rlvr.commands.report_files import check_report, refuse_overwriting

if TYPE_CHECKING:  # loaded when the command runs
    from data_prep.rows import Row
    from rewards.audit import AuditReport, AuditRow
    from rlvr.offline.columns import Columns

EXPLOITED = 4
ROWS, SEARCH = 6, 600  # as in rewards.audit.options, which is not loaded just for the help text
_LOOKED_AT = 20  # rows from which columns are guessed
_MOST_READ = 20_000  # rows of a file, of which a few are attacked


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `audit`."""
    parser = commands.add_parser(
        "audit",
        help="attack a reward: try to be paid without knowing the answer",
        description="Attack a reward with families of responses that do not know the answer, and with a seeded "
        "search. Each response is graded against answers that the audit chooses itself: a response that is paid for "
        "two different answers knew neither. Also measured: whether grades repeat, whether right answers in other "
        "words are paid, and speed.",
        epilog="Exit status: 0 no exploit, 1 a mistake (no such file or reward; no row that can be attacked), 4 an "
        "exploit was found. The same seed gives the same report, except for timing. See docs/guides/audit.md.",
    )
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="rows to attack: whatever `rlvr grade` reads (JSONL, Parquet, a folder of them, - for standard input), "
        "with 'prompt' and 'reference' (columns of other names are guessed as there); a right response or program may "
        "be given in 'right', 'solution' or 'code' (default: built-in rows)",
    )
    parser.add_argument("--reference", default="", metavar="COLUMN", help="the answer, or a reference with a type")
    parser.add_argument("--prompt", default="", metavar="COLUMN", help="a text or messages")
    parser.add_argument(
        "--reward",
        action=OneReward,
        metavar="NAME",
        help="a reward, one in a file (./my_rewards.py:concise), or a composition: '{gate: format, then: math}'",
    )
    _add_attack(parser.add_argument_group("attack"))
    _add_output(parser.add_argument_group("output"))
    _add_grading(parser.add_argument_group("grading"))
    parser.set_defaults(run=run)


def _add_attack(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--seed", type=int, default=0, metavar="N", help="seed of all random choices (default: 0)")
    group.add_argument("--rows", type=positive, default=ROWS, metavar="N", help="rows attacked (default: %(default)s)")
    group.add_argument(
        "--search",
        type=not_negative,
        default=SEARCH,
        metavar="N",
        help="responses that the search tries for each kind of answer (default: %(default)s)",
    )
    group.add_argument(
        "--form",
        action="append",
        default=[],
        metavar="TEXT",
        help="a form in which the reward expects an answer, such as '<result>{answer}</result>'; repeatable",
    )
    group.add_argument("--family", action="append", default=[], metavar="NAME", help="only this family; repeatable")
    group.add_argument(
        "--term", action="store_true", help="the reward is a term of a composition: it has no answer to know"
    )
    group.add_argument(
        "--noisy",
        action="store_true",
        help="the reward is random on purpose (a judge that samples): a changed score is not a fault",
    )
    group.add_argument("--list", action="store_true", help="print the families of attacks and stop")


def _add_output(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--out", type=Path, metavar="FILE", help="write the report as JSON")
    group.add_argument(
        "--exploits", type=Path, metavar="FILE", help="write rows that reproduce each exploit with `rlvr grade`"
    )
    group.add_argument("--quiet", action="store_true", help="show no progress on standard error")


def _add_grading(group: argparse._ArgumentGroup) -> None:
    add_pool_options(group)
    group.add_argument(
        "--allow-weak",
        action="store_true",
        help="let the reward `code` run programs without isolation if none is available",
    )


def run(options: argparse.Namespace) -> int:
    """Audit and report. Returns 0, or 4 if an exploit was found."""
    from rewards.audit.errors import AuditImpossible
    from rewards.audit.families import families
    from rewards.audit.options import AuditOptions
    from rewards.audit.run import audit
    from rewards.untyped_references import untyped_as
    from rlvr.offline.columns import Columns

    if options.list:
        for family in families().values():
            print(f"{family.name:<24} {family.about} ({', '.join(sorted(family.kinds))})")
        return 0
    if options.reward is None:
        raise AuditImpossible("name the reward to attack: rlvr audit --reward NAME, or --list for the attacks")
    spec = reward_spec(options.reward)
    if options.allow_weak:
        spec = allowing_weak(spec)
    chosen = AuditOptions(
        seed=options.seed,
        rows=options.rows,
        search=options.search,
        forms=tuple(options.form),
        families=tuple(options.family),
        term=options.term,
        noisy=options.noisy,
        workers=options.workers,
        deadline=options.deadline,
    )
    written = {"--out": options.out, "--exploits": options.exploits}
    written = {option: path for option, path in written.items() if path is not None}
    for option, path in written.items():
        check_report(option, path, example="audit.json")
    refuse_overwriting(written, [] if options.file is None else [options.file])
    progress = (lambda _line: None) if options.quiet else _say
    given = Columns(reference=options.reference, prompt=options.prompt)
    rows = [] if options.file is None else read_rows(options.file, given, untyped_as(spec), progress)
    report = audit(spec, rows, chosen, progress=progress)
    try:  # a closed pipe or a full disk must not prevent the other report
        _write(options.out, options.exploits, report)
    finally:
        for line in report.lines():
            print(line)
    return EXPLOITED if report.exploited else 0


def read_rows(file: str, given: Columns, kind: str, progress: Callable[[str], None]) -> list[AuditRow]:
    """Read the rows of a file. Malformed rows and guessed columns are reported.

    kind: the type of a bare reference. Raises DataNotFound, BadFile (also if no row is left), ConfigError (a named
    column does not exist).
    """
    from rewards.audit.golds import SOLUTION_COLUMNS, AuditRow
    from rewards.untyped_references import reference_of
    from rlvr.offline.columns import guess
    from rlvr.offline.first_look import misnamed
    from rlvr.offline.sources import find_sources

    def complain(error: BadRow) -> None:
        _say(str(error))

    sources = find_sources([file])
    rows = (row for source in sources for row in _readable(source.rows(), complain))
    first = list(itertools.islice(rows, _LOOKED_AT))
    fields_of_first = [row.fields for row in first]
    if missing := misnamed(sources, fields_of_first, given, streamed=any(source.waits for source in sources)):
        progress(missing)
    columns = guess(fields_of_first, given)
    if columns.reference in SOLUTION_COLUMNS and not given.reference:  # a solution, not an answer
        columns = replace(columns, reference="")
    columns = replace(columns, response="", tags=())
    if described := columns.describe():
        progress(f"columns: {described}")
    read: list[AuditRow] = []
    for row in itertools.islice(itertools.chain(first, rows), _MOST_READ):
        try:
            place = f"{row.file}, line {row.line}" if len(sources) > 1 else row.line
            fields = _without_response(columns.read(row.fields), place)
            read.append(AuditRow.from_dict({**fields, "reference": reference_of(fields.get("reference"), kind)}))
        except InvalidRow as error:
            complain(row.blame(BadRow(str(error))))
        except BadRow as error:
            complain(row.blame(error))
    if not read:
        raise BadFile(f"{file}: no row can be attacked; a row holds 'prompt' and 'reference', as for `rlvr grade`")
    return read


def _readable(rows: Iterable[Row | BadRow], complain: Callable[[BadRow], None]) -> Iterator[Row]:
    for row in rows:
        if isinstance(row, BadRow):
            complain(row)
        else:
            yield row


def _without_response(fields: Mapping[str, object], place: str | int) -> dict[str, object]:
    """The columns without the response; a row without an id gets its position as id."""
    kept = {name: value for name, value in fields.items() if name not in ("response", "responses", "finish")}
    return {**kept, "id": place if fields.get("id") is None else fields["id"]}


def _say(line: str) -> None:
    from rlvr.offline.progress import say

    say(line, title="rlvr audit: ")


def _write(out: Path | None, exploits: Path | None, report: AuditReport) -> None:
    if out is not None:
        _whole(out, [json.dumps(report.to_dict(), ensure_ascii=True, indent=2)])
    if exploits is not None:
        _whole(exploits, (json.dumps(row, ensure_ascii=True) for row in report.reproduce()))


def _whole(path: Path, lines: Iterable[str]) -> None:
    """Write a file atomically. Raises BadFile."""
    with replacing(path) as partial, partial.open("w", encoding="utf-8") as stream:
        stream.writelines(f"{line}\n" for line in lines)
