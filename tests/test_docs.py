"""The documentation that lives in the code holds: docstrings are there, their examples run, links lead somewhere."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("sandbox", "rewards", "data_prep", "rlvr")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_every_module_says_what_it_does(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text()))
    assert docstring, f"{path.relative_to(ROOT)} has no module docstring"
    assert docstring.split("\n\n")[0].rstrip().endswith((".", ":", "?")), "the docstring opens with a whole sentence"


@pytest.mark.parametrize("name", [module_name(path) for path in MODULES if ">>> " in path.read_text()])
def test_examples_in_docstrings_run(name: str) -> None:
    module = importlib.import_module(name)
    outcome = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert outcome.attempted > 0, "the examples are not where doctest looks"
    assert outcome.failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_files_that_a_page_names_are_there(page: Path) -> None:
    """`rlvr/train.py`, `configs/demo.yaml`: a path in code quotes under one of our folders exists."""
    named = re.findall(
        r"`((?:sandbox|rewards|data_prep|rlvr|configs|tests|bench|examples|docs)/[\w./-]*)`", page.read_text()
    )
    missing = [path for path in named if not (ROOT / path).exists()]
    assert missing == []


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in PAGES if (ROOT / "docs") in page.parents]
    assert len(pages) > 1
    assert [page for page in pages if page != "README.md" and f"]({page})" not in index] == []
