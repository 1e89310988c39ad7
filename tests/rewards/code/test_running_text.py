# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Functions of the standard library that run text, or call what a text names, and are given what the program gave."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import is_wrong, passes, pytest_files

DOCUMENTED = 'def f(n):\n    """\n    >>> f(1)\n    2\n    """\n    return n * n + 1\n'
TAKES_F = "def f(n):\n    \"\"\"\n    >>> [g.f_globals.__setitem__('f', lambda n: 17) for s in [__import__('sys')] for g in [s._getframe(k) for k in range(6)] if 'DocTestParser' in g.f_code.co_names] and None\n    \"\"\"\n    return 1\n"


def test_examples_of_the_program_run_where_it_is_or_only_compute():
    module = "import doctest, solution\ndef test_it():\n    r = doctest.testmod(solution)\n    assert (r.failed, r.attempted) == (0, 1) and solution.f(4) == 17\n"
    text = "import doctest\nfrom solution import f\ndef test_it():\n    r = doctest.DocTestRunner(verbose=False)\n    r.run(doctest.DocTestParser().get_doctest(f.__doc__, {'f': f}, 'f', None, 0))\n    assert (r.failures, r.tries) == (0, 1) and f(4) == 17\n"
    for test in (module, text):
        assert passes(pytest_files(DOCUMENTED, test))
        assert is_wrong(pytest_files(DOCUMENTED.replace("n * n + 1", "1"), test))
        assert is_wrong(pytest_files(TAKES_F, test))


TAKES_SOLUTION = "import sys\\nf = sys._getframe()\\nwhile f:\\n    s = f.f_globals.get('solution')\\n    if hasattr(s, 'solve'): f.f_globals['solution'] = type('X', (), {'solve': staticmethod(lambda n: n * n + 1)})\\n    f = f.f_back"


@pytest.mark.parametrize(
    ("made", "wrong", "run"),
    [
        ("'1 + 1'", f'"{TAKES_SOLUTION}"', "import timeit; timeit.timeit(solution.made(), number=1)"),
        (
            "{'version': 1, 'handlers': {'h': {'class': 'logging.StreamHandler', 'stream': 'ext://sys.stdout'}}}",
            f"{{'version': 1, 'formatters': {{'f': {{'()': 'timeit.timeit', 'stmt': \"{TAKES_SOLUTION}\", 'number': 1}}}}}}",
            "import logging.config; logging.config.dictConfig(solution.made())",
        ),
        ("'x = 1'", f'"{TAKES_SOLUTION}"', "import cProfile; cProfile.run(solution.made())"),
        (
            "'x = 1'",
            f'"{TAKES_SOLUTION}"',
            "import code; exec('code.InteractiveInterpreter({}).runsource(solution.made())')",
        ),
    ],
)
def test_text_that_the_program_gave_calls_nothing_where_the_test_is(made: str, wrong: str, run: str):
    test = f"import solution\ndef test_it():\n    {run}\n    assert solution.solve(3) == 10\n"
    assert passes(pytest_files(f"def made(): return {made}\ndef solve(n): return n * n + 1\n", test))
    assert is_wrong(pytest_files(f"def made(): return {wrong}\ndef solve(n): return 1\n", test))


def test_statements_of_the_test_itself_are_timed():
    test = "import timeit\nfrom solution import f\ndef test_it():\n    n = 3\n    assert timeit.timeit('import os; f(3)', globals=globals(), number=2) >= 0\n    assert timeit.timeit(f'f({n})', globals=globals(), number=2) >= 0\n    assert f(n) == 4\n"
    assert passes(pytest_files("def f(n): return n + 1\n", test))


@pytest.mark.parametrize("options", ["", ", filter='fully_trusted'", ", filter='tar'"])
def test_archives_of_the_program_lead_to_no_file_of_the_test(options: str):
    test = f"""
        import tarfile
        from solution import pack
        def test_it(tmp_path):
            kept, made, out = tmp_path / "kept", tmp_path / "made.tar", tmp_path / "out"
            kept.mkdir()
            (kept / "a.txt").write_text("text")
            pack(str(kept), str(made))
            with tarfile.open(made) as archive:
                archive.extractall(out{options})
            assert (out / "a.txt").read_text() == (kept / "a.txt").read_text()
    """
    packed = "import tarfile\ndef pack(folder, made):\n    with tarfile.open(made, 'w') as a:\n        "
    linked = "i = tarfile.TarInfo('a.txt'); i.type, i.linkname = tarfile.SYMTYPE, '../kept/a.txt'; a.addfile(i)"
    assert passes(pytest_files(f"{packed}a.add(folder + '/a.txt', 'a.txt')\n", test))
    assert is_wrong(pytest_files(f"{packed}{linked}\n", test))


@pytest.mark.parametrize("load", ["yaml.unsafe_load({})", "yaml.load({}, Loader=yaml.UnsafeLoader)"])
def test_yaml_of_the_program_names_only_data_and_its_own_objects(load: str):
    pytest.importorskip("yaml")
    test = f"import yaml\nfrom solution import dump\ndef test_it():\n    d = {{'a': [1, (2, 1j)]}}\n    assert {load.format('dump(d)')} == d\n"
    assert passes(judged := pytest_files("import yaml\ndef dump(d): return yaml.dump(d)\n", test)), judged
    call = "!!python/object/apply:builtins.eval [\"__import__('unittest.mock').mock.ANY\"]"
    for text in ("!!python/name:unittest.mock.ANY", "!!python/object/apply:os._exit [0]", call):
        assert is_wrong(pytest_files(f"def dump(d): return {text!r}\n", test)), text
    own = (
        "import yaml, solution\ndef test_it():\n    assert yaml.unsafe_load('!!python/name:math.pi') > solution.f(3)\n"
    )
    assert passes(pytest_files("def f(n): return n\n", own))
