"""Runs an honest program against its reference without any sandbox or proxy: what shows that the suite itself is right.

Only ever for our own honest programs: a payload must not come near it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path

COMPILERS = {
    "c": ("gcc", ["gcc", "-O1", "-o", "main", "main.c", "-lm"], "main.c", ["./main"]),
    "cpp": ("g++", ["g++", "-O1", "-o", "main", "main.cpp"], "main.cpp", ["./main"]),
    "java": ("javac", ["javac", "Main.java"], "Main.java", ["java", "Main"]),
    "javascript": ("node", None, "main.js", ["node", "main.js"]),
    "rust": ("rustc", ["rustc", "-o", "main", "main.rs"], "main.rs", ["./main"]),
    "go": ("go", ["go", "build", "-o", "main", "main.go"], "main.go", ["./main"]),
    "bash": ("bash", None, "main.sh", ["bash", "main.sh"]),
    "python": (sys.executable, None, "main.py", [sys.executable, "main.py"]),
}


def has_toolchain(language: str) -> bool:
    return shutil.which(COMPILERS[language][0]) is not None


def program_of(row: Mapping[str, object]) -> str:
    """The program in a response."""
    text, reference = str(row["response"]), row["reference"]
    assert isinstance(reference, Mapping)
    if reference.get("extract") == "code":
        return text
    found = re.search(r"```\w+\n(.*)\n```", text, re.DOTALL)
    assert found, text
    return found.group(1)


def trouble(row: Mapping[str, object], folder: Path) -> str:
    """Why a program does not meet its reference; empty where it does."""
    reference = row["reference"]
    assert isinstance(reference, Mapping)
    program = program_of(row)
    style = reference["type"]
    if style == "stdio":
        return _stdio(program, reference, folder)
    if style == "pytest":
        (folder / "solution.py").write_text(program, "utf-8")
        for name, source in reference["files"].items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(source, "utf-8")
        return _run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", ".", "."], folder)
    lines = [program]
    if style == "function":
        lines = [program, f"import json\nfor case in json.loads({json.dumps(reference['cases'])!r}):"]
        name = reference["entry_point"]
        if "." in name:
            name = "{}().{}".format(*name.split("."))
        lines.append(f"    got = {name}(*case['args'], **case.get('kwargs', {{}}))")
        if "compare" in reference:
            lines.append("    assert all(abs(a - b) < 1e-5 for a, b in zip(got, case['expected'])), (got, case)")
        else:
            lines.append("    assert json.loads(json.dumps(got)) == case['expected'], (got, case)")
    elif style == "asserts":
        lines = [program, str(reference.get("setup", "")), *reference["asserts"]]
    else:
        prompt, entry = str(reference["prompt"]), reference["entry_point"]
        whole = f"def {entry}" in program
        if not whole:
            prompt = prompt.rstrip() + "\n" + textwrap.indent(textwrap.dedent(program), "    ")
            lines = [prompt]
        else:
            lines = [prompt, program]
        lines += [str(reference["test"]), f"check({entry})"]
    # A name of its own: a program that guards its main part must not run it.
    source = "\n".join(lines)
    (folder / "whole.py").write_text(source, "utf-8")
    return _run([sys.executable, "-W", "ignore", "-c", "import whole"], folder)


def _run(command: list[str], folder: Path) -> str:
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        command, cwd=folder, env=env, capture_output=True, text=True, timeout=600, check=False, stdin=subprocess.DEVNULL
    )
    return "" if done.returncode == 0 else f"exit {done.returncode}: {(done.stdout + done.stderr)[-1500:]}"


def _stdio(program: str, reference: Mapping[str, object], folder: Path) -> str:
    language = str(reference.get("language", "python"))
    _, build, name, command = COMPILERS[language]
    (folder / name).write_text(program, "utf-8")
    if build is not None:
        complaint = _run(build, folder)
        if complaint:
            return complaint
    cases = reference["cases"]
    assert isinstance(cases, list)
    for case in cases:
        done = subprocess.run(
            command, cwd=folder, input=case["stdin"].encode(), capture_output=True, timeout=600, check=False
        )
        if done.returncode != 0:
            return f"exit {done.returncode}: {done.stderr[-1500:].decode(errors='replace')}"
        got, expected = done.stdout.decode(), case["stdout"]
        if "compare" in reference:
            continue  # another equality than text
        if _text(got) != _text(expected):
            return f"printed {got[:300]!r}, not {expected[:300]!r}"
    return ""


def _text(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines
