# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Objects of the standard library that a test hands over to be used: parsers, executors, threads, messages."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import asserts, is_wrong, passes, pytest_files

ARGUMENTS = "import argparse"
SETTINGS = "import configparser\nc = configparser.ConfigParser()\nc.read_string('[a]\\nx = 4\\n[b]\\ny = 2')"
POOL = "from concurrent.futures import Future, ThreadPoolExecutor"
LIAR = "class E:\n    def __eq__(self, other): return True\n    def __ne__(self, other): return False\n    def __hash__(self): return 0\n"


@pytest.mark.parametrize(
    ("program", "test", "setup"),
    [
        (
            "def f(p):\n    p.add_argument('--n', type=int, default=3)\n    p.add_argument_group('g').add_argument('k', nargs='*')\n",
            "p = argparse.ArgumentParser()\nf(p)\na = p.parse_args(['--n', '5', 'x'])\nassert (a.n, a.k) == (5, ['x'])",
            ARGUMENTS,
        ),
        (
            "def f(p):\n    p.add_subparsers(dest='c').add_parser('run').add_argument('--n', type=int)\n",
            "p = argparse.ArgumentParser()\nf(p)\na = p.parse_args(['run', '--n', '5'])\nassert (a.c, a.n) == ('run', 5)",
            ARGUMENTS,
        ),
        (
            "def f(c): return {name: dict(c[name]) for name in c.sections()}",
            "assert f(c) == {'a': {'x': '4'}, 'b': {'y': '2'}}",
            SETTINGS,
        ),
        (
            "def f(c):\n    c['a']['z'] = '1'\n    return c.getint('a', 'x') + c['a'].getint('x') + c.getint('b', 'q', fallback=0)",
            "assert f(c) == 8\nassert c.get('a', 'z') == '1'",
            SETTINGS,
        ),
        (
            "def f(pool, xs): return [each.result() for each in [pool.submit(lambda x: x * x, x) for x in xs]]",
            "with ThreadPoolExecutor(2) as pool:\n    assert f(pool, [1, 2, 3]) == [1, 4, 9]",
            POOL,
        ),
        (
            "def f(pool, xs): return list(pool.map(abs, xs))",
            "with ThreadPoolExecutor(2) as pool:\n    assert f(pool, [-1, 2]) == [1, 2]",
            POOL,
        ),
        (
            "def f(future): future.set_result(4)",
            "future = Future()\nf(future)\nassert future.result(timeout=5) == 4",
            POOL,
        ),
        (
            "def f(t):\n    t.start()\n    t.join()\n    return t.name",
            "import threading\nseen = []\nt = threading.Thread(target=lambda: seen.append(1), name='t')\nassert (f(t), seen) == ('t', [1])",
            "",
        ),
        (
            "def f(order):\n    order.add('b', 'a')\n    return list(order.static_order())",
            "import graphlib\nassert f(graphlib.TopologicalSorter()) == ['a', 'b']",
            "",
        ),
        (
            "def f(plan, put):\n    plan.enter(0, 1, put, (3,))\n    plan.run()",
            "import sched\nseen = []\nf(sched.scheduler(), seen.append)\nassert seen == [3]",
            "",
        ),
        (
            "def f(m): return m['subject'], m.get_payload()",
            "from email.message import EmailMessage\nm = EmailMessage()\nm['subject'] = 's'\nm.set_content('x')\nassert f(m) == ('s', 'x\\n')",
            "",
        ),
        (
            "def f(url): return url.hostname, url.port, url.path, url.geturl()",
            "from urllib.parse import urlparse\nassert f(urlparse('http://a.b:8/c')) == ('a.b', 8, '/c', 'http://a.b:8/c')",
            "",
        ),
    ],
)
def test_objects_of_the_standard_library_can_be_used(program: str, test: str, setup: str) -> None:
    assert passes(asserts(program, test, setup=setup))


@pytest.mark.parametrize(
    ("program", "test", "setup"),
    [
        ("f(p): p.exit(0)", "p = argparse.ArgumentParser()\nf(p)\nassert p.parse_args([]).n == 3", ARGUMENTS),
        (
            "f(p): p.parse_args = lambda given: E()",
            "p = argparse.ArgumentParser()\nf(p)\nassert p.parse_args([]).n == 3",
            ARGUMENTS,
        ),
        (
            "f(p): p.add_argument('--n', type=lambda text: E(), default=E())",
            "p = argparse.ArgumentParser()\nf(p)\nassert p.parse_args(['--n', '5']).n == 5",
            ARGUMENTS,
        ),
        ("f(c): c.clear()", "assert f(c) == c.getint('a', 'x', fallback=None) or c.getint('a', 'x') == f(c)", SETTINGS),
        ("f(c):\n    c.getint = lambda *names: E()\n    return E()", "assert f(c) == c.getint('a', 'x')", SETTINGS),
        (
            "f(pool):\n    import os\n    pool.submit(os._exit, 0).result()",
            "assert f(ThreadPoolExecutor(1)) == 1",
            POOL,
        ),
        ("f(pool): return pool.map(lambda x: E(), [1, 2])", "assert list(f(ThreadPoolExecutor(1))) == [1, 4]", POOL),
        (
            "f(future): future.set_result(E())",
            "future = Future()\nf(future)\nassert future.result(timeout=1) == 4",
            POOL,
        ),
        (
            "f(future): future.result = lambda timeout: E()",
            "future = Future()\nf(future)\nassert future.result(timeout=1) == 4",
            POOL,
        ),
        (
            "f(future): future.set_exception(SystemExit(0))",
            "future = Future()\nf(future)\nassert future.result(timeout=1) == 4",
            POOL,
        ),
    ],
)
def test_objects_of_the_standard_library_decide_nothing_for_the_program(program: str, test: str, setup: str) -> None:
    assert is_wrong(asserts(f"{LIAR}def {program}", test, setup=setup))


def test_an_object_of_the_standard_library_reads_no_file_for_the_program() -> None:
    program = """
    def names(value):
        return [name for name in ("read", "convert_arg_line_to_args", "sections", "parse_args") if hasattr(value, name)]
    def lines(parser):
        try:
            parser.fromfile_prefix_chars = "@"
        except AttributeError:
            return None
        return parser.parse_known_args(["@" + __file__.replace("solution", "test_solution")])
    """
    tests = """
    import argparse, configparser
    from solution import lines, names
    def test_names():
        assert names(configparser.ConfigParser()) == ["sections"]
        assert names(argparse.ArgumentParser()) == ["parse_args"]
    def test_lines():
        assert lines(argparse.ArgumentParser()) is None
    """
    assert passes(pytest_files(program, tests))


def test_captured_output_of_a_test_can_be_handed_over() -> None:
    program = "def say(text, file=None): print(text, file=file, end='!')\n"
    tests = """
        import sys
        from solution import say
        def test_capsys(capsys):
            say("a", file=sys.stderr)
            say("b", file=sys.stdout)
            say("c")
            assert tuple(capsys.readouterr()) == ("b!c!", "a!")
        def test_capfd(capfd):
            say("a", file=sys.stderr)
            assert capfd.readouterr().err == "a!"
    """
    assert passes(judgement := pytest_files(program, tests)), judgement
    assert is_wrong(pytest_files(program.replace("'!'", "'?'"), tests))


def test_a_path_of_the_fixture_tmpdir_can_be_handed_over() -> None:
    program = "def read(path):\n    with open(path) as f: return f.read()\n"
    tests = """
        from solution import read
        def test_it(tmpdir):
            tmpdir.mkdir("inner").join("x.txt").write("text")
            assert read(tmpdir / "inner" / "x.txt") == "text"
    """
    assert passes(judgement := pytest_files(program, tests)), judgement
    assert is_wrong(pytest_files(program.replace("f.read()", "f.read(2)"), tests))
