"""Open a run directory: for one process at a time, and only with the config that it was created with."""

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
from rlvr.regular_files import read_text, regular
from rlvr.rundir.files import remove_leftovers, write_text, writing
from rlvr.yaml_text import read_yaml, write_yaml

CONFIG, ENVIRONMENT, LOCK, HASHED = "config.yaml", "environment.json", ".lock", ".hashes.json"
HASHES = "data_hashes"
RECORDED_LATER = ("model.path", "tokenizer.path")  # early versions did not hash the files of these keys
# These exist once training has begun; an interrupted warm-up leaves none
BEGUN = ("metrics.jsonl", "checkpoints", "samples")
PACKAGES = ("torch", "transformers", "peft", "numpy", "sympy", "mpmath", "pyarrow", "safetensors", "tokenizers")

# Keys that a resumed run may change: they affect duration, speed and safety, not results. `threads` may be set or left
# out: the resulting number has to stay the same, and is compared with the environment of the run.
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
"""Config key -> path of a file that it names, as written there -> SHA-256."""


@contextmanager
def claim(folder: Path) -> Iterator[None]:
    """Lock the run directory for this process. A new directory is removed if the block fails before the run begins.

    Raises:
        ConfigError: another process trains in it, or the folder cannot be created.
    """
    made = missing_folders(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        new = not any(folder.iterdir())
        lock = open(folder / LOCK, "a+", encoding="utf-8", opener=regular)  # noqa: SIM115  # see below
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
                raise FileNotFoundError  # another process just failed to begin and removed the folder
        except (BlockingIOError, FileNotFoundError) as error:
            lock.seek(0)
            holder = f" ({said})" if (said := lock.read().strip()) else ""
            raise ConfigError(
                f"another process is training in {folder}{holder}; wait for it, end it, or give another --out"
            ) from error
        with suppress(OSError):  # the next essential write will report a full disk
            os.ftruncate(lock.fileno(), 0)
            os.write(lock.fileno(), f"process {os.getpid()} on {platform.node()}".encode())
        try:
            yield
        except BaseException:  # interrupts too: remove a folder without a begun run
            if new:
                _remove_unbegun(folder)
                remove_empty(made)
            raise


def _remove_unbegun(folder: Path) -> None:
    """Remove what `open_run` wrote, if there is nothing else."""
    with suppress(OSError):  # keep the error that the run failed with
        if {path.name for path in folder.iterdir()} <= {LOCK, CONFIG, ENVIRONMENT, HASHED}:
            for name in (CONFIG, ENVIRONMENT, HASHED, LOCK):
                (folder / name).unlink(missing_ok=True)


def open_run(folder: Path, config: Mapping[str, object], *, inputs: InputHashes, threads: int) -> str:
    """Create the run directory, or check that its run has this config and these files. Removes partial files.

    A run that has computed nothing yet (its reward has a mistake, say) may change its config. A run of an early version
    that did not record the hashes of some files records them now. Returns a note about that; "" = none.

    Raises:
        ConfigError: it belongs to another run; names the differing keys with both values, or the changed files.
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
    """Read a JSON file of the run."""
    try:
        found = parse(read_text(path))
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
        changed.append("steps")  # the schedule depends on its end
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
    """The recorded hashes, without unused files of a model folder, which early versions hashed too."""
    return {f: found for f, found in files.items() if key not in RECORDED_LATER or f in now or not Path(f).exists()}


def _unrecorded(environment: Mapping[str, object], inputs: InputHashes) -> list[str]:
    """The keys whose files the version that created this run did not hash."""
    recorded = _recorded(environment)
    return sorted(key for key in inputs if key not in recorded and (key in RECORDED_LATER or not recorded))


def _by_file(hashes: InputHashes) -> dict[str, str]:
    """Label of each file (key and path) -> its hash."""
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
    """The git revision of the source tree that contains `file`, with `+changes` if the tree is modified.

    None if git does not track the file: an installed package may be inside another project's repository.
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
