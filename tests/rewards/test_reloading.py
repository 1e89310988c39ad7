"""Files of rewards: what they import, and what grades after they have changed while the process goes on."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import rewards
from rewards import GradeRequest, InvalidReward, UnknownReward, find, grade
from rewards.sources import load_file
from tests.waiting import PATIENCE

REQUEST = GradeRequest(response="so thus")


def test_a_file_that_is_written_anew_grades_anew(tmp_path: Path) -> None:
    file = tmp_path / "written.py"
    registered = (
        "from rewards import reward\n@reward('written_anew')\ndef g(request): return {0}\ndef f(request): return {0}\n"
    )
    for score in (1.0, 0.25, 3.0):
        file.write_text(registered.format(score))
        os.utime(file, ns=(0, int(1e9 * score)))  # also where it is written twice in a tick of the clock
        assert [grade(f"{file}:{name}", [REQUEST], workers=1)[0].score for name in ("f", "g", "f")] == [score] * 3
    file.write_text("def f(request: return")
    with pytest.raises(InvalidReward, match="SyntaxError"):
        grade(f"{file}:f", [REQUEST], workers=1)


def test_a_file_of_the_same_size_that_is_written_in_the_same_second_grades_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file = tmp_path / "written_soon.py"
    for score in (0.25, 0.75):
        file.write_text(f"def f(request): return {score}\n")
        os.utime(file, ns=(0, int(1e9 * score)))
        assert grade({"reward": f"{file}:f", "in_process": True}, [REQUEST])[0].score == score


def test_a_part_of_a_package_that_is_written_anew_grades_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It imports relatively, and so it is imported under its name in the package."""
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    package = tmp_path / "anew_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "beside.py").write_text("BEFORE = 0\n")
    file = package / "written.py"
    for score in (0.25, 0.75, 0.125):
        file.write_text(f"from .beside import BEFORE\ndef f(request): return BEFORE + {score}\n")
        os.utime(file, ns=(0, int(1e9 * score)))
        assert [grade(f"{file}:f", [REQUEST], workers=1)[0].score for _ in "ab"] == [score] * 2
        assert grade({"reward": f"{file}:f", "in_process": True}, [REQUEST])[0].score == score


def test_a_file_that_is_written_anew_has_the_rewards_that_it_has_now(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"

    def scores(name: str, function: str, score: float) -> float | None:
        path.write_text(f"from rewards import reward\n@reward('{name}')\ndef {function}(request): return {score}\n")
        (result,) = grade(f"{path}:{function}", [REQUEST], workers=1)
        return result.score

    assert scores("of_then", "f", 0.25) == 0.25
    assert scores("of_now", "f", 0.125) == 0.125
    assert scores("of_now", "renamed", 0.0625) == 0.0625
    with pytest.raises(UnknownReward):
        find("of_then")


@pytest.mark.parametrize(
    ("folder", "head", "changed"),
    [
        ("plain", "import words_anew_1\nBEFORE = words_anew_1.BEFORE\n", "words_anew_1.py"),
        ("deep", "from words_anew_2.numbers import BEFORE\n", "words_anew_2/numbers.py"),
        ("package_anew_3", "from .beside import BEFORE\n", "beside.py"),
        ("package_anew_4", "from . import beside\nBEFORE = beside.BEFORE\n", "beside.py"),
        ("package_anew_5", "from . import BEFORE\n", "__init__.py"),
        ("package_anew_6", "from package_anew_6.beside import BEFORE\nfrom . import beside\n", "beside.py"),
    ],
)
def test_what_a_file_imports_from_beside_it_is_read_anew_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, head: str, changed: str
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    file, beside = tmp_path / folder / "written.py", tmp_path / folder / changed
    beside.parent.mkdir(parents=True)
    if folder.startswith("package"):
        (file.parent / "__init__.py").touch()
    file.write_text(f"{head}def f(request): return BEFORE\n")
    for score in (0.25, 0.75, 0.125):
        beside.write_text(f"BEFORE = {score:.3f}\n")
        os.utime(beside, ns=(0, int(1e9 * score)))
        assert [grade(f"{file}:f", [REQUEST], workers=1)[0].score for _ in "ab"] == [score] * 2
        assert grade({"reward": f"{file}:f", "in_process": True}, [REQUEST])[0].score == score


def test_what_a_program_has_imported_itself_is_not_imported_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own_anew.py").write_text("WORD = 1\n")
    own = importlib.import_module("own_anew")
    file = tmp_path / "written_beside.py"
    for score in (1.0, 2.0):
        file.write_text(f"import own_anew\ndef f(request): return {score}\n")
        (tmp_path / "own_anew.py").write_text(f"WORD = {score}\n")
        assert grade({"reward": f"{file}:f", "in_process": True}, [REQUEST])[0].score == score
    assert sys.modules["own_anew"] is own


@pytest.mark.parametrize("how", ["by its path", "as a part", "as a part, by its name"])
def test_two_threads_that_load_a_file_get_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    head = "from .beside_threads import WORD\n" if how.startswith("as a part") else ""
    package = tmp_path / f"package_of_threads_{len(how)}"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "beside_threads.py").write_text("WORD = 1\n")
    file = package / "slow.py"
    loading, go_on = threading.Event(), threading.Event()
    file.write_text(
        f"{head}import rewards\nrewards.of_test[0].set()\nrewards.of_test[1].wait()\ndef f(request): return 1.0\n"
    )
    monkeypatch.setattr(rewards, "of_test", (loading, go_on), raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    with ThreadPoolExecutor(2) as threads:
        try:
            first = threads.submit(load_file, str(file))
            assert loading.wait(PATIENCE)
            name = f"{package.name}.slow"
            second = threads.submit(*((importlib.import_module, name) if "name" in how else (load_file, str(file))))
            with pytest.raises(TimeoutError):
                second.result(timeout=0.2)
        finally:
            go_on.set()
        assert first.result(PATIENCE) is second.result(PATIENCE)
        assert callable(second.result().f)


def test_a_file_imports_what_stands_beside_it(tmp_path: Path) -> None:
    (tmp_path / "beside_it.py").write_text("def two(): return 2.0\n")
    (tmp_path / "needs_it.py").write_text(
        "from beside_it import two\ndef pays(request):\n    import beside_it\n    return two() + beside_it.two()\n"
    )
    assert grade(f"{tmp_path}/needs_it.py:pays", [REQUEST], workers=1)[0].score == 4.0
    sys.path.remove(str(tmp_path))


def test_threads_that_name_a_file_at_once_load_it_once(tmp_path: Path) -> None:
    file = tmp_path / "slow_to_load.py"
    file.write_text(
        "import time\nwith open(__file__ + '.loads', 'a') as loads: loads.write('x')\ntime.sleep(0.3)\n"
        "def pays(request): return 1.0\n"
    )
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: find(f"{file}:pays").name, range(8)))
    assert set(found) == {f"{file}:pays"}
    assert (tmp_path / "slow_to_load.py.loads").read_text() == "x"
    sys.path.remove(str(tmp_path))
