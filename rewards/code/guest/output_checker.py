"""Runs a reference's `check(stdin, stdout, expected)` on one output. It is started where no program has been.

In its folder: `checker.py`, and the three texts. Exit status: `ACCEPTED`, `REFUSED`, or `RAISED` where the checker did.
"""

from __future__ import annotations

import os
import re
import sys
from typing import Any

CHECKER = "checker.py"
TEXTS = ("stdin", "stdout", "expected")
ACCEPTED, REFUSED, RAISED = 40, 41, 42


_EVALUATES = re.compile(r"\b(?:eval|exec|compile)\b")


class _Refusals:
    """Stands where the link does in a test of the other styles."""

    reason = ""

    def refuse(self, reason: str) -> None:
        self.reason = self.reason or reason


def _guard(refusals: Any, source: str, *own: str) -> None:
    """Output that the checker evaluates may only compute; what the reference itself holds runs as it is."""
    from . import context, evaluation, proxies

    proxies.connect(refusals)
    context.add_source(CHECKER, source)
    evaluation.OWN.extend(own)
    evaluation.guard(source.encode("utf-8", "surrogatepass"))


def _text(name: str) -> str:
    with open(name, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()


def main() -> int:
    """The status to exit with."""
    texts = [_text(name) for name in TEXTS]
    refusals = _Refusals()
    source = _text(CHECKER)
    if _EVALUATES.search(source):
        _guard(refusals, source, texts[0], texts[2])
    try:
        namespace: dict[str, object] = {"__name__": "checker", "__builtins__": __builtins__}
        exec(compile(source, CHECKER, "exec"), namespace)
        accepted = namespace["check"](*texts)  # type: ignore[operator]  # whatever it is, its failing is reported
        return ACCEPTED if accepted and not refusals.reason else REFUSED
    except BaseException as error:
        if refusals.reason:
            return REFUSED
        print(f"{type(error).__name__}: {error}"[:1000], file=sys.stderr)
        return RAISED


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)
