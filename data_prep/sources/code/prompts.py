"""Text for prompts of programming problems: the request for a fenced block, and signatures of what tests call.

Example:
    >>> signatures("def area(a, b=1):\\n    return a * b\\n", called={"area"})
    ['area(a, b=1)']
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Set

FENCED = (
    "Think as long as you need, then give the complete program, with all imports, in one fenced code block that opens "
    "with ```python; the last block is what is run."
)
STREAMS = "It reads standard input and writes standard output."


def question(*parts: str) -> str:
    """Join the parts as paragraphs, followed by the request for a fenced block."""
    return "\n\n".join([part.strip("\n") for part in parts if part.strip()] + [FENCED])


def block(source: str) -> str:
    """The source in a Markdown fence."""
    return "```python\n" + source.strip("\n") + "\n```"


def parsed(source: str) -> list[ast.stmt]:
    """The statements of a source, parsed without warnings (for example about escapes). Raises SyntaxError."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source).body


def called_names(tests: Iterable[str]) -> set[str]:
    """The simple names that tests call."""
    found: set[str] = set()
    for test in tests:
        for statement in parsed(test):
            calls = (node for node in ast.walk(statement) if isinstance(node, ast.Call))
            found.update(call.func.id for call in calls if isinstance(call.func, ast.Name))
    return found


def signatures(source: str, called: Set[str]) -> list[str]:
    """The signatures of functions and classes that a source defines and tests call."""
    found = []
    for node in parsed(source):
        if isinstance(node, ast.FunctionDef) and node.name in called:
            found.append(f"{node.name}({ast.unparse(node.args)})")
        elif isinstance(node, ast.ClassDef) and node.name in called:
            found.append(f"class {node.name}")
    return found
