"""In the candidate: run the program again, as a module, a script (`scripts.py`) or a process (`commands.py`)."""

from __future__ import annotations

import os
import sys
import types
from typing import Any


def _execute(module: types.ModuleType, file: str) -> None:
    with open(file, "rb") as source:
        exec(compile(source.read(), file, "exec", dont_inherit=True), module.__dict__)


def again(module: types.ModuleType) -> None:
    """Reload the program: its module keeps the names that it has."""
    sys.modules["solution"] = module
    _execute(module, str(module.__file__))


def under_name(module: types.ModuleType, name: str) -> dict[str, Any]:
    """Run the program as a module of that name. Returns its public globals."""
    made = types.ModuleType(name)
    made.__file__ = module.__file__
    before = sys.modules.get(name)
    sys.modules[name] = made
    try:
        _execute(made, str(module.__file__))
    finally:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
    return {key: value for key, value in vars(made).items() if not key.startswith("_")}


def as_child(
    module: types.ModuleType,
    words: tuple[str, ...],
    given: bytes,
    timeout: Any,
    env: dict[str, str] | None,
    merged: bool,
    folder: str | None = None,
    plain: bool = False,
) -> tuple[int, bytes, bytes] | None:
    """Run it as a child process. Returns status and output; None if it timed out. plain: the words are a command."""
    import subprocess

    file = str(module.__file__)
    command = list(words) if plain else [sys.executable, *(file if word == "solution.py" else word for word in words)]
    try:
        done = subprocess.run(
            command,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if merged else subprocess.PIPE,
            timeout=timeout,
            cwd=folder or os.path.dirname(file),
            env=None if env is None else {**os.environ, **env},
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode, done.stdout, done.stderr or b""
