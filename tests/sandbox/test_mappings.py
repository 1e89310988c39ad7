"""The areas of memory that libraries are mapped in: fewer of them, with the same content."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_PROGRAM = """
import ctypes, decimal, json, os, sys
from sandbox.zygote import mappings

def places():
    return [area for area in mappings.areas() if area.file]

def content(area):
    with open(area.file, "rb") as file:
        file.seek(area.offset)
        size = min(area.end - area.start, os.fstat(file.fileno()).st_size - area.offset)
        return ctypes.string_at(area.start, size) == file.read(size)

before = places()
mappings.join()
code = [content(area) for area in before if area.allowed == "r-xp"]
pid = os.fork()
if pid == 0:
    os._exit(len(json.loads("[1, 2]")))
ended = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(json.dumps([len(before), len(places()), code, ended]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the zygote is Linux's")
def test_libraries_take_fewer_areas_and_their_code_stays_what_it_was() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=600, check=True)
    before, after, code, ended = json.loads(done.stdout)
    assert after <= 0.7 * before
    assert code
    assert all(code)
    assert ended == 2
