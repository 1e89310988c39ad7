"""What a user installs: the wheel's contents, its extras and dependencies, and that the base needs no torch."""

from __future__ import annotations

import ast
import email
import email.message
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("sandbox", "rewards", "data_prep", "rlvr")
HEAVY = {"torch", "transformers", "peft", "accelerate", "vllm", "ray", "deepspeed", "datasets", "matplotlib"}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a wheel is made from: building leaves the tree itself as it is."""
    source = tmp_path_factory.mktemp("source")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    return source


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    ours = tmp_path_factory.mktemp("build")
    shutil.copytree(source, ours, dirs_exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(target),
    ]
    done = subprocess.run([*command, str(ours)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = target.glob("rlvr-*.whl")
    return built


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return email.message_from_bytes(archive.read(name))


def test_the_wheel_holds_every_file_of_the_four_packages_and_nothing_else(source: Path, wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    ours = {
        path.relative_to(source).as_posix()
        for package in PACKAGES
        for path in (source / package).rglob("*")
        if path.is_file()
    }
    assert inside == ours, "is a data file missing in [tool.setuptools.package-data]?"
    assert {f"{package}/py.typed" for package in PACKAGES} <= inside
    assert zipfile.ZipFile(wheel).testzip() is None


def test_the_wheel_carries_its_licence_and_the_console_script(wheel: Path, metadata: email.message.Message) -> None:
    archive = zipfile.ZipFile(wheel)
    (licence,) = [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]
    assert b"Apache License" in archive.read(licence)
    assert metadata["License-Expression"] == "Apache-2.0"
    (entry_points,) = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
    assert re.search(rb"\[console_scripts\]\s+rlvr = rlvr\.cli:main", archive.read(entry_points))
    assert metadata["Requires-Python"] == ">=3.11"


def test_the_base_install_has_no_torch_and_the_extras_bring_the_rest(metadata: email.message.Message) -> None:
    extras = set(metadata.get_all("Provides-Extra", []))
    assert {"train", "vllm", "cluster", "view", "dev"} <= extras
    base, of_extras = set(), {extra: set[str]() for extra in extras}
    for line in metadata.get_all("Requires-Dist", []):
        name = re.split(r"[^\w-]", line)[0].lower()
        if found := re.search(r"extra == ['\"](\w+)['\"]", line):
            of_extras[found.group(1)].add(name)
        else:
            base.add(name)
    assert {"sympy", "mpmath", "pyarrow", "pydantic", "pytest"} <= base
    assert base & HEAVY == set()
    assert {"torch", "transformers", "peft"} <= of_extras["train"]
    assert "vllm" in of_extras["vllm"]
    assert {"ray", "deepspeed"} <= of_extras["cluster"]
    assert {"pytest-xdist", "ruff", "mypy"} <= of_extras["dev"]


def test_the_tested_versions_pin_every_dependency_and_need_no_file_of_this_machine() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    pins = dict(line.split("==") for line in lines)
    for name, version in pins.items():
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name), name
        assert re.fullmatch(r"\d[\w.]*", version), f"{name}: {version} is not a public version"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    tested = {extra: project["optional-dependencies"][extra] for extra in ("train", "view", "dev", "bench")}
    pinned = {re.sub(r"[-_.]+", "-", name).lower() for name in pins}
    for requirement in [*project["dependencies"], *(line for group in tested.values() for line in group)]:
        name = re.split(r"[^\w-]", requirement)[0].lower().replace("_", "-")
        assert name == "rlvr" or name in pinned, f"{requirement} has no tested version in constraints.txt"


def test_every_package_that_a_file_imports_is_declared() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = [
        *project["dependencies"],
        *(line for group in project["optional-dependencies"].values() for line in group),
    ]
    distributions = {re.split(r"[^\w-]", line)[0].lower().replace("-", "_") for line in declared}
    # names that differ from their distribution's, and what a declared one always brings along
    known = distributions | {"yaml", "_pytest", "triton"} | set(PACKAGES) | set(sys.stdlib_module_names)
    unknown = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom) and not node.level:
                    names = [node.module or ""]
                else:
                    continue
                unknown |= {(name, str(path)) for name in names if name.partition(".")[0] not in known}
    assert unknown == set()


WITHOUT = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""


@pytest.fixture
def base_install(tmp_path: Path) -> dict[str, str]:
    """An environment in which this process and all that it starts find only the packages of the base install."""
    (tmp_path / "sitecustomize.py").write_text(WITHOUT.format(names=HEAVY))
    return {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}


def test_grading_from_the_command_line_needs_no_torch(base_install: dict[str, str]) -> None:
    hidden = subprocess.run([sys.executable, "-c", "import torch"], env=base_install, capture_output=True, timeout=300)
    assert hidden.returncode != 0, "torch is not hidden: this test would prove nothing"
    rows = (
        '{"id": "a", "prompt": "1+1?", "response": "\\\\boxed{2}", "reference": "2"}\n'
        '{"id": "b", "prompt": "1+1?", "response": "\\\\boxed{3}", "reference": "2"}\n'
    )
    command = [sys.executable, "-m", "rlvr.cli", "grade", "-", "--reward", "math"]
    done = subprocess.run(command, input=rows, env=base_install, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert re.findall(r'"verdict": *"(\w+)"', done.stdout) == ["correct", "wrong"]


def test_training_without_torch_says_what_to_install(base_install: dict[str, str]) -> None:
    command = [sys.executable, "-m", "rlvr.cli", "train", str(ROOT / "configs" / "demo.yaml")]
    done = subprocess.run(command, env=base_install, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert "pip install 'rlvr[train]'" in done.stderr
    assert "Traceback" not in done.stderr
