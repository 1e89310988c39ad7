"""`rlvr grade FILE... --reward NAME`: grade responses in files or from standard input.

Needs no torch. Exit status: 0 every response is graded, 1 an error with a message (no such reward or file, no workers),
3 some rows are malformed or some responses could not be judged, 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from data_prep.errors import BadFile
from rewards.pluralize import pluralize
from rewards.registry import names
from rewards.spec import RewardSpec
from rewards.types import Json
from rlvr.commands.argument_types import OneReward, add_pool_options
from rlvr.commands.report_files import check_report, refuse_overwriting
from rlvr.errors import ConfigError
from rlvr.yaml_text import NotYaml, read_yaml

if TYPE_CHECKING:
    from rlvr.offline.job import GradeJob

INCOMPLETE = 3
STREAM = "-"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `grade`."""
    parser = commands.add_parser(
        "grade",
        help="grade the responses in files, or on standard input, with a reward",
        description="Grade responses with a reward, in worker processes that cannot hang. A row is an object with "
        "'response' (or 'responses': one graded row for each), 'reference' (an object with a 'type', or a bare answer) "
        "and optionally 'id', 'prompt' and 'finish'; columns of other names are guessed and shown, or named by the "
        "options below. A graded row holds the columns that came in, then sample, score, correctness, verdict, "
        "extracted, reason, parts, seconds and reward (name and version). A summary is printed on standard error.",
        epilog="The same command resumes a run that was killed or interrupted, without grading anything "
        "twice. Exit status: 0 all graded, 1 a mistake (no such file or reward), 3 some rows are bad or ungraded, 130 "
        "interrupted. Bad rows are reported with their line and reason on standard error and in OUT.errors.jsonl.",
    )
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="JSONL (plain, .gz, .zst) or Parquet; a folder of them; a data set of the Hugging Face hub (owner/name); "
        "- = JSONL on standard input",
    )
    parser.add_argument(
        "--reward",
        action=OneReward,
        required=True,
        metavar="NAME",
        help=f"a reward ({', '.join(names())}), one in a file (./my_rewards.py:concise), or a composition as YAML: "
        "'{gate: format, then: math}', '{reward: math, parameters: {policy: strict}}'",
    )
    parser.add_argument(
        "--out",
        default=STREAM,
        metavar="OUT",
        help="where graded rows go: FILE.jsonl, or NAME.parquet, a folder of parts; grows as OUT.partial and is "
        "renamed when complete (default: standard output, each row as soon as it and all rows before it are graded)",
    )
    parser.add_argument("--summary", metavar="FILE", help="also write the summary as JSON")
    _add_columns(parser.add_argument_group("columns", "names, or paths into objects such as reward_model.ground_truth"))
    _add_choice(parser.add_argument_group("which rows"))
    _add_running(parser.add_argument_group("running"))
    parser.set_defaults(run=run)


def _add_columns(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--response", default="", metavar="COLUMN", help="a text or a chat, or a list of these")
    group.add_argument("--chat", default="", metavar="COLUMN", help="messages, the last of which is the response")
    group.add_argument("--reference", default="", metavar="COLUMN", help="the answer, or a reference with a type")
    group.add_argument("--prompt", default="", metavar="COLUMN", help="a text or messages")
    group.add_argument("--id", default="", metavar="COLUMN", help="which problem it is")
    group.add_argument("--finish", default="", metavar="COLUMN", help="how generation ended: stop, or length (cut off)")
    group.add_argument(
        "--group",
        default="",
        metavar="COLUMN",
        help="a value that the samples of one problem share (default: id, prompt and reference)",
    )
    group.add_argument(
        "--by",
        action="append",
        default=[],
        metavar="COLUMN",
        help="also summarise by the values of this column; repeatable",
    )


def _add_choice(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--limit", type=int, metavar="N", help="the first N rows")
    group.add_argument(
        "--sample",
        type=float,
        metavar="N",
        help="N random rows, or a share of them such as 0.01; the same for the same seed",
    )
    group.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the sample (default: %(default)s)")
    group.add_argument("--subset", metavar="NAME", help="the subset (configuration) of a data set of the hub")
    group.add_argument("--split", metavar="NAME", help="the split of a data set of the hub")


def _add_running(group: argparse._ArgumentGroup) -> None:
    add_pool_options(group)
    group.add_argument("--timeout", dest="deadline", type=float, help=argparse.SUPPRESS)  # the former name
    group.add_argument("--unordered", action="store_true", help="write each row as soon as it is graded")
    group.add_argument("--cache", metavar="DIR", help="store grades by content in a folder, and reuse them")
    group.add_argument(
        "--keep-graded",
        action="store_true",
        help="resume although the reward's files, its version or --deadline have changed: existing grades are kept, "
        "and the summary says what changed for how many responses",
    )
    group.add_argument("--restart", action="store_true", help="start over, even if an unfinished run could be resumed")
    group.add_argument(
        "--progress",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="show rate and time left (default: on a terminal)",
    )
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="look at data, columns, reward and workers, show what would be done, write nothing",
    )
    group.add_argument(
        "--ray",
        nargs="?",
        const="",
        metavar="ADDRESS",
        help="grade on a Ray cluster (auto: the one this machine is in; without an address: one that is started here)",
    )
    group.add_argument(
        "--allow-weak",
        action="store_true",
        help="let the reward `code` run programs without isolation where this machine has none: they can read your "
        "files and reach the network; each graded row says so",
    )


def run(options: argparse.Namespace) -> int:
    """Grade. Returns 0, 3 if some rows are bad or ungraded, or 130 after Ctrl-C."""
    from rlvr.offline.columns import Columns
    from rlvr.offline.job import GradeJob, dry_run, grade_files
    from rlvr.offline.progress import say

    if not options.out.strip():
        raise ConfigError(f"--out is {options.out!r}; name a file, or - for standard output")
    spec = reward_spec(options.reward)
    job = GradeJob(
        files=tuple(options.files),
        reward=allowing_weak(spec) if options.allow_weak else spec,
        out=None if options.out == STREAM else Path(options.out),
        columns=Columns(
            response=options.response,
            chat=options.chat,
            reference=options.reference,
            prompt=options.prompt,
            id=options.id,
            finish=options.finish,
            group=options.group,
            tags=tuple(options.by),
        ),
        subset=options.subset,
        split=options.split,
        workers=options.workers,
        deadline=options.deadline,
        limit=options.limit,
        sample=options.sample,
        seed=options.seed,
        ordered=not options.unordered,
        restart=options.restart,
        keep_graded=options.keep_graded,
        cache=None if options.cache is None else Path(options.cache),
        progress=options.progress,
        ray=options.ray,
    )
    if options.summary is not None:
        _check_summary(Path(options.summary), job)
    if options.dry_run:
        for line in dry_run(job):
            print(line)
        return 0
    ended = grade_files(job)
    if ended.summary is None:
        return 128 + ended.signal
    bad = f"; {pluralize(ended.summary.bad, 'bad row')}" if ended.summary.bad else ""
    where = f", see {job.out}.errors.jsonl" if bad and job.out is not None else ""
    for line in (f"{ended.summary.headline()}{bad}{where}", *ended.summary.lines()):
        say(line, title="")
    if options.summary is not None:
        _write_summary(Path(options.summary), ended.summary.to_dict())
    return INCOMPLETE if ended.summary.incomplete else 0


def _check_summary(path: Path, job: GradeJob) -> None:
    """Check early that the summary can be written. Raises ConfigError, BadFile."""
    check_report("--summary", path, example="summary.json")
    refuse_overwriting({"--summary": path}, [*job.files, *([job.out] if job.out is not None else [])])


def _write_summary(path: Path, summary: Mapping[str, Json]) -> None:
    from data_prep.writing import replacing

    text = json.dumps(summary, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    try:
        with replacing(path) as partial:
            partial.write_text(text, encoding="utf-8", errors="backslashreplace")  # lone surrogates as JSON escapes
    except OSError as error:
        raise BadFile(f"the rows are graded, but --summary {str(path)!r} cannot be written: {error}") from error


def reward_spec(text: str) -> RewardSpec:
    """Parse the option `--reward`: a name, or a composition as YAML. Raises ConfigError, InvalidReward."""
    if not text.lstrip().startswith("{"):
        return RewardSpec.from_dict(text)
    try:
        return RewardSpec.from_dict(read_yaml(text))
    except NotYaml as error:
        raise ConfigError(f"--reward {text!r} is not YAML: {error}; such as '{{gate: format, then: math}}'") from error


def allowing_weak(spec: RewardSpec) -> RewardSpec:
    """The reward with `allow_weak` set for each `code` in it. Raises ConfigError if there is none."""
    if all(leaf.named.reward != "code" for leaf in spec.leaves()):
        raise ConfigError("--allow-weak concerns the reward 'code', and the one that is named holds none; leave it out")

    def allowed(value: Json) -> Json:
        if isinstance(value, Mapping):
            inner = {key: allowed(item) for key, item in value.items()}
            if inner.get("reward") != "code":
                return inner
            given = inner.get("parameters")
            return {**inner, "parameters": {**(given if isinstance(given, Mapping) else {}), "allow_weak": True}}
        return [allowed(item) for item in value] if isinstance(value, list) else value

    return RewardSpec.from_dict(allowed(spec.to_dict()))
