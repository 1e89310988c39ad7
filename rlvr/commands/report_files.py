"""Check files that a command writes at its end, so that errors are reported before the work begins."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from data_prep.errors import BadFile
from data_prep.writing import refuse_irregular
from rlvr.errors import ConfigError


def check_report(option: str, path: Path, *, example: str) -> None:
    """Check that a file can be written. Raises ConfigError, BadFile. example: a file name to suggest."""
    if str(path) == "-":
        raise ConfigError(f"{option} '-': it is written to a file; name one, such as {example}")
    if path.is_dir():
        raise ConfigError(f"{option} {str(path)!r} is a folder; name a file in it, such as {path / example}")
    refuse_irregular(path)
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):
        raise BadFile(f"{option} {str(path)!r} cannot be written: {str(above)!r} is no folder that can be written to")


def refuse_overwriting(reports: Mapping[str, Path], read: Iterable[str | Path]) -> None:
    """Reject reports that would overwrite an input, a file in an input folder, or another report.

    reports: option -> path. Raises ConfigError.
    """
    from rlvr.offline.sources import SUFFIXES

    taken = {Path(name).resolve() for name in read if str(name).strip()}
    for option, path in reports.items():
        place = path.resolve()
        is_data = place.name.lower().endswith(SUFFIXES) and place.exists()
        if place in taken or (is_data and not taken.isdisjoint(place.parents)):
            raise ConfigError(
                f"{option} {str(path)!r} is read, or another output, and would be written over; name another"
            )
        taken.add(place)
