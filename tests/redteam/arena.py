"""What a payload is tried on: a task with its right program, and the references of the styles that ask for it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from rewards.code.styles.plain_tests import plain_asserts, plain_check

STYLES = ("stdio", "function", "asserts", "check", "pytest")


_IN_A_CHECKER = "is not None"  # an assertion on what is no call is judged there, and so are those beside it


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """A task. solution: the right program. tests: sources of one line (several statements are joined by `;`).

    calls: argument lists for the styles that compare data; empty = those styles do not fit. compare: how those do it.
    file: a whole pytest file instead of the tests. beside: further files of pytest.
    """

    name: str
    solution: str
    tests: tuple[str, ...] = ()
    imports: str = ""
    calls: tuple[tuple[object, ...], ...] = ()
    stdio: bool = False
    styles: tuple[str, ...] = ("asserts", "check", "pytest")
    file: str = ""
    beside: Mapping[str, str] | None = None
    compare: Mapping[str, object] | None = None

    def program(self, style: str) -> str:
        """The right program in a style."""
        if style != "stdio":
            return self.solution
        read = "import sys, ast\ndef read(word):\n    try:\n        return ast.literal_eval(word)\n"
        read += "    except (ValueError, SyntaxError):\n        return word\n"
        return f"{self.solution}\n{read}\nprint(solve(*map(read, sys.stdin.read().split())))\n"

    def answers(self) -> list[object]:
        """What the right program returns for `calls`."""
        names: dict[str, object] = {}
        exec(self.solution, names)  # our own source
        solve = names["solve"]
        assert callable(solve)
        return [solve(*args) for args in self.calls]

    def reference(self, style: str) -> dict[str, object] | None:
        """The reference of a row; None where the style does not fit. Assertions stand so that a checker runs them."""
        if style == "stdio":
            if not self.stdio:
                return None
            pairs = zip(self.calls, self.answers(), strict=True)
            cases = [{"stdin": " ".join(map(str, args)) + "\n", "stdout": f"{answer}\n"} for args, answer in pairs]
            return {"type": "stdio", "cases": cases} | ({"compare": self.compare} if self.compare else {})
        if style == "function":
            if not self.calls:
                return None
            pairs = zip(self.calls, self.answers(), strict=True)
            cases = [{"args": list(args), "expected": json.loads(json.dumps(answer))} for args, answer in pairs]
            reference: dict[str, object] = {"type": "function", "entry_point": "solve", "cases": cases}
            compares = self.compare and "checker" not in self.compare
            return reference | ({"compare": self.compare} if compares else {})
        if style not in self.styles:
            return None
        if style == "asserts":
            return {"type": "asserts", "setup": self.imports, "asserts": list(self._in_a_checker("solve"))}
        if style == "check":
            lines = "\n".join(self._in_a_checker("candidate")).replace("solve(", "candidate(")
            test = f"{self.imports}\ndef check(candidate):\n{textwrap.indent(lines, '    ')}\n"
            prompt = 'def solve(*args):\n    """The task is told elsewhere."""\n'
            return {"type": "check", "prompt": prompt, "entry_point": "solve", "test": test}
        text = self.file or "\n".join(
            [
                self.imports,
                "from solution import solve",
                *(f"\ndef test_{k}():\n    {t}" for k, t in enumerate(self.tests)),
            ]
        )
        return {"type": "pytest", "files": {"test_solution.py": text + "\n", **(self.beside or {})}}

    def _in_a_checker(self, name: str) -> tuple[str, ...]:
        is_plain = plain_asserts(self.imports, self.tests) is not None
        return (*self.tests, f"assert {name} {_IN_A_CHECKER}") if is_plain else self.tests

    def plain_reference(self, style: str) -> dict[str, object] | None:
        """The same without a checker; None where the style has none, or the tests are not plain enough."""
        reference = self.reference(style)
        if reference is None or style not in ("asserts", "check"):
            return None
        if style == "asserts":
            is_plain = plain_asserts(self.imports, self.tests) is not None
            return {**reference, "asserts": list(self.tests)} if is_plain else None
        test = str(reference["test"]).replace(f"    assert candidate {_IN_A_CHECKER}\n", "")
        return {**reference, "test": test} if plain_check("solve", test) is not None else None
