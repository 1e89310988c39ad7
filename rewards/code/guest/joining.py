"""In the candidate: a response to a prompt as a program. Done here, because compiling a response is its own risk.

A response that defines the entry point is a whole program; it runs behind the prompt, whose helpers it may use. Any
other continues the prompt, as it stands, or with the prompt's indent in the place of its own, or of one that was lost.
"""

from __future__ import annotations

import os
import symtable
import textwrap
import warnings
from types import CodeType, ModuleType
from typing import Any


def compiled(source: str, file: str) -> CodeType | None:
    """Its code, or None where it is no program."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compile(source, file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return None


def defines(source: str, name: str) -> bool:
    """Whether a source, which compiles, binds the name at its top level."""
    table = symtable.symtable(source, "<response>", "exec")
    if name not in table.get_identifiers():
        return False
    symbol = table.lookup(name)
    return symbol.is_assigned() or symbol.is_imported()


def _indent_behind(prompt: str) -> str:
    """The indent of what continues a prompt: that of its last line, and more where this begins a block."""
    last = prompt.rstrip().rpartition("\n")[2]
    own = last[: len(last) - len(last.lstrip())]
    return own + "    " if last.endswith(":") or not own else own


def join(program: str, prompt: str, name: str, file: str) -> tuple[CodeType | None, str, CodeType | None]:
    """What runs first, if anything; the program, as it is to stand in `file`; and its code, None where it has none."""
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


def code_of(module: ModuleType, options: dict[str, Any]) -> CodeType:
    """The code of the program in `file`. With a `prompt`, the file then holds what the two come to, and what is to run
    before the program has run. Raises what compiling does, and what the prompt raises.
    """
    name = str(module.__file__)
    source = os.open(name, os.O_RDONLY)  # by `open` it costs each program three times as much
    raw = os.pread(source, os.lseek(source, 0, os.SEEK_END), 0)
    os.close(source)
    if "prompt" not in options:
        return compile(raw, name, "exec", dont_inherit=True)
    program = raw.decode("utf-8", "surrogatepass")
    before, text, code = join(program, options["prompt"], options["entry_point"].partition(".")[0], name)
    if text != program:
        with open(options["file"], "w", encoding="utf-8", errors="surrogatepass") as joined:
            joined.write(text)
    if before is not None:
        exec(before, module.__dict__)
    return code or compile(text, name, "exec", dont_inherit=True)
