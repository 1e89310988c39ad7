"""A test whose own import fails, whatever the program is, says nothing of the program."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, check, is_wrong, passes, pytest_files

SAME = "def f(x): return x\n"
FILES = {
    "first": "import absent_module\nfrom solution import f\ndef test(): assert f(1) == 1\n",
    "behind the program": "from solution import f\nimport absent_module\ndef test(): assert f(1) == 1\n",
    "behind a call": "import solution as s\nA = s.f(1)\nfrom absent_module import g\ndef test(): assert s.f(1)\n",
    "by name": "import importlib, solution\nA = solution.f(1)\nB = importlib.import_module('absent_module')\n"
    "def test(): assert solution.f(1) == 1\n",
    "in a test": "from solution import f\ndef test():\n    a = f(1)\n    import absent_module\n    assert a == 1\n",
    "a part": "from solution import f\nimport json.absent_module\ndef test(): assert f(1) == 1\n",
    "of an older Python": "from solution import f\nfrom collections import Mapping\ndef test(): assert f(1) == 1\n",
}
NAMED = ("absent_module", "collections")


@pytest.mark.parametrize("where", FILES)
def test_a_file_that_imports_what_is_absent_is_not_judged(where: str) -> None:
    judgement = pytest_files(SAME, FILES[where])
    assert not passes(judgement)
    assert not is_wrong(judgement), judgement
    assert any(name in str(judgement) for name in NAMED)


@pytest.mark.parametrize(
    "source", ["import absent_module\nassert f(1) == 1", "a = f(1)\nimport absent_module\nassert a"]
)
def test_neither_is_an_assert_or_a_check(source: str) -> None:
    inside = "def check(f):\n    " + source.replace("\n", "\n    ")
    for judgement in (asserts(SAME, source), check(SAME, inside)):
        assert not passes(judgement)
        assert not is_wrong(judgement), judgement


def test_a_setup_that_imports_what_is_absent_names_it() -> None:
    assert "absent_module" in asserts(SAME, "assert f(1) == 1", setup="import absent_module").fault


@pytest.mark.parametrize(
    "tests",
    [
        "from solution import g\ndef test(): assert g(1) == 1\n",
        "import os; from solution import g\ndef test(): assert g(1) == 1\n",
        "from solution import f\ndef test():\n    f('made')\n    import made\n    assert made.x == 1\n",
        "from solution import f\ndef test():\n    raise ImportError(str(f(1)))\n",
        "from solution import f\ndef test():\n    try:\n        import absent_module\n    except ImportError:\n"
        "        assert f(1) == 2\n",
    ],
    ids=[
        "a name of the program",
        "a name behind another import",
        "a module of the program",
        "raised by the test",
        "expected",
    ],
)
def test_what_the_program_lacks_is_wrong(tests: str) -> None:
    assert is_wrong(pytest_files(SAME, tests))


def test_an_import_that_the_program_lets_fail_is_wrong() -> None:
    hack = "def f(x): raise ModuleNotFoundError(\"No module named 'absent_module'\", name='absent_module')\n"
    assert is_wrong(pytest_files(hack, "from solution import f\ndef test(): assert f(1) == 1 # absent_module\n"))
    assert is_wrong(asserts(hack, "assert f(1) == 1"))


@pytest.mark.parametrize("name", ["mocker", "benchmark"])
def test_a_test_that_wants_the_fixture_of_an_absent_plugin_is_not_judged(name: str) -> None:
    judgement = pytest_files(SAME, f"from solution import f\ndef test({name}): assert f(1) == 1\n")
    assert not passes(judgement)
    assert not is_wrong(judgement), judgement
    assert name in str(judgement)


@pytest.mark.parametrize(
    ("program", "tests"),
    [
        (
            "def f(g):\n    def wrapped(absent): return g()\n    return wrapped\n",
            "from solution import f\n@f\ndef test(): assert False  # absent\n",
        ),
        (
            "def f(x): return 'absent'\n",
            "from solution import f\ndef test(request): request.getfixturevalue(f(1))  # absent\n",
        ),
    ],
    ids=["by a decorator", "by a name"],
)
def test_a_program_that_asks_for_an_absent_fixture_is_wrong(program: str, tests: str) -> None:
    assert is_wrong(pytest_files(program, tests))


def test_a_test_that_does_not_compile_says_where() -> None:
    assert "invalid syntax" in asserts(SAME, "assert f(1) ===").fault
