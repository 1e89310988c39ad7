"""The languages of `stdio` programs: how to compile and run each, and its toolchain.

A program is compiled once, inside the sandbox; the artifact is copied into the folder of every run. Toolchains are
located on this machine, and those outside /usr have to be exposed to the sandbox (`Toolchains`); a sandbox on another
machine or in a container has its own (`REMOTE`). A missing toolchain is an error that names it.

Example:
    >>> LANGUAGES["c"].tools
    ('gcc',)
    >>> Toolchains(which=lambda tool: None).of(LANGUAGES["go"])
    Traceback (most recent call last):
    rewards.code.languages.MissingToolchain: programs in go need `go`, which is not on the PATH; install golang-go ...
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from types import MappingProxyType

from rewards.code import machine_load
from rewards.code.references import CodeLimits
from sandbox.types import MIB, Job, Limits

NOT_FOUND = 127
"""Exit status of a run whose command does not exist in the sandbox."""

_NO_ENV: Mapping[str, str] = MappingProxyType({})
_ARTIFACT_MIB = 32
_USUAL_OUTPUT = Limits().output_bytes
_COMPILE_LIMITS = Limits(memory_bytes=1024 * MIB, disk_bytes=512 * MIB, disk_files=16384)
_PUBLIC_CLASS = re.compile(r"^[^\S\n]*public\s+(?:(?:final|abstract|strictfp|sealed)\s+)*class\s+(\w+)", re.MULTILINE)
_MAIN = re.compile(r"\bstatic\s+(?:\w+\s+){0,4}void\s+main\s*\(")
_CLASS = re.compile(r"\b(?:class|enum|record|interface)\s+(\w+)")
_PACKAGE = re.compile(r"^\s*package\s+(\w+(?>(?:\s*\.\s*\w+)*))\s*;")
# What may need Unix sockets or a terminal (`Job.ipc`): servers of `multiprocessing`, `pty`, `net` of Node and Go.
_IPC = re.compile(r"multiprocessing|processpool|socket|unix|ptmx|(?:\b|open|fork)pty\b|\bnet\b", re.IGNORECASE)
_NO_CODE = re.compile(
    # a text that is left open reaches to the end of its line: so nothing is read twice
    r"//[^\n]*|/\*.*?(?:\*/|\Z)|\"\"\".*?(?:\"\"\"|\Z)|\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?",
    re.DOTALL,
)


class MissingToolchain(LookupError):
    """A tool of a language is missing; the message says which, and what to install."""


def _words(command: str) -> tuple[str, ...]:
    return tuple(command.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """One language. Words of commands may name a tool (`{gcc}`), `{memory}` (MiB), `{main}` or `{start}`.

    source: the program's file name. compile: the command; empty = nothing to compile. artifact: its output file. tools:
    required programs. install: the package that provides them. extra_mib, extra_s: memory and time for the runtime
    itself, on top of the program's limits. compile_s: time limit of compilation, in seconds.
    """

    name: str
    source: str
    compile: tuple[str, ...] = ()
    artifact: str = "main"
    run: tuple[str, ...] = ("./main",)
    tools: tuple[str, ...] = ()
    install: str = ""
    env: Mapping[str, str] = field(default_factory=lambda: _NO_ENV)
    extra_mib: int = 0
    extra_s: float = 0.0
    compile_s: float = 15.0


_JAVAC = "{javac} -J-XX:TieredStopAtLevel=1 -nowarn -encoding UTF-8 -d classes {main}.java"
_JAR = "{jar} cfe main.jar {start} -C classes ."
_GO = {"GO111MODULE": "off", "CGO_ENABLED": "0", "GOCACHE": "/tmp/go", "GOFLAGS": "-p=2"}

LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {
        language.name: language
        for language in (
            Language(name="python", source="main.py", run=_words("python main.py")),
            Language(
                name="c",
                source="main.c",
                compile=_words("{gcc} -O2 -std=gnu17 -w -o main main.c -lm"),
                tools=("gcc",),
                install="gcc and libc6-dev",
            ),
            Language(
                name="cpp",
                source="main.cpp",
                compile=_words("{g++} -O2 -std=gnu++20 -w -o main main.cpp"),
                tools=("g++",),
                install="g++",
            ),
            Language(
                name="java",
                source="{main}.java",
                compile=("sh", "-c", f"mkdir classes && {_JAVAC} && {_JAR}"),
                artifact="main.jar",
                run=_words("{java} -Xmx{memory}m -Xss64m -XX:+UseSerialGC -XX:-UsePerfData -jar main.jar"),
                tools=("javac", "jar", "java"),
                install="default-jdk-headless",
                extra_mib=384,
                extra_s=1.0,
            ),
            Language(
                name="javascript",
                source="main.js",
                run=_words("{node} --max-old-space-size={memory} --stack-size=50000 main.js"),
                tools=("node",),
                install="nodejs",
                extra_mib=256,
                extra_s=0.5,
            ),
            Language(
                name="go",
                source="main.go",
                compile=_words("{go} build -o main main.go"),
                tools=("go",),
                install="golang-go",
                env=MappingProxyType(_GO),
                extra_mib=64,
                compile_s=40.0,  # includes compiling the standard library
            ),
            Language(
                name="rust",
                source="main.rs",
                compile=_words("{rustc} --edition 2021 -O -A warnings -o main main.rs"),
                tools=("rustc", "cc"),
                install="rustc and gcc",
            ),
            Language(name="bash", source="main.sh", run=_words("{bash} main.sh"), tools=("bash",), install="bash"),
        )
    }
)


# --- toolchains -------------------------------------------------------------------------------------------------------


class Toolchains:
    """Locates the tools on this machine, each once."""

    def __init__(self, which: Callable[[str], str | None] = shutil.which) -> None:
        self._which = which
        self._found: dict[str, str | None] = {}

    def of(self, language: Language) -> Mapping[str, str]:
        """The path of each tool of a language. Raises MissingToolchain."""
        paths = {tool: self._path(tool) for tool in language.tools}
        missing = [tool for tool, path in paths.items() if path is None]
        if missing:
            raise MissingToolchain(complaint(language, missing[0], "which is not on the PATH"))
        return {tool: path for tool, path in paths.items() if path is not None}

    def roots(self) -> tuple[Path, ...]:
        """The folders of installed toolchains outside of /usr, which a sandbox must expose."""
        tools = {tool for language in LANGUAGES.values() for tool in language.tools}
        found = {root for tool in tools if (path := self._path(tool)) and (root := _root(Path(path))) is not None}
        return tuple(sorted(found))

    def _path(self, tool: str) -> str | None:
        if tool not in self._found:
            path = self._which(tool)
            self._found[tool] = None if path is None else _real(tool, path)
        return self._found[tool]


class _Remote(Toolchains):
    """The tools of a remote sandbox, by bare name: only a run shows whether they exist."""

    def of(self, language: Language) -> Mapping[str, str]:
        return {tool: tool for tool in language.tools}

    def roots(self) -> tuple[Path, ...]:
        return ()


REMOTE: Toolchains = _Remote()


def complaint(language: Language, tool: str, where: str) -> str:
    """The message for a missing tool."""
    return (
        f"programs in {language.name} need `{tool}`, {where}; install {language.install} "
        f"(Debian: apt-get install {language.install.replace(' and', '')})"
    )


def _real(tool: str, path: str) -> str:
    """Resolve a tool to its real binary: rustup's `rustc` is a shim that depends on files in the user's home."""
    if os.path.basename(os.path.realpath(path)) != "rustup":
        return path
    try:
        asked = subprocess.run([path, "--print", "sysroot"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return path
    real = os.path.join(asked.stdout.strip(), "bin", tool)
    return real if os.path.exists(real) else path


def _root(tool: Path) -> Path | None:
    """The folder that a tool needs; None if every sandbox has it. Never a home directory or `/`."""
    real = tool.resolve()
    if real.is_relative_to("/usr") or real.is_relative_to("/bin"):
        return None if tool.is_relative_to("/usr") or tool.is_relative_to("/bin") else tool.parent
    root = real.parent.parent if real.parent.name == "bin" else real.parent
    home = Path.home().resolve()
    return real.parent if root == Path("/") or home.is_relative_to(root) else root


# --- jobs -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program in a language, with its tools. `limits` are per case. What all its cases share is found out once."""

    language: Language
    tools: Mapping[str, str]
    source: str
    limits: CodeLimits

    @property
    def main(self) -> str:
        """The value of `{main}`: for Java, the name of the class to start."""
        return main_class(self.source) if self.language.name == "java" else "main"

    @property
    def start(self) -> str:
        """The value of `{start}`: for Java, that class with its package."""
        return package_of(self.source) + self.main if self.language.name == "java" else self.main

    def compile_job(self) -> Job | None:
        """The job that compiles; None if there is nothing to compile."""
        language = self.language
        if not language.compile:
            return None
        return Job(
            argv=self._filled(language.compile),
            files=self.source_files(),
            outputs=(language.artifact,),
            env=language.env,
            limits=replace(
                _COMPILE_LIMITS,
                wall_seconds=language.compile_s * machine_load.stretch(),
                cpu_seconds=language.compile_s,
            ),
        )

    def artifact_of(self, files: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """The artifact among the files of a compilation. Raises ValueError if it is missing or too large."""
        name = self.language.artifact
        if name not in files:
            raise ValueError("compiling made no program")
        if len(files[name]) > _ARTIFACT_MIB * MIB:
            raise ValueError(f"the compiled program has more than {_ARTIFACT_MIB} MiB")
        return {name: files[name]}

    def run_job(self, files: Mapping[str, bytes], stdin: bytes, expected: int = 0) -> Job:
        """The job of one case. files: the artifact, or those of `source_files`. expected: size of the expected output
        in bytes; the program may write twice as much if that exceeds the usual limit.
        """
        language, limits = self.language, self.limits
        seconds = limits.time_s + language.extra_s
        return Job(
            argv=self._command,
            files=files,
            stdin=stdin,
            ipc=self._ipc,
            limits=_limits(
                seconds,
                machine_load.stretch(),
                machine_load.cpu_weight(),
                memory_mib=limits.memory_mb + language.extra_mib,
                output_bytes=max(_USUAL_OUTPUT, 2 * expected),
            ),
        )

    def source_files(self) -> Mapping[str, bytes]:
        """The source file: the input of compilation, or of a run without compilation."""
        return {self.language.source.replace("{main}", self.main): self.source.encode("utf-8", "replace")}

    @cached_property
    def _command(self) -> tuple[str, ...]:
        return self._filled(self.language.run)

    @cached_property
    def _ipc(self) -> bool:
        return bool(_IPC.search(self.source))

    def _filled(self, words: tuple[str, ...]) -> tuple[str, ...]:
        values = {**self.tools, "memory": str(self.limits.memory_mb), "main": self.main, "start": self.start}
        return tuple(re.sub(r"\{([\w+]+)\}", lambda m: values[m[1]], word) for word in words)


@lru_cache(maxsize=256)
def _limits(seconds: float, stretched: float, cpu_weight: int, *, memory_mib: int, output_bytes: int) -> Limits:
    """The limits of a run; cached, so that equal ones are validated once."""
    return Limits(
        wall_seconds=seconds * stretched,
        cpu_seconds=seconds,
        memory_bytes=memory_mib * MIB,
        output_bytes=output_bytes,
        cpu_weight=cpu_weight,
    )


def package_of(source: str) -> str:
    """The package of a Java program as it stands before a class's name: `contest.round1.`; empty if it has none."""
    found = _PACKAGE.match(_NO_CODE.sub(" ", source))
    return re.sub(r"\s", "", found[1]) + "." if found else ""


def main_class(source: str) -> str:
    """The class of a Java program to start: the public one, else the one with `static void main(`.

    Nested classes, comments and string literals are ignored.
    """
    source = _NO_CODE.sub(" ", source)
    outer, depth, begun = [], 0, 0
    for brace in re.finditer(r"[{}]|$", source):
        if depth == 0:
            outer.append((brace.start(), source[begun : brace.end()]))
        depth = max(0, depth + {"{": 1, "}": -1}.get(brace.group(), 0))
        begun = brace.end()
    for _, text in outer:
        if public := _PUBLIC_CLASS.search(text):
            return public[1]
    main = _MAIN.search(source)
    names = [name for at, text in outer if main is None or at < main.start() for name in _CLASS.findall(text)]
    return names[-1] if names else "Main"
