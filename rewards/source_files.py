"""The source files that a reward's grades depend on.

For most rewards: its own file and its local imports (`rewards.local_imports`). For the reward `process`: the files
named in its command. Files read at run time are not detected; bump the reward's `version` when its grades change.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from rewards.local_imports import is_file, with_local_imports
from rewards.registry import find
from rewards.spec import Named

_OURS = Path(__file__).resolve().parent


def source_files_of(named: Named) -> list[Path]:
    """The files of a named reward, sorted; none of this package's own. Raises UnknownReward, InvalidReward."""
    if named.reward == "process":
        command = named.parameters.get("command")
        words = command if isinstance(command, list) else _words(command) if isinstance(command, str) else []
        return sorted({Path(str(word)).absolute() for word in words if is_file(Path(str(word)))})
    file = find(named.reward).source.file
    if not file or Path(file).resolve().is_relative_to(_OURS):
        return []
    return with_local_imports(Path(file))


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []
