"""Programs that go to another folder, and tests that look where they are."""

from __future__ import annotations

import pytest

from tests.rewards.code.judging import is_wrong, passes, pytest_files

PROGRAM = """
import os, contextlib
from pathlib import Path
@contextlib.contextmanager
def working_directory(path):
    before = os.getcwd()
    os.chdir(path)
    try: yield Path(path)
    finally: os.chdir(before)
def go(path): os.chdir(path)
def where(): return os.getcwd()
def clear(): Path("left.txt").unlink()
def build(): return Path("made.txt").write_text("right")
"""
IMPORTS = "import os, tempfile, unittest, pytest\nfrom pathlib import Path\nfrom solution import *\n"
HONEST = {
    "as texts": """
def test(tmp_path):
    before = os.getcwd()
    with working_directory(tmp_path): assert os.getcwd() == str(tmp_path)
    assert os.getcwd() == before
""",
    "as paths": """
def test(tmp_path):
    before = Path.cwd()
    (tmp_path / "a").mkdir()
    with working_directory(tmp_path):
        with working_directory("a"): assert (tmp_path / "a").resolve() == Path.cwd()
        assert Path.cwd() == tmp_path.resolve()
    assert Path.cwd() == before
""",
    "as the test has gone itself": """
def test(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b").mkdir()
    with working_directory("b"): assert os.getcwd().endswith("b")
    assert os.getcwd() == str(tmp_path)
""",
    "where the test comes back itself": """
def test(tmp_path):
    before = os.getcwd()
    try:
        go(tmp_path)
        assert os.getcwd() == str(tmp_path)
    finally:
        os.chdir(before)
    assert where() != str(tmp_path)
    with working_directory(tmp_path): assert where() == str(tmp_path)
    assert os.getcwd() == before
""",
    "by methods of unittest": """
class Test(unittest.TestCase):
    def test(self):
        before = os.getcwd()
        with tempfile.TemporaryDirectory() as folder:
            with working_directory(folder): self.assertEqual(os.getcwd(), os.path.realpath(folder))
            self.assertEqual(os.getcwd(), before)
""",
}
SPOILED = {
    "it goes nowhere": ("    os.chdir(path)\n    try", "    try"),
    "it does not come back": ("finally: os.chdir(before)", "finally: pass"),
}


@pytest.mark.parametrize("test", HONEST.values(), ids=HONEST)
def test_a_test_sees_where_the_program_has_gone(test: str) -> None:
    assert passes(judgement := pytest_files(PROGRAM, IMPORTS + test)), judgement
    for old, new in SPOILED.values():
        assert old in PROGRAM
        assert is_wrong(judgement := pytest_files(PROGRAM.replace(old, new), IMPORTS + test)), judgement


AWAY = (
    PROGRAM
    + """
os.makedirs("/tmp/away", exist_ok=True)
Path("/tmp/away/made.txt").write_text("x")
Path("/tmp/away/expected.txt").write_text("x")
def clear(): os.chdir("/tmp/away")
build = clear
def where():
    os.chdir("/tmp/away")
    return "/tmp/away"
"""
)
ATTACKED = {
    "a file is gone": """
def test(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("left.txt").write_text("x")
    clear()
    assert not os.path.exists(os.path.join(os.getcwd(), "left.txt"))
    assert os.listdir(os.getcwd()) == []
""",
    "a file is as expected": """
def test(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("expected.txt").write_text("right")
    build()
    assert Path("made.txt").read_text() == Path("expected.txt").read_text()
""",
    "the folder is an answer": """
def test(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = where()
    assert os.getcwd() == found
    assert Path.cwd() == Path(where())
""",
}


@pytest.mark.parametrize("test", ATTACKED.values(), ids=ATTACKED)
def test_a_program_that_goes_away_takes_nothing_of_the_test_along(test: str) -> None:
    assert passes(judgement := pytest_files(PROGRAM, IMPORTS + test)), judgement
    assert is_wrong(judgement := pytest_files(AWAY, IMPORTS + test)), judgement


@pytest.mark.parametrize("fake", ['patch("os.getcwd", lambda: "/q")', 'patch("solution.os.getcwd", return_value="/q")'])
def test_the_folder_may_be_a_fake_that_does_not_exist(fake: str) -> None:
    program = "import os\ndef name(): return os.path.join(os.getcwd(), 'a.txt')\n"
    tests = f"""
        from unittest.mock import patch
        from solution import name
        def test_it():
            with {fake}: assert name() == "/q/a.txt"
            assert name() != "/q/a.txt"
    """
    assert passes(judgement := pytest_files(program, tests)), judgement
    assert is_wrong(pytest_files(program.replace("a.txt", "b.txt"), tests))
