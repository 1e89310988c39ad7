"""Rewards of installed packages and of modules, by their names."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest

from rewards import (
    GradeRequest,
    HiddenReward,
    InvalidReward,
    UnknownReward,
    find,
    grade,
    names,
)

REQUEST = GradeRequest(response="so thus")


def package(folder: Path, name: str, code: str, entries: str) -> None:
    """An installed package: a module, and the metadata that pip writes."""
    (folder / f"{name}.py").write_text(textwrap.dedent(code))
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[rlvr.rewards]\n{textwrap.dedent(entries)}")


def test_an_installed_package_brings_rewards_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(
        tmp_path,
        "their_package",
        """
        from rewards import reward

        @reward("their_brevity", version="5")
        def brevity(request, *, limit: int = 3):
            return float(len(request.response) <= limit)

        def plain(request):
            return 2.0
        """,
        "their_brevity = their_package:brevity\nplainly = their_package:plain\n",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert {"their_brevity", "plainly"} <= set(names())
    assert find("their_brevity").identity == "their_brevity@5"
    spec = {"reward": "their_brevity", "parameters": {"limit": 7}}
    assert [r.score for r in grade(spec, [REQUEST], workers=1)] == [1.0]
    assert [r.score for r in grade("plainly", [REQUEST], workers=1)] == [2.0]
    with pytest.raises(
        UnknownReward, match=r"no reward is called 'their_brevty'; did you mean 'their_brevity'\?.*pip install"
    ):
        find("their_brevty")


def test_a_package_that_is_named_and_brings_no_such_reward_says_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path, "with_a_dash", "def f(request): return 1.0\n", "dashing = with_a_dash:f\nother = with_a_dash:f\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, message in (
        (
            "with-a-dash:dashin",
            r"^the package with-a-dash brings no reward 'dashin'; did you mean 'dashing'\? \(it has: d",
        ),
        (
            "with_a_dash:dashin",
            r"^the package with_a_dash brings no reward 'dashin'; did you mean 'dashing'\? \(it has: d",
        ),
        (
            "with-a-dahs:dashing",
            r"no file 'with-a-dahs' .* no installed package .*did you mean 'with_a_dash'\? \(these do",
        ),
        ("./with-a-dash:f", r"^there is no file '\./with-a-dash' to take a reward from \(looked at [^)]*\)$"),
    ):
        with pytest.raises(UnknownReward, match=message):
            find(name)


def test_packages_that_collide_or_do_not_load_say_whose_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path, "one_package", "def f(request): return 1.0\n", "shared_name = one_package:f\n")
    package(tmp_path, "other_package", "def f(request): return 2.0\n", "shared_name = other_package:f\n")
    package(tmp_path, "lacks_one", "import a_part_that_is_absent\n", "lacking = lacks_one:f\n")
    package(tmp_path, "halved", "", "halving = halved.nope:f\n")
    package(tmp_path, "fails", "raise OSError('no licence')\n", "failing = fails:f\n")
    package(tmp_path, "no_function", "f = 3\n", "number = no_function:f\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, message in (
        ("shared_name", "brought by two packages, one_package .* and other_package"),
        ("lacking", r"package lacks_one .*No module named 'a_part_that_is_absent'; .*: pip install a_part"),
        (
            "halving",
            r"package halved .*No module named 'halved\.nope'; 'halved' is not a package$",
        ),  # there is nothing to install
        ("failing", r"package fails \(fails:f\) cannot be imported: OSError: no licence"),
        ("number", "no_function:f is 3, no function or class"),
    ):
        with pytest.raises(InvalidReward, match=message):
            find(name)


def test_a_reward_that_is_called_like_another_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(
        tmp_path, "hides_format", "def f(request): return 3.0\n", "format = hides_format:f\nboth = hides_format:f\n"
    )
    package(tmp_path, "also_brings", "def g(request): return 4.0\n", "both = also_brings:g\n")
    assert grade("format", [REQUEST], workers=1, deadline=7)[0].score == 0.0  # before they are there
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.warns(
        HiddenReward, match=r"'format' is .* own.*hides_format \(hides_format:f\) is 'hides_format:format'"
    ) as told:
        assert grade("format", [REQUEST], workers=1, deadline=8)[0].score == 0.0
    assert [warning.filename for warning in told] == [__file__]
    assert grade("format", [REQUEST], workers=1, deadline=9)[0].score == 0.0  # said once
    for name, score in (("hides_format:format", 3.0), ("Hides-Format:both", 3.0), ("also-brings:both", 4.0)):
        assert grade(name, [REQUEST], workers=1)[0].score == score
    with pytest.raises(InvalidReward, match=r"also_brings.*hides_format.*say whose: \w+:both"):
        find("both")
    with pytest.raises(UnknownReward, match=r"no module 'beside_us'"):
        find("beside_us:both")


def test_a_function_of_a_module_is_named_by_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "__init__.py").write_text("")
    (tmp_path / "inner" / "scores.py").write_text("def two(request): return 2.0\n")
    (tmp_path / "inner" / "needy.py").write_text("import a_part_that_is_absent\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert grade("inner.scores:two", [REQUEST], workers=1)[0].score == 2.0
    with pytest.raises(UnknownReward, match=r"no module 'no_such_module'.*pip install no_such_module"):
        find("no_such_module.rewards:f")
    with pytest.raises(InvalidReward, match=r"'inner\.needy' .*'a_part_that_is_absent'; .* pip install a_part"):
        find("inner.needy:f")
    with pytest.raises(UnknownReward, match=r"has no reward 'tow'; did you mean 'two'\?"):
        find("inner.scores:tow")


def test_a_file_of_a_package_imports_relatively(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "outer_one" / "inner_one"
    inner.mkdir(parents=True)
    for folder in (inner, inner.parent):
        (folder / "__init__.py").write_text("")
    (inner.parent / "numbers_of_it.py").write_text("TWO = 2.0\n")
    (inner / "scores.py").write_text("from ..numbers_of_it import TWO\ndef two(request): return TWO\n")
    (inner / "broken.py").write_text("from .absent import TWO\n")
    (tmp_path / "alone.py").write_text("from .absent import TWO\n")
    monkeypatch.setattr(sys, "path", [*sys.path])
    assert grade(f"{inner / 'scores.py'}:two", [REQUEST], workers=1)[0].score == 2.0
    with pytest.raises(InvalidReward, match=r"which is outer_one\.inner_one\.broken, cannot be imported.*absent"):
        find(f"{inner / 'broken.py'}:two")
    with pytest.raises(InvalidReward, match="attempted relative import with no known parent package"):
        find(f"{tmp_path / 'alone.py'}:two")


def test_a_module_that_lies_here_and_is_not_imported_from_here_is_named_by_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lies_here").mkdir()
    (tmp_path / "lies_here" / "scores.py").write_text("def two(request): return 2.0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [entry for entry in sys.path if entry not in ("", str(tmp_path))])
    with pytest.raises(UnknownReward, match=r"no module 'lies_here'.*: name it \./lies_here/scores\.py:function"):
        find("lies_here.scores:two")
