"""Opening a run directory: one process at a time, and only for the config that it was made with."""

from __future__ import annotations

import fcntl
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TypeAlias

from data_prep.writing import missing_folders, remove_empty
from rlvr import __version__
from rlvr.errors import ConfigError
from rlvr.rundir.files import remove_leftovers, write_text, writing
from rlvr.yaml_text import read_yaml, write_yaml

CONFIG, ENVIRONMENT, LOCK, HASHED = "config.yaml", "environment.json", ".lock", ".hashes.json"
HASHES = "data_hashes"
RECORDED_LATER = ("model.path", "tokenizer.path")  # keys whose files early versions did not hash
# Exist once training has begun; a warm-up that was cut short leaves none
BEGUN = ("metrics.jsonl", "checkpoints", "samples")
PACKAGES = ("torch", "transformers", "peft", "numpy", "sympy", "mpmath", "pyarrow", "safetensors", "tokenizers")

# What a resumed run may change: it decides how long, how fast and how safely, not what is computed. `threads` may be
# named or not: how many they come to is what has to stay, and is compared with the environment of the run.
MAY_CHANGE = (
    "checkpoint.every",
    "checkpoint.keep_last",
    "dynamic.max_empty_steps",
    "grading.deadline",
    "grading.max_ungraded_share",
    "grading.workers",
    "steps",
    "threads",
)


InputHashes: TypeAlias = Mapping[str, Mapping[str, str]]
"""Key of the config -> path of a file that it names, as it stands there -> SHA-256."""


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Hold the run directory for this process. One that is new goes again where the block fails before the run began.

    Raises:
        ConfigError: another process trains in it, or no folder can be there.
    """
    made = missing_folders(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        new = not any(folder.iterdir())
        lock = (folder / LOCK).open("a+", encoding="utf-8")
    except OSError as error:
        remove_empty(made)
        raise ConfigError(
            f"cannot use {folder} as a run directory: {error.strerror}: {error.filename}; give another --out, or "
            "make that writable"
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(lock.fileno()), (folder / LOCK).stat()):
                raise FileNotFoundError  # the folder was just removed by another process that failed to begin
        except (BlockingIOError, FileNotFoundError) as error:
            lock.seek(0)
            holder = f" ({said})" if (said := lock.read().strip()) else ""
            raise ConfigError(
                f"another process is training in {folder}{holder}; wait for it, end it, or give another --out"
            ) from error
        with suppress(OSError):  # a full disk will be reported by the next write that matters
            os.ftruncate(lock.fileno(), 0)
            os.write(lock.fileno(), f"process {os.getpid()} on {platform.node()}".encode())
        try:
            yield
        except BaseException:  # interrupted as well: a folder that holds nothing yet is removed
            if new:
                _remove_unbegun(folder)
                remove_empty(made)
            raise


def _remove_unbegun(folder: Path) -> None:
    """Remove what opening a run wrote, if nothing else is there."""
    with suppress(OSError):  # the error that counts is the one the run failed with
        if {path.name for path in folder.iterdir()} <= {LOCK, CONFIG, ENVIRONMENT, HASHED}:
            for name in (CONFIG, ENVIRONMENT, HASHED, LOCK):
                (folder / name).unlink(missing_ok=True)


def open_run(folder: Path, config: Mapping[str, object], *, inputs: InputHashes, threads: int) -> str:
    """Make the run directory, or check that the run in it has this config and files. What was left half written goes.

    A run in which nothing was computed yet (its reward has a mistake, say) holds nobody to its config. One that did not
    record the hashes of files that a key names, as early versions did not, goes on and records them now; what is
    returned says so. "" = there is nothing to say.

    Raises:
        ConfigError: it belongs to another run; names the keys with both values, or the files that changed.
        CheckpointError: it cannot be written.
    """
    path, said = folder / CONFIG, ""
    with writing(folder):
        remove_leftovers(folder)
    if any((folder / name).exists() for name in BEGUN):
        _check_config(folder, _read(path, read_yaml), config)
        before = _read(folder / ENVIRONMENT, json.loads)
        _check_environment(folder, before, inputs, threads)
        recorded = _recorded(before)
        if unrecorded := _unrecorded(before, inputs):
            which = f" (of {', '.join(unrecorded)})" if recorded else ""
            said = (
                f"warning: {folder} does not record which files it was made with{which}, so whether they are still the "
                "same cannot be told. It goes on with those of now, whose hashes it records"
            )
            _write_environment(folder, {**before, HASHES: {**recorded, **_plain(inputs)}})
    else:
        _write_environment(folder, _environment(inputs, threads))
    with writing(path):
        write_text(path, write_yaml(dict(config)))
    return said


def _write_environment(folder: Path, environment: Mapping[str, object]) -> None:
    with writing(folder / ENVIRONMENT):
        write_text(folder / ENVIRONMENT, json.dumps(environment, indent=2) + "\n")


def _read(path: Path, parse: Callable[[str], object]) -> Mapping[str, object]:
    """A file that the run wrote about itself."""
    try:
        found = parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"cannot read {path}, so nothing says which run is in {path.parent}: {error}; restore the file, or give "
            "another --out"
        ) from error
    if not isinstance(found, Mapping):
        raise ConfigError(f"{path} does not hold keys and values; restore the file, or give another --out")
    return found


def _check_config(folder: Path, before: Mapping[str, object], now: Mapping[str, object]) -> None:
    old, new = dict(_leaves(before)), dict(_leaves(now))
    changed = [k for k in sorted(old.keys() | new.keys()) if old.get(k) != new.get(k) and k not in MAY_CHANGE]
    if "steps" in old and old["steps"] != new["steps"] and new.get("optimizer.schedule") != "constant":
        changed.append("steps")  # the schedule depends on where it ends
    if changed:
        lines = "; ".join(f"{k} was {old.get(k)!r} and is {new.get(k)!r}" for k in changed)
        raise ConfigError(f"{folder} holds another run: {lines}. Give another --out, or the config it was made with")


def _check_environment(folder: Path, before: Mapping[str, object], inputs: InputHashes, threads: int) -> None:
    if (made_with := before.get("threads")) != threads:
        raise ConfigError(
            f"{folder} was made with threads {made_with} and now it is {threads}: sums on the CPU depend on the number "
            f"of threads, so the run could not go on exactly. Add threads={made_with} to the command, or give "
            "another --out"
        )
    unrecorded = _unrecorded(before, inputs)
    recorded = {key: _still_read(key, files, inputs.get(key, {})) for key, files in _recorded(before).items()}
    old, new = _by_file(recorded), _by_file({k: files for k, files in inputs.items() if k not in unrecorded})
    changed = [
        f"{name} (SHA-256 was {old.get(name, 'not recorded'):.12} and is {new.get(name, 'gone'):.12})"
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]
    if changed:
        checkpoints = sorted((folder / "checkpoints").glob("step-*"))
        weights = f" (with model.path={checkpoints[-1]} it starts from these weights)" if checkpoints else ""
        raise ConfigError(
            f"{folder} was made with other files, so the run could not go on exactly. Changed: {'; '.join(changed)}. "
            f"Restore them, or start a new run with another --out{weights}"
        )


def _recorded(environment: Mapping[str, object]) -> InputHashes:
    found = environment.get(HASHES)
    return found if isinstance(found, Mapping) else {}


def _still_read(key: str, files: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """What was recorded, without what lies in a model's folder and is not read: early versions hashed that, too."""
    return {f: found for f, found in files.items() if key not in RECORDED_LATER or f in now or not Path(f).exists()}


def _unrecorded(environment: Mapping[str, object], inputs: InputHashes) -> list[str]:
    """The keys whose files the version that made this run did not hash."""
    recorded = _recorded(environment)
    return sorted(key for key in inputs if key not in recorded and (key in RECORDED_LATER or not recorded))


def _by_file(hashes: InputHashes) -> dict[str, str]:
    """The key and the path of each file in words -> its hash."""
    return {f"{key} {path}": found for key, files in hashes.items() for path, found in files.items()}


def _leaves(tree: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in tree.items():
        if isinstance(value, Mapping) and prefix + key != "reward":
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _environment(inputs: InputHashes, threads: int) -> dict[str, object]:
    return {
        "rlvr": __version__,
        "revision": revision_of(Path(__file__).resolve()),
        "command": sys.argv,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: found for name in PACKAGES if (found := _version(name)) is not None},
        "cores": os.cpu_count(),
        "threads": threads,
        HASHES: _plain(inputs),
    }


def _plain(inputs: InputHashes) -> dict[str, dict[str, str]]:
    return {key: dict(files) for key, files in inputs.items()}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def revision_of(file: Path) -> str | None:
    """The git revision of the source tree that holds `file`, `+changes` when files differ from it.

    None where git does not track the file: the environment of an installed package may lie in another's repository.
    """

    def git(*words: str) -> str:
        command = ["git", "-C", str(file.parent), *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "--", file.name)
        revision, changed = git("rev-parse", "HEAD"), git("status", "--porcelain")
    except (OSError, subprocess.SubprocessError):
        return None
    return revision + ("+changes" if changed else "")
