"""`audit`: attack a reward before a model does, and report what was paid.

1. Calibrate: what right and wrong answers earn, and in which forms (`rewards.audit.calibration`).
2. Attack: each family on each row, for golds that the audit chose (`rewards.audit.families`), then the search.
3. Noise: the same response again, right answers in other words, speed (`rewards.audit.noise`).
4. Confirm: grade what was paid again on fresh workers; only what is paid again is an exploit.

Example:
    from rewards.audit import AuditOptions, audit
    report = audit("./my_rewards.py:concise", rows, AuditOptions(seed=1))
    print("\\n".join(report.lines()), report.exploited)
"""

from __future__ import annotations

import secrets
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from random import Random

from rewards.audit.attack import Attack
from rewards.audit.attempts import Family
from rewards.audit.errors import AuditImpossible
from rewards.audit.families import families
from rewards.audit.forms import form_from
from rewards.audit.golds import AuditRow, Kind, Subject, subject_of
from rewards.audit.options import AuditOptions, Progress
from rewards.audit.probes import PROBES
from rewards.audit.report import AuditReport
from rewards.audit.trials import Bench
from rewards.audit.verdicts import Judge
from rewards.parameters import nearest
from rewards.pool import GraderPool
from rewards.spec import RewardSpec
from rewards.spec_properties import identity, reference_types, rewards_of
from rewards.types import NoReference
from sandbox.temporary import removed_at_the_end

_USUAL = AuditOptions()


def _silent(_line: str) -> None:
    """The default for `progress`: report nothing."""


def audit(
    reward: RewardSpec | str | Mapping[str, object],
    rows: Iterable[AuditRow] = (),
    options: AuditOptions = _USUAL,
    *,
    progress: Progress = _silent,
) -> AuditReport:
    """Attack a reward. Without rows, built-in rows of the types of reference that the reward judges are used.

    progress: called with a line of text for each step.

    Raises:
        UnknownReward, InvalidReward: there is no such reward, or its declaration or parameters are wrong.
        AuditImpossible: no row can be attacked; the message says why, and what to give.
        GradingUnavailable: no worker can be started.
    """
    spec = RewardSpec.from_dict(reward)
    chosen = chosen_families(options.families)
    for form in options.forms:
        form_from(form)  # a form without a placeholder is refused before any worker starts
    began = time.perf_counter()
    rows = list(rows)
    groups = _groups(spec, rows, options)
    with folder_of_traces() as folder:
        with _pool(spec, options) as pool:
            work = Attack(Judge(spec, folder), options, Bench(pool), chosen, progress)
            for kind, subjects in groups:
                work.on(kind, subjects)
            work.measure()
        if not work.calibrations:
            raise AuditImpossible(_nothing_to_attack(identity(spec), work.aside, given=bool(rows)))
        progress("confirming")
        with _pool(spec, options) if work.has_candidates else nullcontext() as fresh:
            report = work.report(Bench(fresh) if fresh is not None else None, began)
    # built-in rows that do not fit this reward are not reported
    return report if rows else replace(report, aside=())


def folder_of_traces() -> AbstractContextManager[Path]:
    """A folder for files that a response creates if it is run. Its path is part of responses, so it is not random: a
    reward might find an answer in its characters, and another audit with the same seed would then differ.
    """
    made = Path(tempfile.gettempdir(), "rlvr-audit-" + "".join(secrets.choice("-_") for _ in range(32)))
    return removed_at_the_end(made)


def chosen_families(names: Sequence[str]) -> list[Family]:
    """The families of these names, or all if none is named. Raises AuditImpossible."""
    known = families()
    for name in names:
        if name not in known:
            raise AuditImpossible(
                f"no family of attacks is called {name!r}{nearest(name, list(known))}; known: {', '.join(known)}"
            )
    return [known[name] for name in names] or list(known.values())


def _pool(spec: RewardSpec, options: AuditOptions) -> GraderPool:
    return GraderPool(spec, workers=options.workers, deadline=options.deadline)


def _nothing_to_attack(reward: str, aside: Sequence[str], *, given: bool) -> str:
    why = "; ".join(aside[:3])
    form = "give the form in which it wants an answer (--form '<result>{answer}</result>')"
    advice = (
        f"{form} or right responses in a column `right`; a reward that has no answer to know is audited as a term "
        "(--term)"
        if given
        else f"{form}, or rows of your data: rlvr audit FILE --reward ..."
    )
    return f"{reward} cannot be attacked, for no row shows what it pays a right answer ({why}): {advice}"


def _groups(spec: RewardSpec, rows: list[AuditRow], options: AuditOptions) -> list[tuple[Kind, list[Subject]]]:
    """The rows to attack, by the kind of answer they ask for; a seeded sample if there are more than wanted."""
    random = Random(options.seed)
    if not rows:
        rows = _probes(spec, term=options.term)
    elif len(rows) > options.rows:
        rows = [rows[i] for i in sorted(random.sample(range(len(rows)), options.rows))]
    groups: dict[tuple[Kind, str, str], list[Subject]] = defaultdict(list)
    for number, row in enumerate(rows, 1):
        subject = subject_of(row, random, term=options.term)
        subject = replace(subject, id=f"{number}: {subject.id}" if subject.id else str(number))
        style = row.request.reference.type if subject.kind is Kind.CODE else ""
        groups[subject.kind, style, subject.language].append(subject)
    return [(kind, subjects[: options.rows]) for (kind, _, _), subjects in groups.items()]


def _probes(spec: RewardSpec, *, term: bool) -> list[AuditRow]:
    """Built-in rows for a reward: of the types that its parts declare to judge, else of all types.

    None of them has an answer if all parts are rules of this package that need none.
    """
    if term:
        return list(PROBES["none"])
    declared = reference_types(spec)
    if types := [name for name in PROBES if name in declared]:
        return [row for name in types for row in PROBES[name]]
    rules = all(made.source.module.startswith("rewards.rules.") for made in rewards_of(spec).values())
    return [row for name, rows in PROBES.items() for row in rows if rules == (name == NoReference.type)]
