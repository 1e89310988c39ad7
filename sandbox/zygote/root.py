"""The minimal root of the runs: interpreter, system libraries and tools, a few files of /etc, and no more of the host.

A read-only view of the whole host would prevent writes, but it would show a program the data that it is graded on, run
folders and the user's home. So only what programs need to start is bind-mounted, read-only, into a small tmpfs. That
becomes the root of the zygote's mount namespace. Each run adds its own `/box` (working folder, /tmp, /dev/shm), /proc.
"""

from __future__ import annotations

import os

from . import kernel, reaper, syscall_batch

BOX = "/box"
WORK = "/box/work"
GUESTS = "/guests"
INIT = "/init"

# What is shown and lies below /tmp (an environment that was made there): each run's own /tmp holds it again.
_IN_TMP: list[str] = []

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
# What the dynamic linker, locales, time zones, alternatives (c++, java) and the Java runtime read.
_ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "alternatives", "mime.types", "magic")
_ETC_PREFIXES = ("java",)
_DEVICES = ("null", "zero", "full", "random", "urandom")
_DEVICE_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}
_TERMINALS = f"{BOX}/pts"
_TERMINAL_LINKS = {"ptmx": f"{_TERMINALS}/ptmx", "pts": _TERMINALS}  # lead nowhere in runs without terminals
_SCAFFOLDS = ("/mnt", "/media", "/srv", "/opt", "/var", "/tmp")


def build(shown: list[str], emptied: list[str], guests: dict[str, str], users: range) -> None:
    """Make the minimal root and enter it; the caller is in a mount namespace of its own.

    shown: further folders, read-only at their own path: the interpreter's prefix, toolchains. emptied: files in
    them that are shown without their content. guests: folders of modules, by the package name under which they lie in
    `GUESTS`. users: the ids that runs have, for /etc/passwd.
    """
    kernel.mount("none", "/", "", kernel.MS_REC | kernel.MS_PRIVATE)
    sources = [path for path in dict.fromkeys([*shown, *map(os.path.realpath, shown)]) if not _below_system(path)]
    new = _scaffold([*sources, *guests.values()])
    kernel.mount("root", new, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=755,size=16m")
    for path in _SYSTEM:
        _show(path, new + path)
    for name in (*_ETC, *(n for n in _names("/etc") if n.startswith(_ETC_PREFIXES))):
        _show(f"/etc/{name}", f"{new}/etc/{name}")
    _write_accounts(new, users)
    for path in sorted(sources):
        if not os.path.lexists(new + path):  # it may lie in one that is there already
            _show(path, new + path)
    for path in dict.fromkeys([*emptied, *map(os.path.realpath, emptied)]):
        if os.path.isfile(new + path) and os.path.realpath(new + path) == new + path:  # else by way of a link, outside
            kernel.bind("/dev/null", new + path)
    for name, path in guests.items():
        _show(path, f"{new}{GUESTS}/{name}")
    _make_devices(new)
    with open(new + INIT, "wb") as file:
        file.write(reaper.program())
    os.chmod(new + INIT, 0o755)
    for folder in (BOX, "/proc", "/root", "/run", "/var"):
        os.makedirs(new + folder, exist_ok=True)
    in_tmp = sorted(path for path in sources if path.startswith("/tmp/"))
    _IN_TMP[:] = [path for path in in_tmp if not any(path.startswith(f"{other}/") for other in in_tmp)]
    if not _IN_TMP:
        os.symlink(f"{BOX}/tmp", new + "/tmp")
    os.symlink(f"{BOX}/tmp", new + "/var/tmp")
    kernel.mount("proc", new + "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    kernel.pivot_root(new)
    kernel.make_read_only("/", recursive=False)


def make_box(making: syscall_batch.Calls, size: tuple[int, int], uid: int) -> None:
    """Calls that give a run's mount namespace its own working folder, /tmp, /dev/shm (all in one tmpfs) and /proc."""
    own = sum(path.count("/") for path in _IN_TMP)
    options = f"mode=555,size={size[0]},nr_inodes={size[1] + own}"  # bytes, files; the mounter may write all the same
    flags = kernel.MS_NOSUID | kernel.MS_NODEV
    making.add("mount", b"box", BOX.encode(), b"tmpfs", flags, options.encode())
    making.add("umask", 0)
    making.add("mkdirat", kernel.AT_FDCWD, WORK.encode(), 0o755)
    making.add("mkdirat", kernel.AT_FDCWD, f"{BOX}/tmp".encode(), 0o1777)
    making.add("mkdirat", kernel.AT_FDCWD, f"{BOX}/shm".encode(), 0o1777)
    making.add("umask", 0o022)
    making.add("fchownat", kernel.AT_FDCWD, WORK.encode(), uid, uid, 0)
    # read-only: by /proc/self/autogroup a program could lower its own priority, and wait for a core as long as it likes
    making.add("mount", b"proc", b"/proc", b"proc", flags | kernel.MS_NOEXEC | kernel.MS_RDONLY, 0)


def make_terminals(making: syscall_batch.Calls) -> None:
    """Calls that add a run's own pseudo-terminals to its box: few, since no cgroup counts the memory that they hold."""
    making.add("mkdirat", kernel.AT_FDCWD, _TERMINALS.encode(), 0o755)
    options = b"newinstance,ptmxmode=0666,mode=0600,max=16"
    making.add("mount", b"devpts", _TERMINALS.encode(), b"devpts", kernel.MS_NOSUID | kernel.MS_NOEXEC, options)


def shown_in_tmp() -> tuple[str, ...]:
    """The shown folders that lie below /tmp."""
    return tuple(_IN_TMP)


def show_in_tmp(paths: tuple[str, ...]) -> None:
    """Bind these folders into a run's own /tmp, which would hide them."""
    if paths:
        for path in paths:
            _show_again(path, BOX + path)
        kernel.bind(f"{BOX}/tmp", "/tmp")


def _below_system(path: str) -> bool:
    return any(path == system or path.startswith(system + "/") for system in _SYSTEM)


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _scaffold(sources: list[str]) -> str:
    """A folder to mount the new root on that hides none of the sources."""
    for folder in _SCAFFOLDS:
        in_use = any(path == folder or path.startswith(folder + "/") for path in sources)
        if os.path.isdir(folder) and not os.path.islink(folder) and not in_use:
            return folder
    raise OSError(f"no folder to build the root of the runs on: {', '.join(_SCAFFOLDS)} are missing or in use")


def _show(source: str, target: str) -> None:
    """Bind a file or folder read-only; recreate a symbolic link; skip what does not exist."""
    if _show_again(source, target):
        kernel.make_read_only(target)


def _show_again(source: str, target: str) -> bool:
    """Bind a file or folder, or recreate a symbolic link. Returns whether something was bound."""
    if os.path.islink(source):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.symlink(os.readlink(source), target)
        return False
    if not os.path.exists(source):
        return False
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
    kernel.bind(source, target)
    return True


def _write_accounts(new: str, users: range) -> None:
    os.makedirs(f"{new}/etc", exist_ok=True)
    people = "".join(f"runner:x:{uid}:{uid}:runner:{WORK}:/bin/sh\n" for uid in users)
    files = {
        "passwd": f"root:x:0:0:root:/root:/bin/sh\n{people}nobody:x:65534:65534:nobody:/:/bin/false\n",
        "group": "root:x:0:\n" + "".join(f"runner:x:{uid}:\n" for uid in users) + "nogroup:x:65534:\n",
        "hosts": "127.0.0.1 localhost\n::1 localhost\n",
        "hostname": "sandbox\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    }
    for name, text in files.items():
        with open(f"{new}/etc/{name}", "w") as file:
            file.write(text)


def _make_devices(new: str) -> None:
    """Bind device nodes: a user namespace cannot create them, and using them needs a mount without `nodev`."""
    os.makedirs(f"{new}/dev")
    os.symlink(f"{BOX}/shm", f"{new}/dev/shm")
    for name in _DEVICES:
        os.close(os.open(f"{new}/dev/{name}", os.O_CREAT | os.O_WRONLY, 0o666))
        kernel.bind(f"/dev/{name}", f"{new}/dev/{name}")
    for name, target in {**_DEVICE_LINKS, **_TERMINAL_LINKS}.items():
        os.symlink(target, f"{new}/dev/{name}")
