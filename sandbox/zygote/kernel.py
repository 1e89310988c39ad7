"""System calls that Python does not offer, on Linux (x86-64 and arm64). Each raises OSError with what it was for."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # what `signal` wraps
import ctypes
import errno
import os
import signal
import struct
from itertools import count

X86_64, ARM64 = "x86_64", "aarch64"
MACHINE = os.uname().machine
_COLUMN = {X86_64: 0, ARM64: 1}.get(MACHINE)

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 0x1, 0x2, 0x4, 0x8, 0x20
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
_ATTR_RDONLY, _ATTR_NOSUID, _ATTR_NODEV = 0x1, 0x2, 0x4
AT_FDCWD = -100
_MOUNT_SETATTR, _AT_RECURSIVE = 442, 0x8000
_MNT_DETACH = 2
PROT_READ, PROT_WRITE, PROT_EXEC = 1, 2, 4
_MAP_PRIVATE, _MAP_FAILED = 2, ctypes.c_void_p(-1).value

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_CAPBSET_DROP = 1, 4, 38, 22, 24
_PR_CAPBSET_READ, _PR_SET_NAME = 23, 15
SECCOMP_MODE_FILTER = 2
CAPABILITIES_VERSION = 0x20080522

# PyDLL keeps the interpreter lock: a clone that released it would return in a child that has no other thread to take it
# from.
_FIONREAD = 0x541B
_libc = ctypes.PyDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_libc.prctl.argtypes = (ctypes.c_int, *[ctypes.c_ulong] * 4)
_set_action, _SIG_DFL, _SIG_IGN = _signal.signal, _signal.SIG_DFL, _signal.SIG_IGN
_libc.mmap.restype = ctypes.c_void_p
_LARGEST_OF_HEAP, _SMALLEST_OF_HEAP = 100_000, 24
_MOST_OF_HEAP = 64 << 20  # bytes of gaps: beyond, malloc takes memory from elsewhere and this would never end
_NUMBERS = {
    "clone": (56, 220),
    "pivot_root": (155, 41),
    "capset": (126, 91),
    "prctl": (157, 167),
    "setsid": (112, 157),
    "dup3": (292, 24),
    "close_range": (436, 436),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "umask": (95, 166),
    "mkdirat": (258, 34),
    "fchownat": (260, 54),
    "chdir": (80, 49),
    "fchown": (93, 55),
    "openat": (257, 56),
    "write": (1, 64),
    "close": (3, 57),
    "prlimit64": (302, 261),
    "setgroups": (116, 159),
    "setresgid": (119, 149),
    "setresuid": (117, 147),
    "clock_gettime": (228, 113),
}


def number(name: str) -> int:
    """The number of a system call on this machine."""
    if _COLUMN is None:
        raise OSError(f"the processor is {MACHINE!r}; the sandbox knows the system calls of {X86_64} and {ARM64} only")
    return _NUMBERS[name][_COLUMN]


def _checked(result: int, what: str) -> int:
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def call(number: int, *arguments: int) -> int:
    """Make a system call by its number. Returns its errno if it fails, else 0."""
    failed = _libc.syscall(ctypes.c_long(number), *map(ctypes.c_long, arguments)) == -1
    return ctypes.get_errno() if failed else 0


def clone(flags: int) -> int:
    """Fork with new namespaces; 0 in the child. Bypasses the interpreter's fork hooks: for single-threaded callers."""
    pid: int = _libc.syscall(ctypes.c_long(number("clone")), ctypes.c_ulong(flags | signal.SIGCHLD), 0, 0, 0, 0)
    return _checked(pid, f"clone with namespaces {flags:#x}")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    result = _libc.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode())
    _checked(result, f"mount {kind or 'bind'} {source} on {target}")


def bind(source: str, target: str) -> None:
    """Bind-mount a file or folder, with everything mounted in it, at a second place."""
    mount(source, target, "", MS_BIND | MS_REC)


def make_read_only(target: str, *, recursive: bool = True) -> None:
    """Make a mount, and with `recursive` all below it, read-only, nosuid and nodev."""
    attributes = struct.pack("QQQQ", _ATTR_RDONLY | _ATTR_NOSUID | _ATTR_NODEV, 0, 0, 0)
    how = _AT_RECURSIVE if recursive else 0
    result = _libc.syscall(ctypes.c_long(_MOUNT_SETATTR), AT_FDCWD, target.encode(), how, attributes, len(attributes))
    if result == -1 and ctypes.get_errno() == errno.ENOSYS:  # before Linux 5.12: the mount itself only
        mount("", target, "", MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV)
    else:
        _checked(result, f"mount_setattr read-only of {target}")


def pivot_root(new: str) -> None:
    """Make `new` the root, and detach the old one."""
    os.chdir(new)
    _checked(_libc.syscall(ctypes.c_long(number("pivot_root")), b".", b"."), f"pivot_root to {new}")
    _checked(_libc.umount2(b".", _MNT_DETACH), "umount of the old root")
    os.chdir("/")


def _prctl(option: int, value: int, what: str) -> None:
    _checked(_libc.prctl(option, value, 0, 0, 0), what)


def die_with_parent() -> None:
    """Get SIGKILL when the thread that started this process ends. Changing the user id clears this."""
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL, "PR_SET_PDEATHSIG")


def set_name(name: str) -> None:
    """Set the process name that `ps` shows."""
    text = ctypes.create_string_buffer(name.encode()[:15])
    _prctl(_PR_SET_NAME, ctypes.addressof(text), "PR_SET_NAME")


def capabilities() -> range:
    """The numbers of the capabilities that this kernel knows."""
    return range(next(number for number in count() if _libc.prctl(_PR_CAPBSET_READ, number, 0, 0, 0) == -1))


def drop_bounding_set() -> None:
    """Drop the bounding set: no program started from here can gain a capability by executing another."""
    for capability in capabilities():
        _libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)


def flush_streams() -> None:
    """Write out what C code has printed and not written."""
    _libc.fflush(None)


def give_back_memory() -> None:
    """Return freed memory to the kernel: a fork copies the page table of all that is held."""
    if hasattr(_libc, "malloc_trim"):  # glibc
        _libc.malloc_trim(ctypes.c_size_t(0))


class _HeapUse(ctypes.Structure):
    """What `mallinfo2` returns; only the last number is used: bytes that are free at the top of the heap."""

    _fields_ = (("others", ctypes.c_size_t * 9), ("last", ctypes.c_size_t))


def fill_heap() -> None:
    """Allocate the free gaps of the C library's heap, for good: later allocations then lie together at its top."""
    if not hasattr(_libc, "mallinfo2"):  # another C library, or an old one
        return
    _libc.malloc.restype = _libc.sbrk.restype = ctypes.c_void_p
    _libc.mallinfo2.restype = _HeapUse
    size = _LARGEST_OF_HEAP
    filled = 0
    while size >= _SMALLEST_OF_HEAP and filled < _MOST_OF_HEAP:
        last = _libc.sbrk(ctypes.c_ssize_t(0)) - _libc.mallinfo2().last
        taken = _libc.malloc(ctypes.c_size_t(size)) or last
        if taken >= last:  # it came from behind the last object: no gap of this size is left
            if taken > last:
                _libc.free(ctypes.c_void_p(taken))
            size -= max(16, size // 8)
        else:
            filled += size


def closes_ranges() -> bool:
    """Whether the kernel has `close_range` (Linux 5.9)."""
    none = ctypes.c_uint(~0)
    return bool(_libc.syscall(ctypes.c_long(number("close_range")), none, none, ctypes.c_uint(0)) == 0)


def map_file(descriptor: int, size: int, protection: int) -> int:
    """The address of a private copy of a file in this process's memory."""
    address = _libc.mmap(None, ctypes.c_size_t(size), protection, _MAP_PRIVATE, descriptor, ctypes.c_long(0))
    _checked(-1 if address == _MAP_FAILED else 0, f"mmap with protection {protection}")
    return int(address)


def protect(start: int, end: int, protection: int) -> None:
    """Set what is allowed in a part of this process's memory. Raises OSError."""
    result = _libc.mprotect(ctypes.c_void_p(start), ctypes.c_size_t(end - start), protection)
    _checked(result, f"mprotect with protection {protection}")


def default_action(number: int) -> None:
    """Restore a signal's default action. `signal.signal` would look up enumerations, which costs every fork."""
    _set_action(number, _SIG_DFL)


def ignore(number: int) -> None:
    """Ignore a signal; of SIGCHLD: have the kernel reap children."""
    _set_action(number, _SIG_IGN)


def held_by(pipe: int) -> int:
    """Bytes in a pipe that nobody has read yet; 0 if it cannot say."""
    held = ctypes.c_int()
    _libc.ioctl(pipe, ctypes.c_ulong(_FIONREAD), ctypes.byref(held))
    return held.value


def effective_capabilities() -> int:
    """The bits of CapEff; 0 if there is no /proc."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1], 16) for line in status if line.startswith("CapEff"))
    except (OSError, StopIteration):
        return 0


CAP_SETGID, CAP_SETUID, CAP_SYS_ADMIN, CAP_SETFCAP = 1 << 6, 1 << 7, 1 << 21, 1 << 31
