"""The arrows of the house hold: who may import whom, which file holds an optional package, what stays light.

Imports are read from the syntax trees of all files, those inside functions and under TYPE_CHECKING included. A string
that is nothing but the dotted name of a module of ours (`"rlvr.types"`) counts too: it ends in `import_module`.
Each check is a function of a folder, so that a planted violation in a temporary tree proves that it can fail. The
reasons are in docs/design/house.md.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests import possessive

ROOT = Path(__file__).resolve().parent.parent
ORDER = ("sandbox", "rewards", "data_prep", "rlvr")  # a package imports itself and those to its left

# What stands on torch. Below rlvr/ only the learned rewards may know of it.
TENSORS = {"torch", "transformers", "peft", "safetensors", "tokenizers", "accelerate", "vllm", "deepspeed"}
LEARNED = "rewards/learned/"

# Third-party packages of the light three. Another is a decision: put it here and into pyproject.toml.
LIGHT = {
    "sandbox": {"fastapi", "ray", "uvicorn", "websockets"},
    "rewards": {"fastapi", "jsonschema", "mpmath", "referencing", "sympy", "uvloop", "verifiers"},
    "data_prep": {"datasets", "datasketch", "numpy", "pyarrow"},
}

# What is in the sandbox beside a program may also import what tests and programs there use.
GUESTS = "rewards/code/guest/"
OF_GUESTS = {"_pytest", "numpy", "pytest", "yaml"}

# The one file or folder that knows an optional package; an empty string: nothing imports it yet.
HOMES = {
    "datasets": "data_prep/hub.py",
    "datasketch": "data_prep/validation/near_duplicates.py",
    "deepspeed": "",
    "docker": "",  # the container is driven by the docker command
    "fastapi": ("sandbox/serve.py", "sandbox/http.py", "rewards/serve.py"),
    "jsonschema": "rewards/rules/schema.py",
    "matplotlib": "rlvr/plot.py",
    "peft": "rlvr/",
    "ray": ("sandbox/ray.py", "rlvr/offline/ray_engine.py"),
    "referencing": "rewards/rules/schema.py",
    "triton": "rlvr/learner/kernels.py",
    "uvicorn": "sandbox/http.py",
    "uvloop": "rewards/event_loops.py",
    "verifiers": ("rewards/adapters/verifiers.py", "rewards/adapters/verifiers_task.py"),
    "vllm": "",
    "websockets": "sandbox/remote.py",
}

# Within the guests: a module and those before it, in the order of the table in their docstring and of each folder's.
FOLDER = re.compile(r"^    (\w+) +(\w+)  +\w", re.MULTILINE)
MODULES = re.compile(r"^    (\w+) +\S", re.MULTILINE)
SIDES = {"program", "tests"}  # what runs with the program, and what holds the tests

OUR_MODULE = re.compile(rf"({'|'.join(ORDER)})(\.[a-z_]\w*)+")


class Import(NamedTuple):
    """`where` (path:line, relative to the tree) imports the dotted `name`."""

    where: str
    name: str


def sources(root: Path) -> Iterator[Path]:
    for package in ORDER:
        yield from sorted((root / package).rglob("*.py"))


def imports(path: Path, root: Path) -> Iterator[Import]:
    """All that a file imports. `from a import b` counts as `a.b`: b may be a module."""
    relative = path.relative_to(root)
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parent = list(relative.with_suffix("").parts[: -node.level]) if node.level else []
            module = ".".join([*parent, *([node.module] if node.module else [])])
            names = [f"{module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__"):
                names = [str(node.args[0].value)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names = [node.value] if OUR_MODULE.fullmatch(node.value) else []
        yield from (Import(f"{relative.as_posix()}:{node.lineno}", name) for name in names)  # type: ignore[attr-defined]


def all_imports(root: Path) -> list[Import]:
    return sorted({found for path in sources(root) for found in imports(path, root)})


def top(name: str) -> str:
    return name.partition(".")[0]


# --- the checks: each lists its violations -------------------------------------------------------------------------


def backward(found: list[Import]) -> list[str]:
    """Imports against the arrows sandbox <- rewards <- data_prep <- rlvr."""
    rank = {package: position for position, package in enumerate(ORDER)}
    return [
        f"{where} imports {name}, which stands to its right in {' <- '.join(ORDER)}"
        for where, name in found
        if top(name) in rank and rank[top(name)] > rank[where.partition("/")[0]]
    ]


def tensors_below(found: list[Import]) -> list[str]:
    """Torch and what needs it, outside rlvr/ and the learned rewards."""
    return [
        f"{where} imports {name}: no torch below rlvr/ but in {LEARNED}"
        for where, name in found
        if top(name) in TENSORS and not where.startswith(("rlvr/", LEARNED))
    ]


def undeclared(found: list[Import]) -> list[str]:
    """Third-party packages that a light package may not import."""
    known = set(sys.stdlib_module_names) | set(ORDER) | {"__future__"}
    return [
        f"{where} imports {name}, which is not among the packages of {where.partition('/')[0]}/"
        for where, name in found
        if (package := where.partition("/")[0]) in LIGHT
        and top(name) not in known | LIGHT[package]
        and not where.startswith(LEARNED)
        and not (where.startswith(GUESTS) and top(name) in OF_GUESTS)
    ]


def homeless(found: list[Import]) -> list[str]:
    """Optional packages imported outside their one file or folder."""
    return [
        f"{where} imports {name}: {top(name)} is imported in {HOMES[top(name)] or 'no file so far'}"
        for where, name in found
        if top(name) in HOMES and not (HOMES[top(name)] and where.startswith(HOMES[top(name)]))
    ]


def guest_layers() -> dict[str, tuple[int, str]]:
    """The place of each module of the guests (`folder.module`), and the side that it is on; empty = both."""
    names = []
    for side, folder in FOLDER.findall((ROOT / GUESTS / "__init__.py").read_text()):
        listed = ROOT / GUESTS / folder / "__init__.py"
        if not listed.exists():
            names.append((folder, side))
            continue
        names += [(f"{folder}.{module}", side) for module in MODULES.findall(listed.read_text())]
    assert len(set(names)) == len(names), "a module stands twice in the tables"
    return {name: (place, side if side in SIDES else "") for place, (name, side) in enumerate(names)}


def up_the_layers(found: list[Import]) -> list[str]:
    """Imports among the guests of what stands further down, or on the other side."""
    layers, package = guest_layers(), GUESTS.replace("/", ".")
    violations = []
    for where, name in found:
        here = where.partition(".py:")[0].replace("/", ".").removeprefix(package)
        inner = name.removeprefix(package).split(".")
        there = ".".join(inner[:2]) if ".".join(inner[:2]) in layers else inner[0]
        if not (where.startswith(GUESTS) and name.startswith(package) and here in layers and there in layers):
            continue
        (place, side), (other_place, other_side) = layers[here], layers[there]
        if other_place >= place:
            violations.append(f"{where} imports {there}, which stands behind {here} in {GUESTS}__init__.py")
        if {side, other_side} == SIDES:
            violations.append(f"{where} imports {there}: {here} is of the side {side!r}, {there} of {other_side!r}")
    return violations


CHECKS = (backward, tensors_below, undeclared, homeless, up_the_layers)


@pytest.fixture(scope="module")
def found() -> list[Import]:
    """The imports of the house."""
    return all_imports(ROOT)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_house_stands(check, found: list[Import]) -> None:
    assert len(found) > 50, "the walk found almost no imports: it looks in the wrong place"
    violations = check(found)
    assert not violations, "\n".join(violations)


@pytest.mark.parametrize(
    ("check", "path", "source"),
    [
        (backward, "sandbox/run.py", "from rewards.types import Verdict\n"),
        (backward, "rewards/registry.py", "def load():\n    import data_prep.problem\n"),
        (backward, "data_prep/prep.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import rlvr.types\n"),
        (backward, "rewards/late.py", "import importlib\ntypes = importlib.import_module('rlvr.types')\n"),
        (backward, "sandbox/late.py", "types = __import__('rewards')\n"),
        (backward, "rewards/table.py", "GRADERS = {'judge': 'rlvr.judge'}\n"),
        (tensors_below, "rewards/math.py", "def f():\n    import torch.nn\n"),
        (tensors_below, "data_prep/templates.py", "from transformers import AutoTokenizer\n"),
        (undeclared, "sandbox/run.py", "import psutil\n"),
        (undeclared, "rewards/code/guest/deep.py", "def f():\n    import pandas\n"),
        (undeclared, "rewards/code/grader.py", "import pytest\n"),
        (up_the_layers, "rewards/code/guest/encoding/codec.py", "from ..transfer import link\n"),
        (up_the_layers, "rewards/code/guest/proxies/proxies.py", "def f():\n    from .handles import Handle\n"),
        (up_the_layers, "rewards/code/guest/judging/checker.py", "from ..program.exports import Exports\n"),
        (homeless, "rlvr/train.py", "from ray import serve\n"),
        (homeless, "rlvr/train.py", "import matplotlib.pyplot as plt\n"),
    ],
)
def test_a_planted_violation_is_found(check, path: str, source: str, tmp_path: Path) -> None:
    planted = tmp_path / path
    planted.parent.mkdir(parents=True)
    planted.write_text(source)
    assert len(check(all_imports(tmp_path))) == 1


def test_every_guest_stands_in_one_layer() -> None:
    files = {path.relative_to(ROOT / GUESTS) for path in (ROOT / GUESTS).rglob("*.py") if path.stem != "__init__"}
    assert guest_layers().keys() == {".".join(path.with_suffix("").parts) for path in files}


def test_what_the_rules_allow_is_not_reported(tmp_path: Path) -> None:
    files = {
        "rewards/math.py": "import sympy\nfrom sandbox.errors import ToolkitError\nfrom . import types\n",
        "rewards/learned/model.py": "import torch\n",
        "rewards/code/guest/encoding/arrays.py": "import numpy\nimport pytest\n",
        "rewards/code/guest/transfer/link.py": "from ..shared import wire\nfrom ..encoding.codec import Decoder\n",
        "data_prep/deep/one.py": "from ..problem import Problem\nimport rewards\n",
        "rlvr/plot.py": "import matplotlib\nimport torch\nimport data_prep, rewards, sandbox\n",
    }
    for path, source in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(source)
    assert [violation for check in CHECKS for violation in check(all_imports(tmp_path))] == []
    assert Import("data_prep/deep/one.py:1", "data_prep.problem.Problem") in all_imports(tmp_path)


@pytest.mark.parametrize("modules", ["sandbox", "rewards", "data_prep", "rlvr", "rlvr.cli", "rlvr.config"])
def test_importing_loads_neither_torch_nor_sympy(modules: str) -> None:
    """Every command and every grading worker pays for what these load: torch takes 2 s, sympy half a second.

    So does whoever waits to hear of a mistake in a config.
    """
    heavy = ["torch", "transformers", "sympy", "mpmath", "datasets", "pandas", "matplotlib"]
    program = f"import sys; from {modules} import *; print(*sorted(set({heavy}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []


@pytest.mark.parametrize("package", ["sandbox", "rewards"])
def test_what_a_package_offers_is_found_by_name_before_it_is_imported(package: str) -> None:
    program = f"import {package} as p; print(set(p.__all__) <= set(dir(p)), hasattr(p, 'nothing_of_this_name'))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert done.stdout.split() == ["True", "False"], done.stderr


@pytest.mark.parametrize(("pattern", "bad"), [("x(?:a|bc)*+", True), ("(?>(?:a|bc)*)", False), ("[a-z]*+", False)])
def test_patterns_that_old_versions_match_wrongly_are_found(pattern: str, bad: bool) -> None:
    assert possessive.unsound(re._parser.parse(pattern)) is bad  # type: ignore[attr-defined]


@pytest.mark.parametrize("package", ORDER[:3])
def test_every_version_of_python_matches_our_patterns_alike(package: str) -> None:
    program = [sys.executable, "-m", "tests.possessive", package]
    done = subprocess.run(program, capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert done.returncode == 0, done.stderr
    assert not done.stdout, "not alike before Python 3.11.5:\n" + done.stdout


def test_no_file_is_longer_than_five_hundred_lines() -> None:
    folders = (*ORDER, "tests", "bench", "examples")
    lengths = {path: path.read_text().count("\n") for name in folders for path in (ROOT / name).rglob("*.py")}
    assert len(lengths) > 20
    long = [f"{path.relative_to(ROOT)}: {lines} lines" for path, lines in lengths.items() if lines > 500]
    assert not long, "what is the second subject of\n" + "\n".join(long)


def twice_assigned(root: Path) -> list[str]:
    """Names of modules that are assigned twice at their top level, so that only the second value counts."""
    found = []
    for path in sources(root):
        targets = [
            target
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        ]
        names = Counter(target.id for target in targets if isinstance(target, ast.Name))
        found += [f"{path.relative_to(root)}: {name}" for name, count in names.items() if count > 1]
    return found


def test_a_module_assigns_each_of_its_names_once(tmp_path: Path) -> None:
    (tmp_path / "rewards").mkdir()
    (tmp_path / "rewards/planted.py").write_text("_LONGEST = 24\n\n_LONGEST: int = 300\n")
    assert twice_assigned(tmp_path) == ["rewards/planted.py: _LONGEST"]
    assert twice_assigned(ROOT) == []


def unlisted(package: Path) -> set[str]:
    """The modules of a package that the map in its docstring does not name."""
    named = set(re.findall(r"\w+", ast.get_docstring(ast.parse((package / "__init__.py").read_text())) or ""))
    return {path.stem for path in package.glob("*.py")} - named - {"__init__"}


def test_the_maps_of_the_grader_of_mathematics_name_every_module(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text('"""Lists and sets: see lists."""\n')
    for module in ("lists", "sets", "trees"):
        (tmp_path / f"{module}.py").write_text("")
    assert unlisted(tmp_path) == {"trees"}
    folders = sorted(path.parent for path in (ROOT / "rewards/math").glob("*/__init__.py"))
    assert len(folders) == 5
    assert {folder.name: unlisted(folder) for folder in folders if unlisted(folder)} == {}
