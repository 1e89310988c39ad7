"""The seccomp filter of a program: system calls that it may never make. They fail with an errno; nothing is killed.

It is a deny list, because honest programs in eight languages make nearly every other call, and because namespaces,
dropped privileges and limits stand behind it. Other architectures (32-bit, x32) and calls newer than this list fail
with ENOSYS. So does `clone3`, whose flags lie behind a pointer that a filter cannot follow; libraries then fall back to
`clone`, whose flags it can see.
"""

from __future__ import annotations

import errno
import struct

from . import kernel

# name: (x86-64, arm64); None: does not exist there.
# Abstract names are one space for all runs of a zygote, unless a run has a network namespace of its own.
SOCKETS: dict[str, tuple[int, int | None]] = {
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept": (43, 202),
    "accept4": (288, 242),
}
DENIED: dict[str, tuple[int, int | None]] = {
    # network: socketpair(AF_UNIX) stays, asyncio needs it
    **SOCKETS,
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "kcmp": (312, 272),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # namespaces and mounts
    "mount": (165, 40),
    "umount2": (166, 39),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "unshare": (272, 97),
    "setns": (308, 268),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    # the kernel's larger and younger surfaces
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "userfaultfd": (323, 282),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "vmsplice": (278, 75),
    "memfd_secret": (447, 447),
    "personality": (135, 92),
    "lookup_dcookie": (212, 18),
    "modify_ldt": (154, None),
    "syslog": (103, 116),
    # the machine
    "reboot": (169, 142),
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "iopl": (172, None),
    "ioperm": (173, None),
    "vhangup": (153, 58),
    "nfsservctl": (180, 42),
    "uselib": (134, None),
    "sysfs": (139, None),
    "_sysctl": (156, None),
}
# Ways to hold memory outside of any process: denied if no cgroup counts it, since watching processes would miss it.
_UNCOUNTED: dict[str, tuple[int, int | None]] = {
    "memfd_create": (319, 279),
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
}
# A program must not choose its own priority or core: with a low one it could wait for a core as long as it likes, and
# waiting is excused. These calls succeed and change nothing.
WITHOUT_EFFECT: dict[str, tuple[int, int | None]] = {
    "setpriority": (141, 140),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setaffinity": (203, 122),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
}
_CLONE, _CLONE3, _SOCKET, _SOCKETPAIR, _IOCTL = (56, 220), (435, 435), (41, 198), (53, 199), (16, 29)
_FIRST_UNKNOWN = 457  # statmount and what came after it
_ARCHITECTURE = {kernel.X86_64: 0xC000003E, kernel.ARM64: 0xC00000B7}
_NAMESPACES = (
    kernel.CLONE_NEWNS
    | kernel.CLONE_NEWCGROUP
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNET
)
# CLONE_PARENT makes the caller's parent the child's parent: that is a slot, outside the run's process namespace.
_CLONE_PARENT = 0x8000
_AF_UNIX = 1
# Datagrams can be sent to any abstract name, and autobind names the sender: runs of one zygote could reach each other.
_SOCK_DGRAM, _SOCK_RAW, _KIND_OF_SOCKET = 2, 3, 0xF
# TIOCSETD gives a terminal another line discipline: code of modems and buses, which the kernel loads on request.
_TIOCSTI, _TIOCLINUX, _TIOCSETD = 0x5412, 0x541C, 0x5423

# Classic BPF over `struct seccomp_data`: nr at 0, arch at 4, the low halves of the arguments at 16, 24, ...
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _JUMP, _RETURN, _AND = 0x20, 0x15, 0x35, 0x45, 0x05, 0x06, 0x54
_NUMBER_AT, _ARCHITECTURE_AT, _FIRST_AT, _SECOND_AT = 0, 4, 16, 24
_ALLOW = 0x7FFF0000
_GROUP = 8  # system calls compared one by one behind each range check


def _refuse(code: int) -> int:
    return 0x00050000 | code


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _refusals(denied: dict[int, int]) -> list[bytes]:
    """Filter steps that refuse these calls, each with its errno, and fall through for all others.

    Calls are compared in groups: on installation the kernel runs the filter for every number, which each program pays.
    """
    numbers, codes = sorted(denied), sorted(set(denied.values()))
    groups = [numbers[at : at + _GROUP] for at in range(0, len(numbers), _GROUP)]
    end = len(numbers) + 2 * len(groups)  # where the refusals stand, one a code
    steps: list[bytes] = []
    for group, above in zip(groups, [*(group[0] for group in groups[1:]), _FIRST_UNKNOWN], strict=True):
        steps.append(_step(_AT_LEAST, above, len(group) + 1))
        for number in group:
            steps.append(_step(_EQUAL, number, end + codes.index(denied[number]) - len(steps) - 1))
        steps.append(_step(_JUMP, end + len(codes) - len(steps) - 1))
    return steps + [_step(_RETURN, _refuse(code)) for code in codes]


def build(*, memory_counted: bool, ipc: bool = False) -> bytes:
    """The filter for this machine, as an array of `struct sock_filter`.

    memory_counted: a cgroup counts all memory of a run. ipc: Unix sockets are allowed, in a network namespace of its
    own.

    Raises:
        OSError: an unknown processor.
    """
    kernel.number("clone")  # knows the machine, or says so
    column = 0 if kernel.MACHINE == kernel.X86_64 else 1
    steps = [
        _step(_LOAD, _ARCHITECTURE_AT),
        _step(_EQUAL, _ARCHITECTURE[kernel.MACHINE], 1, 0),
        _step(_RETURN, _refuse(errno.ENOSYS)),
        _step(_LOAD, _NUMBER_AT),
        _step(_AT_LEAST, _FIRST_UNKNOWN, 0, 1),  # x32 calls lie far above, too
        _step(_RETURN, _refuse(errno.ENOSYS)),
    ]
    denied = {_CLONE3: errno.ENOSYS, **dict.fromkeys(DENIED.values(), errno.EPERM)}
    denied.update(dict.fromkeys(WITHOUT_EFFECT.values(), 0))
    for numbers in SOCKETS.values() if ipc else ():
        del denied[numbers]
    if not memory_counted:
        denied.update(dict.fromkeys(_UNCOUNTED.values(), errno.ENOSYS))
    steps += _refusals({n: code for numbers, code in denied.items() if (n := numbers[column]) is not None})
    steps += [
        _step(_EQUAL, _CLONE[column], 0, 4),
        _step(_LOAD, _FIRST_AT),
        _step(_ANY_BIT, _NAMESPACES | _CLONE_PARENT, 0, 1),
        _step(_RETURN, _refuse(errno.EPERM)),
        _step(_RETURN, _ALLOW),
        *([_step(_EQUAL, _SOCKET[column], 1)] if ipc else []),
        _step(_EQUAL, _SOCKETPAIR[column], 0, 9),
        _step(_LOAD, _FIRST_AT),
        _step(_EQUAL, _AF_UNIX, 1, 0),
        _step(_RETURN, _refuse(errno.EPERM)),
        _step(_LOAD, _SECOND_AT),
        _step(_AND, _KIND_OF_SOCKET),
        _step(_EQUAL, _SOCK_DGRAM, 1, 0),
        _step(_EQUAL, _SOCK_RAW, 0, 1),
        _step(_RETURN, _refuse(errno.EPERM)),
        _step(_RETURN, _ALLOW),
        _step(_EQUAL, _IOCTL[column], 0, 6),
        _step(_LOAD, _SECOND_AT),
        _step(_EQUAL, _TIOCSTI, 2, 0),
        _step(_EQUAL, _TIOCSETD, 1, 0),
        _step(_EQUAL, _TIOCLINUX, 0, 1),
        _step(_RETURN, _refuse(errno.EPERM)),
        _step(_RETURN, _ALLOW),
        _step(_RETURN, _ALLOW),
    ]
    return b"".join(steps)
