"""The report of a validation, as text, JSON or one HTML page."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from data_prep.validation.findings import CHECKS, Finding
from rewards.pluralize import pluralize
from rewards.types import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of `validate`.

    rows: rows read, including malformed ones. graded: responses graded. form: of responses with answers; empty = none.
    counts, examples: findings by check. kept: rows without an error. golds: the most frequent ones, with their counts.
    notes: about the set as a whole. seconds: wall time.
    """

    data: str
    reward: str
    rows: int
    graded: int
    form: str
    counts: Mapping[str, int]
    examples: Mapping[str, Sequence[Finding]]
    kept: int
    golds: Sequence[tuple[str, int]]
    notes: Sequence[str]
    seconds: float

    @property
    def is_fit(self) -> bool:
        """Whether no row has an error."""
        return self.kept == self.rows

    def to_dict(self) -> dict[str, Json]:
        return {
            "data": self.data,
            "reward": self.reward,
            "rows": self.rows,
            "kept": self.kept,
            "graded": self.graded,
            "form": self.form,
            "findings": {
                name: {
                    "severity": CHECKS[name].severity,
                    "count": self.counts[name],
                    "examples": [finding.to_dict() for finding in self.examples[name]],
                }
                for name in self._found()
            },
            "golds": [[gold, count] for gold, count in self.golds],
            "notes": list(self.notes),
            "seconds": round(self.seconds, 3),
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n"

    def describe(self) -> str:
        """The report as text: each kind of finding with its count and first rows, errors first."""
        lines = [
            f"{self.data}: {pluralize(self.rows, 'row')}, "
            f"{pluralize(self.graded, 'response')} graded with {self.reward}"
        ]
        if self.form:
            lines[0] += f", answers written as {self.form}"
        for name in self._found():
            check = CHECKS[name]
            lines.append(f"{check.severity:7}  {self.counts[name]:6}  {check.title}  [{name}]")
            shown = self.examples[name]
            lines += [f"                   {one.place} ({one.id}): {one.reason}" for one in shown]
            if self.counts[name] > len(shown):
                lines.append(f"                   and {self.counts[name] - len(shown)} more")
        lines += [f"note             {note}" for note in self.notes]
        verdict = "fit to train on" if self.is_fit else f"{self.rows - self.kept} of {self.rows} rows are not fit"
        return "\n".join([*lines, f"{verdict} ({self.seconds:.1f} s)"])

    def to_html(self) -> str:
        """The report as a self-contained HTML page."""
        return _PAGE.format(title=html.escape(self.data), body="\n".join(self._blocks()))

    def _found(self) -> list[str]:
        return sorted((name for name in CHECKS if self.counts.get(name)), key=lambda name: CHECKS[name].severity)

    def _blocks(self) -> Iterator[str]:
        escape = html.escape
        verdict = "Fit to train on." if self.is_fit else f"{self.rows - self.kept} of {self.rows} rows are not fit."
        yield f"<h1>{escape(self.data)}</h1><p class={'good' if self.is_fit else 'bad'}>{verdict}</p>"
        form = f", answers written as <code>{escape(self.form)}</code>" if self.form else ""
        yield f"<p>{pluralize(self.graded, 'response')} graded with <code>{escape(self.reward)}</code>{form}.</p>"
        for name in self._found():
            check = CHECKS[name]
            heading = f"{escape(check.title)}: {self.counts[name]} <small>{name}</small>"
            yield f"<h2 class={check.severity}>{heading}</h2><table>"
            for one in self.examples[name]:
                yield f"<tr><td>{escape(one.place)}</td><td>{escape(one.id)}</td><td>{escape(one.reason)}</td></tr>"
            yield "</table>"
        if self.golds:
            yield "<h2>Most common golds</h2><table>"
            for gold, count in self.golds:
                yield f"<tr><td>{count}</td><td>{count / max(1, self.rows):.1%}</td><td>{escape(gold)}</td></tr>"
            yield "</table>"
        yield "".join(f"<p>{escape(note)}</p>" for note in self.notes)


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
table {{ border-collapse: collapse; margin: .5rem 0 1.5rem; }}
td {{ border-top: 1px solid #ddd; padding: .2rem .8rem .2rem 0; vertical-align: top; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.05rem; }} h2.error, .bad {{ color: #b00020; }} h2.warning {{ color: #8a6d00; }}
.good {{ color: #1b7a2f; }} small {{ color: #888; font-weight: normal; }}
</style>
<body>
{body}
</body></html>
"""
