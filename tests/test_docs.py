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


FOREIGN = (
    # of other programs
    {"--scope", "latex2sympy", "no_new_privs", "docker-default"}
    | {"PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "MADV_POPULATE_WRITE", "RLIMIT_AS"}
    # functions of MBPP, and file names and placeholders in examples
    | {"check_monthnumb_number", "find_Min", "month_season", "my_package", "test_sums", "greedy_NAME", "sampled_NAME"}
)


@pytest.fixture(scope="module")
def words() -> frozenset[str]:
    """All names and options in code and configs, and the names of files of tests and benchmarks."""
    folders = (*PACKAGES, "bench", "configs", "examples")
    files = [file for folder in folders for file in (ROOT / folder).rglob("*") if file.suffix in (".py", ".yaml")]
    files += [ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / "constraints.txt"]
    texts = [file.read_text() for file in files] + [
        path.stem for name in ("tests", "bench") for path in (ROOT / name).rglob("*.*")
    ]
    return frozenset(word for text in texts for word in re.findall(r"--[a-z][\w-]*|\w+", text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_names_and_options_that_a_page_quotes_are_in_the_code(page: Path, words: frozenset[str]) -> None:
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    quoted = re.findall(r"`([^`\n]+)`", prose)
    names = {
        part for text in quoted if re.fullmatch(r"[\w./]+", text) for part in re.split(r"[./]", text) if "_" in part
    }
    options = {option for text in quoted for option in re.findall(r"(?<!\S)--[a-z][\w-]*", text)}
    assert sorted(name for name in (names | options) - words - FOREIGN if "_" in name or "--" in name) == []


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in PAGES if (ROOT / "docs") in page.parents]
    assert len(pages) > 1
    assert [page for page in pages if page != "README.md" and f"]({page})" not in index] == []
