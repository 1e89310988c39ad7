"""Gaps in an interpreter's memory: once they are filled, what is allocated lies side by side."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

_PROGRAM = """
import json, sys
from sandbox.zygote import compact
size, each, count = {size}, {each}, 40
made = [bytes(size - 33) for _ in range(4000)]
del made[::each]  # one gap in a page, or fewer

def pages():
    return len({{id(one) >> 12 for one in [bytes(size - 33) for _ in range(count)]}})

before = pages()
held = compact.fill_gaps()
print(json.dumps([before, pages(), -(-count * (size + 16) // 4096)]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the zygote is Linux's")
@pytest.mark.parametrize(("size", "each"), [(112, 73), (256, 40), (608, 9)], ids=["small", "larger", "of the heap"])
def test_objects_lie_side_by_side_where_the_gaps_between_others_are_filled(size: int, each: int) -> None:
    program = _PROGRAM.format(size=size, each=each)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=600, check=True)
    before, after, needed = json.loads(done.stdout)
    assert before > 2 * needed, "there were no gaps to be filled"
    assert after <= needed + 2
