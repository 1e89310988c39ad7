"""Attack a reward before a model does: try to be paid without the answer, and say what was paid.

    from rewards.audit import AuditOptions, audit

    report = audit("math", options=AuditOptions(seed=1))
    print("\\n".join(report.lines()))
    assert not report.exploited

docs/guides/audit.md says how an attempt is judged, and which families of attacks there are.
"""

from rewards.audit.errors import AuditImpossible
from rewards.audit.golds import AuditRow
from rewards.audit.options import AuditOptions
from rewards.audit.report import AuditReport, Fault, Finding
from rewards.audit.run import audit

__all__ = ["AuditImpossible", "AuditOptions", "AuditReport", "AuditRow", "Fault", "Finding", "audit"]
