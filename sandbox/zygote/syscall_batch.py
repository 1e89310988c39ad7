"""A batch of system calls, made one after the other without a step of Python in between.

A fork of a warm interpreter pays for each page that it writes to, because it is copied; and Python writes to whatever
it looks at, because it counts references. Made from Python, the fifty calls of a run's set-up copy 250 pages, which
costs more than what the kernel does for them. So they are laid out before the fork as a table of numbers, and fifty
bytes of machine code make them, stopping at the first that fails. On a machine that does not allow executing it, Python
makes the calls.

Example:
    calls = Calls()
    calls.add("setsid")
    calls.add("mkdirat", AT_FDCWD, b"/box/work", 0o755)
    calls.lay_out().run()                                  # OSError: mkdirat /box/work: File exists
"""

from __future__ import annotations

import ctypes
import functools
import os
import struct
from collections.abc import Callable

from . import kernel

AT_FDCWD = kernel.AT_FDCWD
_ROW = struct.Struct("<7qQ")  # number, six arguments, result
_RESULT = struct.Struct("<Q")
# Machine code of f(first, end), which makes the calls in the rows from `first` to `end`; returns the row it stopped at.
_PROGRAMS = {
    # rbx = first; rbp = end; while rbx < rbp: syscall with the row's numbers; store the result; stop if it is an errno
    kernel.X86_64: bytes.fromhex(
        "53 55 4889fb 4889f5 4839eb 732f 488b03 488b7b08 488b7310 488b5318 4c8b5320 4c8b4328 4c8b4b30 0f05"
        "48894338 483d01f0ffff 7306 4883c340 ebcc 4889d8 5d 5b c3"
    ),
    # the same with x9 and x10; x8 is the call's number, x0 to x5 are its arguments
    kernel.ARM64: struct.pack(
        "<16I",
        *(0xAA0003E9, 0xAA0103EA, 0xEB0A013F, 0x54000162, 0xA9400128, 0xA9410921, 0xA9421123, 0xF9401925),
        *(0xD4000001, 0xF9001D20, 0xB13FFC1F, 0x54000062, 0x91010129, 0x17FFFFF5, 0xAA0903E0, 0xD65F03C0),
    ),
}


class Calls:
    """A list of calls. Keeps alive, and in place, everything that they are passed by address."""

    __slots__ = ("_behind", "_end", "_first", "_held", "_names", "_perform", "_rows", "_table", "stopped_at")

    def __init__(self) -> None:
        """Raises OSError on an unknown processor."""
        self._names: list[str] = []
        self._rows: list[bytes] = []
        self._held: list[ctypes.Array[ctypes.c_char]] = []
        self._table = ctypes.create_string_buffer(0)
        self._first = self._end = ctypes.c_size_t(0)  # made once: ctypes would convert a number at each call
        self._behind = 0
        self.stopped_at = -1  # the place of the call that failed
        self._perform = _program()

    def add(self, name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char]) -> None:
        """Add a call by its name. Bytes are passed as a zero-terminated string, buffers by their address."""
        values = []
        for argument in arguments:
            if isinstance(argument, bytes):
                argument = ctypes.create_string_buffer(argument)
            if not isinstance(argument, int):
                self._held.append(argument)
                argument = ctypes.addressof(argument)
            values.append(argument)
        values += [0] * (6 - len(values))
        said = [argument.decode(errors="replace") for argument in arguments if isinstance(argument, bytes)]
        self._names.append(" ".join([name, *said]))
        self._rows.append(_ROW.pack(kernel.number(name), *values, 0))

    def keep(self, buffer: ctypes.Array[ctypes.c_char]) -> None:
        """Keep alive a buffer whose address is stored in another one."""
        self._held.append(buffer)

    def __len__(self) -> int:
        return len(self._rows)

    def lay_out(self) -> Calls:
        """Build the table of the calls that were added."""
        table = b"".join(self._rows)
        self._table = ctypes.create_string_buffer(table, len(table))
        first = ctypes.addressof(self._table)
        self._behind = first + len(table)
        self._first, self._end = ctypes.c_size_t(first), ctypes.c_size_t(self._behind)
        return self

    def run(self) -> None:
        """Make the calls of the table. Raises OSError for the first that fails."""
        stopped = self._perform(self._first, self._end)
        if stopped != self._behind:
            offset = stopped - self._first.value
            self.stopped_at = offset // _ROW.size
            code = (1 << 64) - _ROW.unpack_from(self._table, offset)[7]
            raise OSError(code, f"{self._names[self.stopped_at]}: {os.strerror(code)}")


@functools.cache
def _program() -> Callable[[ctypes.c_size_t, ctypes.c_size_t], int]:
    """The machine code, in executable memory: mapped from a file, since some machines allow no other."""
    kernel.number("clone")  # knows the machine, or says so
    program = _PROGRAMS[kernel.MACHINE]
    try:
        file = os.memfd_create("calls", os.MFD_CLOEXEC)
        try:
            os.write(file, program)
            address = kernel.map_file(file, len(program), kernel.PROT_READ | kernel.PROT_EXEC)
        finally:
            os.close(file)
    except OSError:  # refused by the machine's policy
        return one_by_one
    return ctypes.PYFUNCTYPE(ctypes.c_size_t)(address)


def one_by_one(first: ctypes.c_size_t, end: ctypes.c_size_t) -> int:
    """Do in Python what the machine code does."""
    for at in range(first.value, end.value, _ROW.size):
        row = (ctypes.c_char * _ROW.size).from_address(at)
        number, *arguments, _result = _ROW.unpack_from(row)
        if code := kernel.call(number, *arguments):
            _RESULT.pack_into(row, _ROW.size - _RESULT.size, (1 << 64) - code)
            return at
    return end.value
