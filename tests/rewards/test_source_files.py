"""Which files the grades of a reward depend on."""

from __future__ import annotations

from pathlib import Path

import pytest

from rewards import RewardSpec, source_files
from rewards.source_files import source_files_of, with_local_imports
from rewards.spec import Named


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def names(folder: Path, file: str) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in with_local_imports(folder / file)]


def test_what_is_imported_from_beside_is_followed_wherever_the_import_stands(tmp_path: Path) -> None:
    write(
        tmp_path,
        mine="import first\nfrom deep.inner import thing\ndef f(r):\n    import late\n    from deep import other\n",
        first="from mine import f\n",
        late="import nowhere\nthis is no Python\n",
        deep__inner="from . import near\nfrom ..unreached import x\n",
        deep__other="",
        deep__near="",
        unused="",
    )
    assert names(tmp_path, "mine.py") == [
        *("deep/inner.py", "deep/near.py", "deep/other.py", "first.py", "late.py", "mine.py"),
    ]


def test_a_module_of_a_package_brings_what_it_imports_of_that_package(tmp_path: Path) -> None:
    write(tmp_path, package__sub__rewards="from package.tables import T\nfrom ..words import W\n")
    write(tmp_path, package__tables="", package__words="", package__other="")
    for folder in ("package", "package/sub"):
        (tmp_path / folder / "__init__.py").write_text("")
    assert names(tmp_path, "package/sub/rewards.py") == [
        *("package/__init__.py", "package/sub/__init__.py", "package/sub/rewards.py"),
        *("package/tables.py", "package/words.py"),
    ]


def test_an_installed_package_brings_nothing_of_those_beside_it(tmp_path: Path) -> None:
    texts = {"mine/rewards.py": "import other\nfrom mine.tables import T\nfrom .words import W\n"}
    for file in ("mine/__init__.py", "mine/tables.py", "mine/words.py", "other/__init__.py", "one.py"):
        texts[file] = "import other, mine\n"
    for file, text in texts.items():
        path = tmp_path / "site-packages" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    inside = tmp_path / "site-packages"
    (inside / "mine-1.0.dist-info").mkdir()
    assert names(inside, "mine/rewards.py") == [
        *("mine/__init__.py", "mine/rewards.py", "mine/tables.py", "mine/words.py"),
    ]
    assert names(inside, "one.py") == ["one.py"]


def test_this_package_is_not_beside_a_file_that_lies_in_its_folder() -> None:
    home = Path(source_files.__file__).resolve().parent.parent
    assert with_local_imports(home / "tests" / "rewards" / "misbehaving.py") == [
        home / "tests" / "rewards" / "misbehaving.py"
    ]


def test_rewards_of_this_package_have_no_files_and_a_command_has_those_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "grade.sh").write_text("")
    assert source_files_of(Named(reward="math", parameters={})) == []
    for command in ("bash grade.sh -v", ["bash", "grade.sh", "\0"]):
        (leaf,) = RewardSpec.from_dict({"reward": "process", "parameters": {"command": command}}).leaves()
        assert source_files_of(leaf.named) == [tmp_path / "grade.sh"]
