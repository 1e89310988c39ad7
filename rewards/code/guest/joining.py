"""In the candidate: a response to a prompt as a program. Done here, because compiling a response is its own risk.

A response that defines the entry point is a whole program; it runs behind the prompt, whose helpers it may use. Any
other continues the prompt, as it stands, or with an indent that was lost.
"""

from __future__ import annotations

import ast
import textwrap
import warnings


def compiles(source: str) -> ast.Module | None:
    """Its syntax tree, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "<response>", "exec", dont_inherit=True)
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None


def defines(tree: ast.Module, name: str) -> bool:
    """Whether a source binds the name at its top level."""
    return any(_binds(node, name) for node in tree.body)


def _binds(node: ast.stmt, name: str) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return node.name == name
    if isinstance(node, ast.Import | ast.ImportFrom):
        return any((alias.asname or alias.name) == name for alias in node.names)
    if isinstance(node, ast.If | ast.Try | ast.With):
        blocks = [getattr(node, part, []) for part in ("body", "orelse", "finalbody")]
        return any(_binds(inner, name) for block in blocks for inner in block)
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return any(isinstance(n, ast.Name) and n.id == name for target in targets for n in ast.walk(target))


def join(program: str, prompt: str, name: str) -> tuple[str, str]:
    """What runs first, if anything, and the program."""
    tree = compiles(program)
    if tree is not None and defines(tree, name):
        return (prompt if compiles(prompt) is not None else ""), program
    body = program.strip("\n")
    first, _, rest = body.partition("\n")
    start = prompt.rstrip(" \t\n") + "\n"
    attempts = (
        prompt + program,
        start + body,
        start + "    " + first.lstrip() + "\n" + rest,
        start + textwrap.indent(body, "    "),
    )
    for attempt in attempts:
        tree = compiles(attempt)
        if tree is not None and defines(tree, name):
            return "", attempt + "\n"
    return "", prompt + program
