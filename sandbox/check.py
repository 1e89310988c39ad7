"""`rlvr sandbox check`: attack each backend of this machine (`attacks.py`), and report what holds and what to do."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from sandbox.attacks import Finding, attack
from sandbox.backends import open_sandbox
from sandbox.errors import InvalidSandbox, SandboxError
from sandbox.machine import advice
from sandbox.protocol import Sandbox
from sandbox.types import Job


@dataclass(frozen=True, slots=True)
class Report:
    """Report on one backend. missing: why it does not run here; "" = it runs."""

    backend: str
    user: str
    missing: str = ""
    isolation: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether it runs programs and no attack succeeded."""
        return not self.missing and bool(self.findings) and not any(f.broken for f in self.findings)


async def check_all(
    *,
    backends: Sequence[str] = (),
    urls: Sequence[str] = (),
    image: str,
    runtime: str = "",
    allow_weak: bool = False,
) -> list[Report]:
    """Attack each available backend, and report why others are not. As root, test namespaces also as a plain user."""
    names = list(backends) or ["namespaces", "docker", *(["remote"] if urls else []), *(["weak"] if allow_weak else [])]
    user = "root" if os.geteuid() == 0 else f"user {os.geteuid()}"
    reports = []
    for name in names:

        async def opened(name: str = name) -> Sandbox:
            return await open_sandbox(name, slots=2, urls=urls, image=image, runtime=runtime, allow_weak=name == "weak")

        reports.append(await _report(name, user, opened, near=name != "remote"))
        if name == "namespaces" and os.geteuid() == 0:
            reports.append(await _report(name, "a user namespace", _unprivileged))
    return reports


async def _unprivileged() -> Sandbox:
    from sandbox.namespaces import NamespaceSandbox

    return NamespaceSandbox(slots=2, privileged=False)


async def _report(name: str, user: str, opened: Callable[[], Awaitable[Sandbox]], *, near: bool = True) -> Report:
    try:
        sandbox = await opened()
    except InvalidSandbox:
        raise
    except SandboxError as error:  # the cause alone: the advice is printed once, below
        return Report(name, user, missing=str(error.__cause__ if isinstance(error.__cause__, SandboxError) else error))
    try:
        result = await sandbox.run(Job(argv=("python", "-c", "pass")))
        return Report(name, user, isolation=result.isolation, findings=await attack(sandbox, near=near))
    except SandboxError as error:
        return Report(name, user, missing=str(error))
    finally:
        await sandbox.close()


def describe(reports: Sequence[Report]) -> str:
    """Format the reports for people."""
    lines, hint = [], advice()
    for report in reports:
        title = f"{report.backend} (as {report.user})"
        if report.missing:
            lines.append(f"{title}: not here: {report.missing.removesuffix(hint).removesuffix('. ')}")
            continue
        broken = [finding for finding in report.findings if finding.broken]
        verdict = "holds" if report.holds else f"{len(broken)} of {len(report.findings)} attacks succeed"
        lines.append(f"{title}: {verdict} [{report.isolation}]")
        lines += [
            f"  {'BROKEN' if finding.broken else 'HOLDS '}  {finding.attack:<30} {finding.broken}".rstrip()
            for finding in report.findings
        ]
    if any(report.holds for report in reports):
        best = next(report.backend for report in reports if report.holds)
        lines.append(f"programs can be graded here: backend {best}")
    else:
        tried = dict.fromkeys(report.backend for report in reports)
        lines.append(f"nothing isolates programs here (tried: {', '.join(tried)})")
    if any(report.missing and report.backend == "namespaces" for report in reports):
        lines.append(f"For namespaces: {hint}")
    if not any(report.holds for report in reports):
        lines.append("To grade without isolation all the same, say --allow-weak: each result will say so.")
    return "\n".join(lines)
