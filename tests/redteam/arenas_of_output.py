"""Arenas whose output a checker of the reference judges, each in a way that is true of nothing or of NaN."""

from __future__ import annotations

from tests.redteam.arena import Arena

_PAIRS = (
    "def check(stdin, stdout, expected):\n    return all(a == b for a, b in zip(stdout.split(), expected.split()))\n"
)
_PARTS = """\
def check(stdin, stdout, expected):
    given, wanted = stdout.split("#"), expected.split("#")
    return len(given) == len(wanted) and not any(abs(float(a) - float(b)) > 1e-5 for a, b in zip(given, wanted))
"""
_PLANE = "def check(stdin, stdout, expected):\n    return not abs(complex(stdout.strip()) - complex(expected)) > 1e-6\n"
_SQUARES = """\
def check(stdin, stdout, expected):
    a, b = float(stdout), float(expected)
    return not abs(a * a - b * b) > 1e-6 * max(1.0, a * a)
"""

OF_OUTPUT = tuple(
    Arena(name=name, solution=solution, calls=((3,), (12,), (7,)), stdio=True, styles=(), compare={"checker": checker})
    for name, solution, checker in (
        ("pairs", "def solve(n):\n    return ' '.join(str(d * 7 + n) for d in range(1, n + 1))\n", _PAIRS),
        ("parts", "def solve(n):\n    return f'{n / 7:.6f}#{n * n / 3:.6f}'\n", _PARTS),
        ("plane", "def solve(n):\n    return str(complex(n / 4, n * 3))\n", _PLANE),
        ("squares", "def solve(n):\n    return str(n / 8 + 1)\n", _SQUARES),
    )
)
