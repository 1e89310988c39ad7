"""What this machine offers a sandbox: privileges, user ids, the interpreter; and advice if something is missing."""

from __future__ import annotations

import contextlib
import functools
import os
import site
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from sandbox.errors import InvalidSandbox
from sandbox.zygote import kernel

_RUNS_OWN = ("/proc", "/dev", "/sys", "/box", "/guests", "/init")
_NEVER_EXPOSED = ("/", "/tmp", "/etc", "/var", "/run", *_RUNS_OWN)
_MOST_LINKS = 1000
_TABLES = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet", ".arrow")
_DEEPEST_TABLE = 4  # folders
USERS_OF_A_ZYGOTE = 256
# Above what systems hand out to people, services and containers; below 2^31, which some programs read as a sign.
_FIRST_UID, UID_BLOCKS, _FURTHER_UID_BLOCKS = 1_800_000_000, 1 << 20, 1 << 18


class Way(NamedTuple):
    """How the zygote gets its privileges. maps: id maps of its user namespace; empty = it has no user namespace.

    uid: the first of a block of user ids for the slots; -1 = each run has its own user namespace instead.
    """

    maps: dict[str, str]
    uid: int


def ways(number: int, privileged: bool | None, user_block: int | None = None) -> tuple[list[Way], str]:
    """The ways to try, best first, and the reason if there is none.

    As root with CAP_SYS_ADMIN no user namespace is needed. As root without it (a container) the user namespace maps
    otherwise unused ids: programs must not run as the machine's root, whose files and settings they could write. A
    plain user can map only themselves, and each run's own namespace separates their processes.
    """
    held = kernel.effective_capabilities()
    root, may_map = os.geteuid() == 0, kernel.CAP_SETUID | kernel.CAP_SETGID
    found = []
    if not root:
        if privileged is not True:
            uid, gid = f"0 {os.geteuid()} 1", f"0 {os.getegid()} 1"
            found.append(Way({"setgroups": "deny", "uid_map": uid, "gid_map": gid}, -1))
        return found, "this process is not root"
    if held & may_map != may_map:
        return [], "this process is root without CAP_SETUID and CAP_SETGID, so that programs would be root as well"
    first = first_uid(number, user_block)
    if held & kernel.CAP_SYS_ADMIN and privileged is not False:
        found.append(Way({}, first))
    if privileged is not True and held & kernel.CAP_SETFCAP:  # required to map root (Linux 5.12)
        both = f"0 0 1\n{first} {first} {USERS_OF_A_ZYGOTE}"
        found.append(Way({"uid_map": both, "gid_map": both}, first))
    return found, "this process is root without CAP_SYS_ADMIN, and without CAP_SETFCAP it cannot map itself either"


def first_uid(number: int, user_block: int | None) -> int:
    """A block of user ids that no other sandbox on this machine uses: processes are counted by user.

    number: of the zygote in this process; up to 16 stay clear of other processes too.
    user_block: which, above those that are chosen by process id: a process id in a container is not the machine's.
    """
    block = (os.getpid() * 16 + number) % UID_BLOCKS
    if user_block is not None:
        block = UID_BLOCKS + (user_block * 16 + number) % _FURTHER_UID_BLOCKS
    wanted = _FIRST_UID + block * USERS_OF_A_ZYGOTE
    try:
        rows = [[int(word) for word in line.split()] for line in Path("/proc/self/uid_map").read_text().splitlines()]
    except OSError:
        return wanted
    if any(inside <= wanted < inside + length - USERS_OF_A_ZYGOTE for inside, _outside, length in rows):
        return wanted
    inside, _outside, length = max(rows, key=lambda row: row[2])  # in a container with few ids: from the top
    blocks = max(1, (length - 1000) // USERS_OF_A_ZYGOTE)
    return inside + length - (block % blocks + 1) * USERS_OF_A_ZYGOTE


def interpreter_folders() -> list[str]:
    """Folders that this interpreter needs: its prefixes and package folders."""
    paths = [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix]
    paths += [path for name in ("stdlib", "platstdlib", "purelib", "platlib") if (path := sysconfig.get_path(name))]
    paths += [os.path.dirname(os.path.realpath(sys.executable))]
    return [path for path in dict.fromkeys(paths) if path not in ("/", "") and os.path.isdir(path)]


def exposed(paths: Sequence[Path]) -> list[str]:
    """Additional folders to expose, with the targets of symbolic links among them.

    Raises:
        InvalidSandbox: a path does not exist, would expose everything, or would hide a run's own folders.
    """
    shown = []
    for path in map(os.path.abspath, paths):
        while True:
            whole = path in _NEVER_EXPOSED or path.startswith(tuple(f"{folder}/" for folder in _RUNS_OWN))
            if whole or not os.path.lexists(path):
                why = "a run has its own, or it would show everything" if whole else "there is no such file or folder"
                raise InvalidSandbox(
                    f"expose: {path} cannot be shown to runs: {why}; name folders such as a toolchain's"
                )
            shown.append(path)
            if not os.path.islink(path) or len(shown) > _MOST_LINKS:
                break
            path = os.path.abspath(os.path.join(os.path.dirname(path), os.readlink(path)))
    return shown


def package_folders() -> list[str]:
    """Folders of third-party packages, as a new interpreter would find them."""
    folders = [sysconfig.get_path(name) for name in ("purelib", "platlib")] + site.getsitepackages()
    return [folder for folder in dict.fromkeys(folders) if folder in sys.path]


@functools.cache
def problem_data() -> tuple[str, ...]:
    """Data files among the packages that may contain problems with tests and solutions (benchmark packages)."""
    return tuple(path for folder in package_folders() for path in _tables(folder, _DEEPEST_TABLE))


def _tables(folder: str, depth: int) -> Iterator[str]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if depth > 1:
                    yield from _tables(entry.path, depth - 1)
            elif entry.name.endswith(_TABLES):
                yield entry.path


def advice() -> str:
    """Advice if namespaces are unavailable, based on this machine's settings."""
    found = []
    for path, bad, hint in (
        ("/proc/sys/user/max_user_namespaces", "0", "sysctl user.max_user_namespaces=15000"),
        ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sysctl kernel.unprivileged_userns_clone=1"),
        (
            "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
            "1",
            "sysctl kernel.apparmor_restrict_unprivileged_userns=0",
        ),
    ):
        with contextlib.suppress(OSError):
            if Path(path).read_text().strip() == bad:
                found.append(f"{path} is {bad}: run `{hint}` as root")
    if os.path.exists("/.dockerenv") or os.path.exists("/run/.containerenv"):
        found.append(
            "this is a container: start it with --security-opt seccomp=unconfined --security-opt systempaths=unconfined"
            ", or use a sandbox outside it (rlvr sandbox serve)"
        )
    if not found and os.geteuid() == 0:
        return (
            "Root needs CAP_SYS_ADMIN, and in a chroot a root that is a mount point (mount --bind FOLDER FOLDER, then "
            "chroot FOLDER); or use the docker or remote sandbox"
        )
    return "; ".join(found) or (
        "Run as root, allow user namespaces (a plain user has none in a chroot), or use the docker or remote sandbox"
    )
