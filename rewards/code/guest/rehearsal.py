"""One zygote for both processes of a pair, and a rehearsal of what they do.

An interpreter specialises code while it runs, creates types and tables on first use, and caches look-ups. A fresh fork
would do all of that again for each program; after a rehearsal it is done. The rehearsal has no other lasting effect:
each real conversation begins with its own objects.
"""

from __future__ import annotations

import _thread
import gc
import os
import sys
import time
from _socket import socketpair
from typing import Any

from .encoding.channel import Channel, Ended, framed
from .encoding.codec import decode, encode
from .judging import checker, verdicts
from .program import candidate
from .sources import context
from .transfer.link import Link

_SECONDS_TO_END = 5.0
_TIMES = 12  # more calls than the interpreter needs to specialise a function
_PROGRAM = b"""
class Box:
    def __init__(self, content):
        self.content = content

def give(value):
    return value

def raises(value):
    raise ValueError(value)
"""
_CASES = (
    "assert give(1) == 1",
    "assert give('a') == 'a' and give([1, 2.5, (None, True)]) == [1, 2.5, (None, True)]",
    "assert give({'a': {1}}) == {'a': {1}}",
    "assert Box(3).content == 3",
    "assert sorted(give([2, 1])) == [1, 2]",
)
_PROMPT = "def give(value):\n    '''Give it back.'''\n"
_TEST = "def check(candidate):\n    assert candidate(1) == 1\n    assert candidate('a') == 'a'\n"


def rehearse() -> None:
    """Hold some conversations in this process, which must have one thread, and has one again afterwards."""
    source = os.memfd_create("rehearsal")
    os.write(source, _PROGRAM)
    program = {"module": "solution", "file": f"/proc/self/fd/{source}", "forward": (), "wanted": ()}
    joined = {**program, "prompt": _PROMPT, "entry_point": "give"}
    starts = (
        {"mode": "asserts", "setup": "", "cases": _CASES, "program": program},
        {"mode": "check", "prompt": _PROMPT, "entry_point": "give", "test": _TEST, "program": joined},
    )
    before = dict(context.SOURCES)
    enabled = gc.isenabled()
    gc.disable()  # a proxy that is collected tells the current link, which might be that of a later conversation
    try:
        for _ in range(_TIMES):
            for start in starts:
                _converse({**start, "first": 0, "skip": (), "partial": False})
        gc.collect()
    finally:
        if enabled:
            gc.enable()
    os.close(source)
    _alone()
    for name in ("solution", checker.TEST):
        sys.modules.pop(name, None)
    context.SOURCES.clear()
    context.SOURCES.update(before)


def _alone() -> None:
    """Wait until the threads are gone: each reports its end a moment before it has ended."""
    until = time.monotonic() + _SECONDS_TO_END
    while len(os.listdir("/proc/self/task")) > 1 and time.monotonic() < until:
        time.sleep(0.0005)


def _converse(start: dict[str, Any]) -> None:
    ours, theirs = socketpair()
    caller, report = socketpair()
    ended = _thread.allocate_lock()
    ended.acquire()

    def serve() -> None:
        try:
            candidate.serve(Channel(theirs.fileno()))
        except Ended:
            pass
        finally:
            ended.release()

    _thread.start_new_thread(serve, ())
    caller.sendall(framed(encode(start)))
    channel = Channel(report.fileno())
    told = decode(channel.receive())
    checker.MODES[told["mode"]](Link(Channel(ours.fileno())), verdicts.Report(channel), told)
    ours.close()
    ended.acquire()
    answers = caller.recv(1 << 16)
    if b"fault" in answers or b"failure" in answers or b"done" not in answers:
        raise OSError(f"the rehearsal of a test went wrong: {answers[-300:]!r}")
    for end in (theirs, caller, report):
        end.close()
