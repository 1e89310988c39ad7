"""Jobs, limits and results of a sandbox: frozen values without behaviour. Their encoding is in `wire.py`.

Example:
    >>> job = Job(argv=("python", "main.py"), files={"main.py": b"print(1 + int(input()))"}, stdin=b"41")
    >>> job.limits.wall_seconds
    10.0
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import lru_cache
from pathlib import PurePosixPath
from types import MappingProxyType

from sandbox.errors import InvalidJob

MIB = 1 << 20
_PAGE = 1 << 12
_LONGEST_NAME, _LONGEST_PATH = 255, 2048
_MOST_WEIGHT = 10_000  # the kernel's bound
_NOTHING: Mapping[str, bytes] = MappingProxyType({})
_NO_ENV: Mapping[str, str] = MappingProxyType({})
ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONHASHSEED": "0",  # the order of a set of strings must not decide whether a program is right
        "PYTHONDONTWRITEBYTECODE": "1",
        # A pool of threads in the zygote would not survive a fork.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
)
"""The environment of every program, besides a home; nothing comes from the caller's."""


def _finite(value: float) -> bool:
    """An integer too large for a float is a number, too."""
    return isinstance(value, int) or math.isfinite(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Resource limits of a run, with all defaults.

    wall_seconds: from the start of the program to its end; waiting for a free slot does not count, nor (as far as the
    kernel tells it, and within bounds) waiting for a core.
    cpu_seconds: of all its processes together with a cgroup, else of each process. memory_bytes: of all its processes
    and files together with a writable cgroup, else of each process. The stack of a program counts, too. It may take as
    much, up to 256 MiB, as with judges of contests, or 64 MiB where no cgroup counts memory; a program may raise that
    without a bound (RLIMIT_STACK), and gains nothing: it is ended at the same number of bytes in use.
    processes: concurrent processes and threads. output_bytes: standard output and error, each.
    disk_bytes, disk_files: of its working folder, /tmp and /dev/shm together; they are in memory, so never more than
        memory_bytes. open_files: descriptors of one process.
    cpu_weight: its share of a core that others want too, 1 to 10,000, where a cgroup shares out the CPU time; 100 is
        that of any other run or process of the machine.
    """

    wall_seconds: float = 10.0
    cpu_seconds: float = 10.0
    memory_bytes: int = 512 * MIB
    processes: int = 64
    output_bytes: int = 4 * MIB
    disk_bytes: int = 64 * MIB
    disk_files: int = 4096
    open_files: int = 256
    cpu_weight: int = 100

    def __post_init__(self) -> None:
        for name in (f.name for f in fields(self)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value) or value <= 0:
                raise InvalidJob(f"limits.{name} must be a number above 0, not {value!r}")
            if not name.endswith("_seconds") and not isinstance(value, int):
                if value != int(value):
                    raise InvalidJob(f"limits.{name} must be a whole number, not {value!r}")
                object.__setattr__(self, name, int(value))
        if self.cpu_weight > _MOST_WEIGHT:
            raise InvalidJob(f"limits.cpu_weight must be at most {_MOST_WEIGHT}, not {self.cpu_weight}")


class Ended(StrEnum):
    """How a run ended. All values after `SIGNALLED` are limits for which the run was killed."""

    EXITED = "exited"  # by itself; `exit_code` says how
    SIGNALLED = "signalled"  # killed by `signal`, its own doing
    WALL = "wall"
    CPU = "cpu"
    MEMORY = "memory"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A program to run. It has no network.

    argv: the command. `python` as its first word is the sandbox's warm interpreter, which is forked, not started. Any
        other first word is looked up on the run's PATH.
    files: written into the working folder first; relative paths, with folders created as needed.
    outputs: files of the working folder to return when the program has ended; missing ones are omitted.
    env: added to the sandbox's small environment; the caller's environment is never passed on.
    preload: modules to import in the warm interpreter, calling their `rehearse` function if they have one. A hint; use
        few distinct values, since each keeps its own processes.
    ipc: it may use Unix sockets and pseudo-terminals, which reach nothing but its own processes. That costs a network
        namespace and a mount, about a millisecond. Ignored where the machine has no such namespaces, or no cgroup
        counts memory.
    """

    argv: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=lambda: _NOTHING)
    stdin: bytes = b""
    env: Mapping[str, str] = field(default_factory=lambda: _NO_ENV)
    limits: Limits = Limits()
    outputs: tuple[str, ...] = ()
    preload: tuple[str, ...] = ()
    ipc: bool = False

    def __post_init__(self) -> None:
        if not self.argv or not self.argv[0]:
            raise InvalidJob(f"argv must name a program, not {self.argv!r}")
        for word in (*self.argv, *self.env, *self.env.values()):
            if not isinstance(word, str) or "\0" in word:
                raise InvalidJob(f"argv and env are text without NUL, not {word!r:.80}")
            _encoded(word)
        for name in self.env:
            if not name or "=" in name:
                raise InvalidJob(f"env: a variable cannot be called {name!r}")
        for path in (*self.files, *self.outputs):
            check_path(path)
        for content in (self.stdin, *self.files.values()):
            if not isinstance(content, bytes | bytearray):
                raise InvalidJob(f"stdin and files are bytes, not {content!r:.80}")
        self._check_room()

    def _check_room(self) -> None:
        """Raise InvalidJob if the files do not fit the working folder, or conflict."""
        room = sum(-(-len(content) // _PAGE) * _PAGE for content in self.files.values())
        if room > max(self.limits.disk_bytes, _PAGE):
            raise InvalidJob(
                f"files of {room} bytes do not fit limits.disk_bytes, {self.limits.disk_bytes}: raise the limit"
            )
        if (count := _count(tuple(self.files))) > self.limits.disk_files:
            raise InvalidJob(f"{count} files and folders are more than limits.disk_files, {self.limits.disk_files}")


# Most jobs have files of the same names.
@lru_cache(maxsize=256)
def _count(files: tuple[str, ...]) -> int:
    """The number of files and folders to create. Raises InvalidJob if they conflict."""
    paths = {PurePosixPath(path) for path in files}
    folders = {folder for path in paths for folder in path.parents}
    if both := paths & folders:
        raise InvalidJob(f"files: {str(min(both))!r:.120} is a file, and a folder of other files")
    return len(paths | folders) - bool(folders)  # the working folder itself is none


@lru_cache(maxsize=256)
def check_path(path: str) -> None:
    """Raise InvalidJob unless a path stays inside the working folder."""
    pure = PurePosixPath(path)
    if not path or "\0" in path or pure.is_absolute() or ".." in pure.parts or pure.name in ("", "."):
        raise InvalidJob(f"a job's file must be a relative path inside its folder, not {path!r:.120}")
    if path.endswith(("/", "/.")):
        raise InvalidJob(f"a job's file must have a name, not end like a folder: {path!r:.120}")
    data = _encoded(path)
    if len(data) > _LONGEST_PATH or max(map(len, data.split(b"/"))) > _LONGEST_NAME:
        raise InvalidJob(
            f"a job's file may have {_LONGEST_NAME} bytes, {_LONGEST_PATH} with its folders, not {path!r:.120}"
        )


def _encoded(text: str) -> bytes:
    """Encode text for the system. Raises InvalidJob if that is impossible."""
    try:
        return os.fsencode(text)
    except UnicodeEncodeError as error:
        raise InvalidJob(f"argv, env and paths are text that can be encoded, not {text!r:.80}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class JobResult:
    """How a run went.

    exit_code: if `ended` is EXITED, else None. signal: if it is SIGNALLED, else None.
    stdout, stderr: up to `limits.output_bytes` of each. truncated: there was more.
    seconds: wall time of the program. waited: the part in which it could have run and had no core, its sandbox was
        stopped, or its output not read; 0 = none, or not known. waits: how much of that was in its last seconds, as
        pairs (seconds before its end, seconds waited since), the longest first. cpu_seconds: of its whole tree.
    unwatched_seconds: the part of its CPU time in threads and processes whose waiting is not known.
    peak_memory: bytes; of the whole tree with a cgroup, else of its largest process.
    files: the `outputs` that exist.
    isolation: the backend and its isolation in words: "namespaces", "docker", ...; starts with "weak" for weak ones.
    """

    ended: Ended
    exit_code: int | None = None
    signal: int | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    truncated: bool = False
    seconds: float = 0.0
    waited: float = 0.0
    waits: tuple[tuple[float, float], ...] = ()
    cpu_seconds: float = 0.0
    unwatched_seconds: float = 0.0
    peak_memory: int = 0
    files: Mapping[str, bytes] = field(default_factory=lambda: _NOTHING)
    isolation: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether it exited with code 0."""
        return self.ended is Ended.EXITED and self.exit_code == 0

    @property
    def weak(self) -> bool:
        """Whether it ran with weak isolation, because of `allow_weak`."""
        return self.isolation.startswith("weak")
