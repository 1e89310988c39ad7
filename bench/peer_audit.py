r"""What `rlvr audit` finds in the rewards of other projects, and in ours on the same rows with the same seed.

    sorts of attack, REWARD     how many families of attacks are paid (lower is better); ours is `math` with the strict
                                policy, `exact` or `code` on rows of the same kind; the ratio is of the numbers plus one
    exploits, REWARD            how many responses are paid

The lines of the table in docs/audit_findings.md are printed on standard error. Only installed packages are attacked:

    pip install 'rlvr[bench]' && pip install --no-deps verl openrlhf pylatexenc
    python bench/peer_audit.py [--quick] [--json FILE]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping

from shared.harness import Row, main
from shared.peer_rewards import PEERS

from rewards.audit import AuditImpossible, AuditOptions, AuditReport, audit
from rewards.audit.probes import PROBES
from rewards.types import Json

OURS: dict[str, tuple[str, Mapping[str, Json]]] = {
    "math": ("rlvr: math, strict", {"reward": "math", "parameters": {"policy": "strict"}}),
    "text": ("rlvr: exact", {"reward": "exact"}),
    "stdio": ("rlvr: code", {"reward": "code"}),
    "function": ("rlvr: code, functions", {"reward": "code"}),
}
QUICK = ("verl: gsm8k", "verl: math_reward", "verl: search_r1_like_qa_em")


def attacked(spec: Mapping[str, Json], kind: str, *, quick: bool) -> AuditReport:
    options = AuditOptions(rows=1 if quick else 2, search=60 if quick else 200, deadline=6.0)
    return audit(spec, PROBES[kind], options)


def paid(report: AuditReport) -> tuple[int, int]:
    """The number of families and of responses that were paid."""
    found = [count for count in report.families if count.exploits]
    return len(found), sum(count.exploits for count in found)


def described(name: str, report: AuditReport) -> str:
    """The line of the table for one reward."""
    sorts, exploits = paid(report)
    attempts = sum(count.attempts for count in report.families)
    best = sorted(
        {f.family: f for f in sorted(report.findings, key=lambda f: -len(f.response))}.values(), key=lambda f: f.family
    )
    shown = "; ".join(f"{f.family}: `{f.response[-60:]}`" for f in best[:3]).replace("|", "\\|").replace("\n", "⏎")
    return f"| {name} | {attempts:,} | {exploits} | {sorts} | {shown or 'nothing'} |"


def measure(quick: bool) -> Iterator[Row]:
    ours: dict[str, AuditReport] = {}
    for name, (kind, spec) in PEERS.items():
        if not spec or (quick and name not in QUICK):
            continue
        if kind not in ours:
            ours[kind] = attacked(OURS[kind][1], kind, quick=quick)
            print(described(OURS[kind][0], ours[kind]), file=sys.stderr, flush=True)
        try:
            theirs = attacked(spec, kind, quick=quick)
        except AuditImpossible as error:
            print(f"{name}: {error}", file=sys.stderr, flush=True)
            continue
        print(described(name, theirs), file=sys.stderr, flush=True)
        for what, at in (("sorts of attack", 0), ("exploits", 1)):
            mine, peer = paid(ours[kind])[at], paid(theirs)[at]
            yield Row(
                name=f"{what}, {name}",
                ours=mine,
                peers={name: peer},
                unit="paid",
                better="lower",
                ratio=(peer + 1) / (mine + 1),
            )


if __name__ == "__main__":
    # The graders start as processes of their own, which must find the peers where this one does.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), os.path.dirname(__file__)]))
    main(__doc__, measure)
