"""The message for a file that does not exist: most often the current folder is another one, or the name is misspelt."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from rewards.parameters import nearest


def no_file(path: str | os.PathLike[str], what: str = "file") -> str:
    """Says where the file was looked for, and the nearest name in that folder.

    Example:
        >>> no_file("/nowhere/rows.jsonl")
        "no file '/nowhere/rows.jsonl' (there is no folder /nowhere)"
    """
    path = Path(path)
    place, beside = path.absolute(), list[str]()
    with suppress(OSError):
        beside = sorted(os.listdir(place.parent))
    if not os.path.lexists(place.parent):
        where = f" (there is no folder {place.parent})"
    else:
        where = "" if path.is_absolute() else f" (looked at {place})"
    return f"no {what} {str(path)!r}{where}{nearest(path.name, beside)}"
