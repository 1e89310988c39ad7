# ruff: noqa: E501  # programs and tests of one line are easier to compare
"""Loggers that tests know by name, and what tests patch by a name that the program has for it."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import is_wrong, passes, pytest_files

LOGGERS = """
import logging
def get_logger(name):
    logger = logging.getLogger(name)
    logger.setLevel(logging.INFO)
    if not logger.handlers: logger.addHandler(logging.StreamHandler())
    return logger
class Service:
    def __init__(self, logger=None): self.logger = logger or logging.getLogger("service")
    def run(self, x): self.logger.warning("running %s", x)
"""
OF_LOGGERS = """
    import logging, unittest
    from unittest import mock
    from solution import Service, get_logger
    def test_identity():
        assert get_logger("a") is logging.getLogger("a") and get_logger("a") is not logging.getLogger("b")
        logger = get_logger("c")
        assert logger is logging.getLogger("c") and logging.getLogger("c") is logger and logger != logging.getLogger("d")
        assert Service().logger == logging.getLogger("service") and len(logger.handlers) == 1
    def test_own(caplog):
        mine = logging.getLogger("mine")
        Service(mine).run(3)
        assert Service(mine).logger is mine and caplog.record_tuples == [("mine", logging.WARNING, "running 3")]
    class T(unittest.TestCase):
        def test_same(self):
            self.assertIs(get_logger("e"), logging.getLogger("e"))
            with self.assertLogs(logging.getLogger("service"), "WARNING") as seen: Service().run(1)
            self.assertEqual(seen.output, ["WARNING:service:running 1"])
        @mock.patch("logging.getLogger")
        def test_patched(self, made):
            Service()
            made.assert_called_once_with("service")
"""
PATHS = """
import pathlib
from pathlib import Path
def read(p="x"):
    p = Path(p)
    return p.read_text() if p.exists() else "none"
def again(p="x"): return pathlib.Path(p).read_text()
def home(): return Path.home() / ".app"
def make(p): Path(p).mkdir(parents=True, exist_ok=True)
"""
OF_PATHS = """
    from pathlib import Path
    from unittest.mock import patch
    import solution
    from solution import again, home, make, read
    def test_named():
        with patch("solution.Path.exists", return_value=True), patch("solution.Path.read_text", return_value="abc") as reading:
            assert read() == "abc"
        reading.assert_called_once_with()
        assert read("nope") == "none"
    def test_objects(monkeypatch):
        with patch.object(solution.Path, "exists", return_value=False): assert read(__file__) == "none"
        monkeypatch.setattr(solution.Path, "home", lambda: Path("/h"))
        assert home() == Path("/h/.app")
    def test_module():
        with patch("solution.pathlib.Path.read_text", return_value="q"): assert again() == "q"
    @patch("solution.Path.mkdir")
    def test_made(made):
        make("/a/b")
        made.assert_called_once_with(parents=True, exist_ok=True)
"""

MODULE = """
import json as backend
def dump(x): return backend.dumps(x)
def use(m, xs):
    m.seen.append(len(xs))
    return m.scale(sum(xs)) if hasattr(m, "scale") else None
"""
OF_MODULE = """
    import types
    from unittest import mock
    import pytest
    import solution
    def test_in_its_place(monkeypatch):
        fake = types.ModuleType("fake")
        fake.dumps = mock.Mock(return_value="<3>")
        monkeypatch.setattr(solution, "backend", fake)
        assert solution.dump(3) == "<3>"
        fake.dumps.assert_called_once_with(3)
        with mock.patch.object(solution, "backend", types.ModuleType("empty")), pytest.raises(AttributeError):
            solution.dump(1)
    def test_argument():
        m = types.ModuleType("m")
        m.seen = []
        assert solution.use(m, [1, 2]) is None
        m.scale = lambda n: 10 * n
        assert solution.use(m, [1, 2]) == 30 and m.seen == [2, 2]
"""


@pytest.mark.parametrize(
    ("program", "wrong", "tests"),
    [
        (MODULE, ("backend.dumps(x)", "backend.dumps([x])"), OF_MODULE),
        (MODULE, ("len(xs)", "len(xs[1:])"), OF_MODULE),
        (LOGGERS, ("logging.getLogger(name)", "logging.Logger(name)"), OF_LOGGERS),
        (LOGGERS, ('getLogger("service")', 'getLogger("server")'), OF_LOGGERS),
        (PATHS, ("parents=True, ", ""), OF_PATHS),
        (PATHS, ("Path.home()", 'Path("/root")'), OF_PATHS),
    ],
)
def test_loggers_and_patches(program: str, wrong: tuple[str, str], tests: str) -> None:
    assert wrong[0] in program
    assert passes(pytest_files(program, tests))
    assert is_wrong(pytest_files(program.replace(*wrong), tests))


def test_a_program_does_not_learn_which_logger_is_expected() -> None:
    hack = (
        "import logging\nheard = []\nclass Any(logging.Logger):\n    name = property(lambda s: heard[-1] if heard else 'root', lambda s, v: None)\n"
        "real = logging.getLogger\ndef asked(name=None):\n    heard.append(name)\n    return made\nlogging.getLogger = asked\nmade = Any('x')\n"
        "def make(): return made\n"
    )
    for said in ("make() is logging.getLogger('app.db')", "logging.getLogger('app.db') is make()"):
        assert is_wrong(
            pytest_files(hack, f"import logging, solution\nfrom solution import make\ndef test_a(): assert {said}\n")
        )


@pytest.mark.parametrize(
    ("body", "judging"),
    [
        ("m.rows = [1]\n    return 1", "assert f(m) == sum(m.rows)"),
        ("m.rows[:] = [1]\n    return 1", "assert f(m) == sum(m.rows)"),
        ("m.total = lambda: 1\n    return 1", "assert f(m) == m.total()"),
        ("m.limit = 99\n    return 99", "assert f(m) == m.limit"),
        ("del m.limit\n    return 1", "assert f(m) == getattr(m, 'limit', 1)"),
    ],
)
def test_a_module_that_a_test_made_is_read_and_not_written(body: str, judging: str) -> None:
    made = "m = types.ModuleType('m')\n    m.rows, m.limit, m.total = [3, 4], 7, lambda: sum(m.rows)"
    tests = f"import types\nfrom solution import f\ndef test_a():\n    {made}\n    {judging}\n"
    assert passes(pytest_files("def f(m): return sum(m.rows)\n", tests))
    assert is_wrong(pytest_files(f"def f(m):\n    {body}\n", tests))


def test_a_stream_of_the_test_stays_one_where_its_class_is_patched() -> None:
    program = "def lines(name):\n    with open(name) as f: return [line.strip() for line in f]\n"
    tests = """
        import io
        from unittest import mock
        from solution import lines
        @mock.patch("io.StringIO", wraps=io.StringIO)
        @mock.patch("solution.open", side_effect=lambda name: io.StringIO("b\\na\\n"), create=True)
        def test_lines(opened, made):
            assert lines("x") == ["b", "a"]
            opened.assert_called_once_with("x")
    """
    assert passes(pytest_files(program, tests))
    assert is_wrong(pytest_files(program.replace("for line in f", "for line in sorted(f)"), tests))


def test_the_fields_of_a_log_record_come_with_it() -> None:
    program = (
        "import logging\nlog = logging.getLogger('jobs')\n"
        "def run(n): log.info('ran %d', n, extra={'job': {'id': n, 'tags': ['a', None]}, 'user': 'bob', 'odd': {1: 2}})\n"
    )
    tests = """
        import logging
        from solution import run
        def test_fields(caplog):
            caplog.set_level(logging.INFO)
            run(3)
            (record,) = caplog.records
            assert record.job == {"id": 3, "tags": ["a", None]} and record.user == "bob"
    """
    assert passes(pytest_files(program, tests))
    assert is_wrong(pytest_files(program.replace("'id': n", "'id': n + 1"), tests))
    endless = program.replace("def run(n):", "held = []\nheld.append(held)\ndef run(n):").replace("{1: 2}", "held")
    assert passes(pytest_files(endless, tests))


def test_a_handler_of_the_test_writes_where_the_test_reads() -> None:
    program = """
        import json, logging
        class Lines(logging.Formatter):
            def format(self, record): return json.dumps([record.levelname, record.getMessage()])
        def get_logger(name, handler):
            log = logging.getLogger(name)
            log.setLevel(logging.INFO)
            log.propagate = False
            if handler not in log.handlers: log.addHandler(handler)
            return log
        def run(log): log.info("ran %d", 3)
    """
    tests = """
        import io, logging, sys
        from solution import Lines, get_logger, run
        def test_format():
            out = io.StringIO()
            handler = logging.StreamHandler(out)
            handler.setFormatter(logging.Formatter("%(levelname)s|%(message)s"))
            log = get_logger("a", handler)
            run(get_logger("a", handler))
            assert out.getvalue() == "INFO|ran 3\\n" and log.handlers == [handler]
        def test_own_format(capsys):
            handler = logging.StreamHandler(sys.stdout)
            handler.setFormatter(Lines())
            run(get_logger("b", handler))
            assert capsys.readouterr().out == '["INFO", "ran 3"]\\n'
        def test_level():
            out = io.StringIO()
            handler = logging.StreamHandler(out)
            handler.setLevel(logging.ERROR)
            run(get_logger("c", handler))
            assert out.getvalue() == ""
    """
    assert passes(judgement := pytest_files(program, tests)), judgement
    assert is_wrong(pytest_files(program.replace("ran %d", "runs %d"), tests))


def test_an_exception_of_the_test_that_the_logger_of_the_program_would_record_is_unsupported() -> None:
    program = "import logging\ndef get_logger(name): return logging.getLogger(name)\n"
    tests = """
        from solution import get_logger
        def test_it(caplog):
            try: 1 / 0
            except ZeroDivisionError: get_logger("a").{how}("oops")
            assert caplog.messages == ["oops"]
    """
    assert "records an exception" in pytest_files(program, tests.replace("{how}", "exception")).fault
    assert passes(judgement := pytest_files(program, tests.replace("{how}", "error"))), judgement
