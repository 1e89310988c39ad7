"""Runs a reference's `check(stdin, stdout, expected)` on one output. It is started where no program has been.

In its folder: `checker.py`, and the three texts. Exit status: `ACCEPTED`, `REFUSED`, or `RAISED` where the checker did.
"""

from __future__ import annotations

import os
import sys

CHECKER = "checker.py"
TEXTS = ("stdin", "stdout", "expected")
ACCEPTED, REFUSED, RAISED = 40, 41, 42


def _text(name: str) -> str:
    with open(name, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()


def main() -> int:
    """The status to exit with."""
    texts = [_text(name) for name in TEXTS]
    try:
        namespace: dict[str, object] = {"__name__": "checker", "__builtins__": __builtins__}
        exec(compile(_text(CHECKER), CHECKER, "exec"), namespace)
        accepted = namespace["check"](*texts)  # type: ignore[operator]  # whatever it is, its failing is reported
        return ACCEPTED if accepted else REFUSED
    except BaseException as error:
        print(f"{type(error).__name__}: {error}"[:1000], file=sys.stderr)
        return RAISED


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    os._exit(status)
