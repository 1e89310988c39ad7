"""The init of a run, pid 1 of its namespace: a program of 160 bytes that only waits.

    prctl(PR_SET_PDEATHSIG, SIGKILL); loop: pause(); goto loop

A Python process would cost each run a third of its time for this. Init inherits that SIGCHLD is ignored, so the kernel
reaps what a program leaves behind. It handles no signals, so none from within its namespace reaches it. When the slot
kills it, or dies, the kernel kills everything that is left in the namespace.
"""

from __future__ import annotations

import struct

from . import kernel

_BASE = 0x400000
_HEADERS = 64 + 56
_ENTRY = _BASE + _HEADERS

# machine: its number in an ELF header, and the code.
_LOOPS = {
    # mov eax, 157 (prctl); mov edi, 1; mov esi, 9; syscall; mov eax, 34 (pause); syscall; jmp back
    kernel.X86_64: (62, bytes.fromhex("b89d000000 bf01000000 be09000000 0f05 b822000000 0f05 ebf7")),
    # x0 = 1; x1 = 9; x8 = 167 (prctl); svc 0; x0 = x1 = x2 = x3 = 0; x8 = 73 (ppoll); svc 0; b back
    kernel.ARM64: (
        183,
        struct.pack("<4I", 0xD2800020, 0xD2800121, 0xD28014E8, 0xD4000001)
        + struct.pack("<7I", 0xD2800000, 0xD2800001, 0xD2800002, 0xD2800003, 0xD2800928, 0xD4000001, 0x17FFFFFA),
    ),
}


def program() -> bytes:
    """The executable. Raises OSError on an unknown processor."""
    kernel.number("clone")  # knows the machine, or says so
    machine, loop = _LOOPS[kernel.MACHINE]
    size = _HEADERS + len(loop)
    identity = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)  # 64 bits, little-endian
    header = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, _ENTRY, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    readable_and_executable = 5
    segment = struct.pack("<IIQQQQQQ", 1, readable_and_executable, 0, _BASE, _BASE, size, size, 0x1000)
    return identity + header + segment + loop
