"""The seccomp filter, run by hand for every system call of both processors."""

from __future__ import annotations

import errno
import struct

import pytest

from sandbox.zygote import kernel, seccomp

ALLOWED = 0x7FFF0000
LOAD, EQUAL, AT_LEAST, ANY_BIT, JUMP, RETURN, AND = 0x20, 0x15, 0x35, 0x45, 0x05, 0x06, 0x54
PROCESSORS = {kernel.X86_64: (0, 0xC000003E), kernel.ARM64: (1, 0xC00000B7)}


def verdict(program: bytes, number: int, architecture: int, first: int = 0, second: int = 0) -> int:
    """What the kernel would return: its machine has one register, and jumps forward only."""
    steps = list(struct.iter_unpack("HBBI", program))
    memory = {0: number, 4: architecture, 16: first, 24: second}
    at = register = 0
    while True:
        code, if_true, if_false, value = steps[at]
        at += 1
        if code == LOAD:
            register = memory[value]
        elif code == EQUAL:
            at += if_true if register == value else if_false
        elif code == AT_LEAST:
            at += if_true if register >= value else if_false
        elif code == ANY_BIT:
            at += if_true if register & value else if_false
        elif code == JUMP:
            at += value
        elif code == AND:
            register &= value
        else:
            assert code == RETURN
            return value


def refused(code: int) -> int:
    return 0x00050000 | code


@pytest.mark.parametrize("ipc", [False, True], ids=["no sockets", "Unix sockets"])
@pytest.mark.parametrize("memory_counted", [True, False], ids=["memory counted", "memory not counted"])
@pytest.mark.parametrize("machine", PROCESSORS)
def test_what_is_denied_is_refused_and_nothing_else(
    machine: str, memory_counted: bool, ipc: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    column, architecture = PROCESSORS[machine]
    monkeypatch.setattr(kernel, "MACHINE", machine)
    monkeypatch.setattr(kernel, "_COLUMN", column)
    program = seccomp.build(memory_counted=memory_counted, ipc=ipc)
    expected = {numbers[column]: refused(errno.EPERM) for numbers in seccomp.DENIED.values()}
    for name, numbers in seccomp.SOCKETS.items() if ipc else ():
        if name != "socket":  # of any family but one
            del expected[numbers[column]]
    expected |= {numbers[column]: refused(0) for numbers in seccomp.WITHOUT_EFFECT.values()}  # errno 0: done
    expected[435] = refused(errno.ENOSYS)  # clone3
    expected[(53, 199)[column]] = refused(errno.EPERM)  # socketpair of any family but one
    if not memory_counted:
        expected |= {numbers[column]: refused(errno.ENOSYS) for numbers in seccomp._UNCOUNTED.values()}
    for number in range(457):
        assert verdict(program, number, architecture) == expected.get(number, ALLOWED), number
    for number in (457, 500, 0x40000000, 0x40000029, 0xFFFFFFFF):  # younger calls, and x32's
        assert verdict(program, number, architecture) == refused(errno.ENOSYS)
    assert verdict(program, 1, 0x40000003) == refused(errno.ENOSYS)  # another architecture


@pytest.mark.parametrize("machine", PROCESSORS)
def test_arguments_decide_where_they_can_be_seen(machine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    column, architecture = PROCESSORS[machine]
    monkeypatch.setattr(kernel, "MACHINE", machine)
    monkeypatch.setattr(kernel, "_COLUMN", column)
    program, with_sockets = seccomp.build(memory_counted=True), seccomp.build(memory_counted=True, ipc=True)
    clone, socketpair, ioctl = (56, 220)[column], (53, 199)[column], (16, 29)[column]
    for flags in (kernel.CLONE_NEWUSER, kernel.CLONE_NEWPID, kernel.CLONE_NEWNS, kernel.CLONE_NEWNET, 0x8000):
        assert verdict(program, clone, architecture, flags | 17) == refused(errno.EPERM), hex(flags)
    assert verdict(program, clone, architecture, 0x3D0F00) == ALLOWED  # a thread
    for kind in (1, 5, 1 | 0x80000, 1 | 0x800):  # streams and packets of AF_UNIX, closed on exec, not blocking
        assert verdict(program, socketpair, architecture, 1, kind) == ALLOWED
        assert verdict(program, socketpair, architecture, 2, kind) == refused(errno.EPERM)
        for call in (socketpair, (41, 198)[column]):
            assert verdict(with_sockets, call, architecture, 1, kind) == ALLOWED
            assert verdict(with_sockets, call, architecture, 2, kind) == refused(errno.EPERM)
    for kind in (2, 3, 2 | 0x80000):  # datagrams, which may be sent to any name
        assert verdict(program, socketpair, architecture, 1, kind) == refused(errno.EPERM)
        assert verdict(with_sockets, (41, 198)[column], architecture, 1, kind) == refused(errno.EPERM)
    for command in (0x5412, 0x541C, 0x5423):  # typing into a terminal, giving it another line discipline
        assert verdict(program, ioctl, architecture, 0, command) == refused(errno.EPERM)
    assert verdict(program, ioctl, architecture, 0, 0x5401) == ALLOWED
