"""The manifest of a run: its data, its reward, and the options that affect its output. A resumed run must match it.

Workers, progress and similar options are not part of it and may change. Changes that affect only grading (the reward's
code and version, the deadline) are allowed on request, to keep hours of grades after fixing a reward. Each such change
is recorded in the manifest and the summary.

Example:
    differences(stored, manifest)  # ["the reward's version was math@3 and is math@6 now"]
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from data_prep.errors import BadFile
from rewards.source_files import source_files_of
from rewards.spec import RewardSpec
from rewards.spec_properties import identity
from rewards.types import Json
from rlvr.errors import ConfigError
from rlvr.offline.outputs import trouble
from rlvr.regular_files import read_text

FORMAT = 2
Manifest = Mapping[str, Json]

_NAMES = {
    "format": "the form of the state",
    "inputs": "the input",
    "reward": "the reward",
    "version": "the reward's version",
    "files": "a file of the reward",
    "columns": "the columns",
    "limit": "--limit",
    "sample": "--sample",
    "seed": "--seed",
    "timeout": "--deadline",  # a former name, which unfinished runs have
    "ordered": "the order (--unordered)",
    "engine": "--ray",
}


_OF_GRADES = ("version", "files", "timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change when a run was resumed. behind: responses in the output at that time. what: clauses for messages."""

    behind: int
    what: tuple[str, ...]

    def to_dict(self) -> dict[str, Json]:
        return {"behind": self.behind, "what": [*self.what]}


def reward_part(spec: RewardSpec) -> dict[str, Json]:
    """What grades depend on: the reward specification, versions, and the contents of source files."""
    files: dict[str, Json] = {}
    for path in sorted({file for leaf in spec.leaves() for file in source_files_of(leaf.named)}):
        try:
            files[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            raise ConfigError(f"{path}, a file of the reward, cannot be read: {error.strerror}") from error
    return {"reward": spec.to_dict(), "version": identity(spec), "files": files}


def changed_inputs(manifest: Manifest) -> list[str]:
    """The input files whose size has changed, as clauses for messages."""
    inputs = manifest.get("inputs")
    changed = []
    for one in inputs if isinstance(inputs, list) else ():
        before = one.get("bytes") if isinstance(one, dict) else None
        if before is None:
            continue
        try:
            now = Path(str(one["name"])).stat().st_size
        except OSError:
            now = 0
        if now != before:
            changed.append(
                f"{one['name']} had {before} bytes when the run began and has {now} now: graded is what stood there "
                "when it was read"
            )
    return changed


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write the manifest atomically. Raises BadFile."""
    partial = path.with_name(f"{path.name}.partial")
    with trouble(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(manifest, indent=1) + "\n")
        partial.replace(path)


def read_manifest(path: Path) -> Manifest | None:
    """The manifest of an earlier process; None = there is none."""
    try:
        return cast("Manifest", json.loads(read_text(path)))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise BadFile(
            f"{str(path)!r} cannot be read: {getattr(error, 'strerror', None) or error}; begin anew with --restart"
        ) from error


def with_changes(manifest: Manifest, changes: Sequence[Change]) -> Manifest:
    """The manifest with recorded changes."""
    return {**manifest, "changes": [change.to_dict() for change in changes]}


def changes_in(manifest: Manifest) -> list[Change]:
    """The recorded changes of a resumed run."""
    stored = cast("Sequence[Mapping[str, Any]]", manifest.get("changes", ()))
    return [Change(behind=change["behind"], what=tuple(change["what"])) for change in stored]


def same_rows(stored: Manifest, now: Manifest) -> bool:
    """Whether the manifests differ only in how responses are graded, not in rows or output."""
    return not differences({**stored, **{key: now.get(key) for key in _OF_GRADES}}, now)


def differences(stored: Manifest, now: Manifest) -> list[str]:
    """The differences, as clauses for messages."""
    found: list[str] = []
    for key, name in _NAMES.items():
        was, is_now = stored.get(key), now.get(key)
        if was == is_now:
            continue
        if key == "inputs" and isinstance(was, Sequence) and isinstance(is_now, Sequence):
            found += _inputs(cast("Sequence[Manifest]", was), cast("Sequence[Manifest]", is_now))
        elif key == "files" and isinstance(was, Mapping) and isinstance(is_now, Mapping):
            changed = sorted(file for file in {*was, *is_now} if was.get(file) != is_now.get(file))
            found.append(f"{name} has changed: {', '.join(changed)}")
        elif key == "columns" and isinstance(was, Mapping) and isinstance(is_now, Mapping):
            for column in sorted(c for c in {*was, *is_now} if was.get(c) != is_now.get(c)):
                found.append(f"the column of {column} was {_shown(was.get(column))}, now {_shown(is_now.get(column))}")
        else:
            found.append(f"{name} was {_shown(was)}, now {_shown(is_now)}")
    return found


def _inputs(was: Sequence[Manifest], is_now: Sequence[Manifest]) -> list[str]:
    names = [[str(entry.get("name")) for entry in entries] for entries in (was, is_now)]
    if names[0] != names[1]:
        return [f"the input was {_listed(names[0])}, now {_listed(names[1])}"]
    found = []
    for before, after in zip(was, is_now, strict=True):
        if before != after:
            sizes = ""
            if before.get("bytes") != after.get("bytes"):
                sizes = f" ({before.get('bytes')} bytes, now {after.get('bytes')})"
            found.append(f"the content of {before.get('name')} has changed{sizes}")
    return found


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown or "nothing"


def _shown(value: object) -> str:
    if value is None or value == "":
        return "not given"
    return value if isinstance(value, str) else json.dumps(value)
