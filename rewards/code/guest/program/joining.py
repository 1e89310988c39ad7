"""In the candidate: make a program of a prompt and a response. Done here, because compiling a response is risky.

A response that defines the entry point is a whole program. It runs after the prompt, whose helpers it may use. Another
response continues the prompt, either as it is, or reindented to the prompt's indentation.
"""

from __future__ import annotations

import os
import symtable
import textwrap
import warnings
from collections.abc import Mapping, Sequence
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast


CLASSES = ("class", "exception", "late exception")
EXTENDS = "__extends__"
"""Among the globals of a program: gives methods to the class of that name which the tests lend."""


def compiled(source: str, file: str) -> CodeType | None:
    """The code of a source, or None if it is no program."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compile(source, file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None


def defines(source: str, name: str) -> bool:
    """Whether a source that compiles binds the name at its top level."""
    table = symtable.symtable(source, "<response>", "exec")
    if name not in table.get_identifiers():
        return False
    symbol = table.lookup(name)
    return symbol.is_assigned() or symbol.is_imported()


def _indent_behind(prompt: str) -> str:
    """The indentation that continues a prompt: that of its last line, deeper if this line begins a block."""
    last = prompt.rstrip().rpartition("\n")[2]
    own = last[: len(last) - len(last.lstrip())]
    return own + "    " if last.endswith(":") or not own else own


def join(program: str, prompt: str, name: str, file: str) -> tuple[CodeType | None, str, CodeType | None]:
    """Returns the source that runs first, if any; the program's source; and its code, None if it does not compile."""
    code = compiled(program, file)
    if code is not None and defines(program, name):
        return compiled(prompt, "<prompt>"), program, code
    body = program.strip("\n")
    first, _, rest = body.partition("\n")
    start = prompt.rstrip(" \t\n") + "\n"
    indent = _indent_behind(start)
    attempts = (
        prompt + program,
        start + body,
        start + indent + first.lstrip() + "\n" + rest,
        start + textwrap.indent(textwrap.dedent(body), indent),
    )
    for attempt in attempts:
        code = compiled(attempt, file)
        if code is not None and defines(attempt, name):
            return None, attempt + "\n", code
    return None, prompt + program, None


def codes_of(module: ModuleType, options: dict[str, Any]) -> list[CodeType]:
    """The code objects to run: what comes before the program, then the program in `file`. With a `prompt`, the joined
    source is written back to the file. Raises what compiling raises.
    """
    name = str(module.__file__)
    source = os.open(name, os.O_RDONLY)  # `open` would cost each program three times as much
    raw = os.pread(source, os.lseek(source, 0, os.SEEK_END), 0)
    os.close(source)
    lent = {key: what[-1] for key, what in options.get("lent", {}).items() if what[0] in CLASSES}
    if "prompt" not in options:
        return _without(lent, {name: raw}) or [compile(raw, name, "exec", dont_inherit=True)]
    program = raw.decode("utf-8", "surrogatepass")
    before, text, code = join(program, options["prompt"], options["entry_point"].partition(".")[0], name)
    if text != program:
        with open(options["file"], "w", encoding="utf-8", errors="surrogatepass") as joined:
            joined.write(text)
    if codes := _without(lent, {name: text} if before is None else {"<prompt>": options["prompt"], name: text}):
        return codes
    return [*([] if before is None else [before]), code or compile(text, name, "exec", dont_inherit=True)]


def _without(lent: Mapping[str, Sequence[int]], sources: Mapping[str, str | bytes]) -> list[CodeType]:
    """The code objects of sources in which classes that the tests lend replace the program's definitions of the same
    classes; methods that the program adds are kept. None if there is no such definition, or the program needs its own:
    because it differs, is derived from, or is used for more than its public attributes.

    lent: by name, with the hashes of their definitions. sources: by file, the program last.
    """
    raws = [source if isinstance(source, bytes) else source.encode("utf-8", "replace") for source in sources.values()]
    if not any(b"class " + name.encode("utf-8", "replace") in raw for raw in raws for name in lent):
        return []
    import ast

    from ..shared import likeness

    try:
        trees = [ast.parse(source) for source in sources.values()]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    found = [n for tree in trees for n in tree.body if isinstance(n, ast.ClassDef) and n.name in lent]
    more = {id(node): likeness.added(node, lent[node.name]) for node in found}
    if not found or None in more.values():
        return []
    for tree in trees:
        tree.body = [_extension(node, more[id(node)]) if id(node) in more else node for node in tree.body]
    if _looks_behind(trees, found):
        return []
    return [compile(tree, file, "exec", dont_inherit=True) for file, tree in zip(sources, trees, strict=True)]


def _extension(definition: Any, methods: list[ast.stmt] | None) -> ast.stmt:
    """The replacement for a definition: nothing, or code that adds methods to the lent class."""
    import ast

    if not methods:
        return ast.copy_location(ast.Pass(), definition)
    mark = ast.copy_location(ast.Name(EXTENDS, ast.Load()), definition)
    made = ast.ClassDef(**{**dict(ast.iter_fields(definition)), "bases": [], "keywords": [], "body": methods})
    made.decorator_list = [mark]
    return ast.copy_location(made, definition)


def _looks_behind(trees: list[ast.Module], classes: list[ast.ClassDef]) -> bool:
    """Whether programs derive from one of these classes, or use private attributes of their objects."""
    import ast

    names = {node.name for node in classes}
    private = {n.attr for c in classes for n in ast.walk(c) if isinstance(n, ast.Attribute) and n.attr.startswith("_")}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.ClassDef) and any(isinstance(b, ast.Name) and b.id in names for b in node.bases):
            return True
        if isinstance(node, ast.Attribute) and node.attr in private:
            return True
    return False
