"""Build the image of the docker sandbox: python3, a shell, and what programs need. Called by `rlvr sandbox build`.

There are three ways: from a base image in a registry; from Debian's packages (debootstrap, as root, no registry); from
this machine's interpreter and a few tools (takes seconds, no network at all). No image contains this toolkit, which is
sent to each container when it starts.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from sandbox.errors import SandboxError

# What the code grader's own programs import besides the standard library.
PACKAGES = ("numpy", "pytest")
_ENVIRONMENT = "ENV PATH=/usr/local/bin:/usr/bin:/bin"
_TOOLS = (
    *("sh", "bash", "cat", "chmod", "cp", "cut", "dd", "echo", "env", "expr", "false", "find", "grep", "head", "id"),
    *("kill", "ln", "ls", "mkdir", "mv", "printf", "pwd", "rm", "sed", "seq", "sleep", "sort", "tail", "test", "touch"),
    *("tr", "true", "uname", "uniq", "wc", "xargs", "yes"),
)
_LEFT_OUT = ("site-packages", "dist-packages", "test", "idlelib", "ensurepip", "tkinter", "turtledemo", "lib2to3")
_SECONDS = 1800.0


class BuildFailed(SandboxError, RuntimeError):
    """The image could not be built; the message holds the last output of the command that failed."""


def _check_docker(tag: str) -> None:
    """Raise BuildFailed if Docker could not take the finished image."""
    if not re.fullmatch(r"[a-z0-9]+(?:[._/:-]+[A-Za-z0-9_]+)*", tag):
        raise BuildFailed(f"an image cannot be called {tag!r}; a name is like rlvr-sandbox or registry:5000/name:tag")
    try:
        _run(["docker", "version", "--format", "{{.Server.Version}}"])
    except BuildFailed as error:
        raise BuildFailed(f"{error}. Install docker, start its daemon, and see that this user may use it") from error


def from_image(tag: str, base: str, *, packages: Sequence[str], system_packages: Sequence[str] = ()) -> None:
    """From a base image with python3 and pip, such as `python:3.12-slim`."""
    lines = [f"FROM {base}"]
    if system_packages:
        names = " ".join(map(_word, system_packages))
        lines.append(f"RUN apt-get update && apt-get install -y --no-install-recommends {names} && apt-get clean")
    if packages:
        lines.append(f"RUN python3 -m pip install --no-cache-dir {' '.join(map(_word, packages))}")
    _check_docker(tag)
    _run(["docker", "build", "--tag", tag, "-"], given="\n".join([*lines, ""]).encode())


def from_debian(tag: str, suite: str = "", *, system_packages: Sequence[str] = ()) -> None:
    """From Debian's packages. suite: "" = this machine's."""
    if shutil.which("debootstrap") is None:
        raise BuildFailed("there is no `debootstrap` on PATH: apt-get install debootstrap")
    if os.geteuid() != 0:
        raise BuildFailed("debootstrap needs root: run this with sudo, or build from an image (--from) or this host")
    include = ",".join(map(_word, ["python3", *(f"python3-{name}" for name in PACKAGES), *system_packages]))
    _check_docker(tag)
    with tempfile.TemporaryDirectory(prefix="rlvr-image-") as folder:
        root = Path(folder, "root")
        _run(["debootstrap", "--variant=minbase", f"--include={include}", suite or _suite(), str(root)])
        for waste in ("var/cache/apt/archives", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"):
            shutil.rmtree(root / waste, ignore_errors=True)
        _import(root, tag)


def from_host(tag: str, *, packages: Sequence[str]) -> None:
    """From this interpreter, its libraries, and a few of this machine's tools."""
    copied = list(_needed(packages))
    _check_docker(tag)
    with tempfile.TemporaryDirectory(prefix="rlvr-image-") as folder:
        root = Path(folder)
        _skeleton(root)
        binaries = [_python(root), *(found for name in _TOOLS if (found := _tool(root, name)))]
        _copy_packages(root, copied)
        _libraries(root, binaries)
        if shutil.which("ldconfig", path="/sbin:/usr/sbin"):
            _run(["/sbin/ldconfig", "-r", str(root)])
        _import(root, tag)


def _skeleton(root: Path) -> None:
    for name in ("usr/bin", "usr/local/bin", "usr/local/lib", "etc", "tmp", "mnt", "proc", "sys", "dev", "run", "root"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):  # as this machine has them
        here = Path("/", name)
        if here.is_symlink():
            (root / name).symlink_to(os.readlink(here))
            (root / "usr" / name).mkdir(exist_ok=True)
        elif here.is_dir():
            (root / name).mkdir()
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n")
    (root / "etc" / "group").write_text("root:x:0:\nnogroup:x:65534:\n")
    (root / "etc" / "ld.so.conf").write_text("/usr/local/lib\n")


def _python(root: Path) -> Path:
    """Copy the interpreter to /usr/local; it finds its library relative to itself."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    binary = root / "usr/local/bin" / version
    shutil.copy(os.path.realpath(sys.executable), binary)
    for name in ("python3", "python"):
        (binary.parent / name).symlink_to(version)
    library = root / "usr/local/lib" / version
    shutil.copytree(sysconfig.get_path("stdlib"), library, ignore=shutil.ignore_patterns(*_LEFT_OUT, "*.opt-?.pyc"))
    (library / "site-packages").mkdir()
    (library / "dist-packages").symlink_to("site-packages")  # where Debian's interpreter looks
    for shared in Path(str(sysconfig.get_config_var("LIBDIR"))).glob(f"lib{version}*.so*"):
        shutil.copy(shared, root / "usr/local/lib" / shared.name)
    return binary


def _tool(root: Path, name: str) -> Path | None:
    found = shutil.which(name, path="/usr/bin:/bin")
    if found is None:
        return None
    target = root / "usr/bin" / name
    shutil.copy(os.path.realpath(found), target)
    return target


def _copy_packages(root: Path, packages: Sequence[importlib.metadata.Distribution]) -> None:
    library = next((root / "usr/local/lib").glob("python3.*/site-packages"))
    for distribution in packages:
        for file in distribution.files or []:
            source = Path(str(distribution.locate_file(file)))
            if ".." not in file.parts and source.is_file():
                target = library / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)


def _needed(names: Sequence[str]) -> Iterator[importlib.metadata.Distribution]:
    """Installed packages with all their dependencies. Raises BuildFailed."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if (plain := re.sub(r"[-_.]+", "-", name).lower()) in seen:
            continue
        seen.add(plain)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            if name in names:
                raise BuildFailed(f"the package {name!r} is not installed here, so it cannot be copied") from None
            continue  # for another system or Python
        yield distribution
        for requirement in distribution.requires or []:
            wanted, _, condition = requirement.partition(";")
            if "extra" not in condition and (found := re.match(r"[\w.-]+", wanted)):
                waiting.append(found.group())


def _libraries(root: Path, binaries: Sequence[Path]) -> None:
    """Copy each shared library that a file in the tree is linked to, to the same path as on this machine."""
    linked = [*binaries, *root.rglob("*.so"), *root.rglob("*.so.*")]
    wanted: set[str] = {str(path) for name in ("libgcc_s.so.1", "libstdc++.so.6") for path in _find_library(name)}
    for start in range(0, len(linked), 64):
        command = ["ldd", *map(str, linked[start : start + 64])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        wanted.update(re.findall(r"(?:=> |^\s+)(/\S+) \(0x", done.stdout, re.MULTILINE))
    for path in wanted:
        if not Path(path).is_relative_to(root) and os.path.isfile(path):
            target = root / os.path.realpath(os.path.dirname(path)).lstrip("/") / os.path.basename(path)
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(os.path.realpath(path), target)


def _find_library(name: str) -> Iterator[Path]:
    for folder in ("/lib", "/usr/lib"):
        yield from Path(folder).glob(f"*-linux-gnu/{name}")


def _import(root: Path, tag: str) -> None:
    packing = subprocess.Popen(["tar", "-C", str(root), "--numeric-owner", "-c", "."], stdout=subprocess.PIPE)
    try:
        _run(["docker", "import", "--change", _ENVIRONMENT, "-", tag], stdin=packing.stdout)
    finally:
        if packing.stdout is not None:
            packing.stdout.close()
        packing.wait()


def _suite() -> str:
    for line in Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    raise BuildFailed("/etc/os-release names no Debian suite; say which: --debian bookworm")


def _word(name: str) -> str:
    """A package's name, checked so that it is safe in a command line."""
    if not re.fullmatch(r"[A-Za-z0-9][\w.+\-\[\]=<>!~:]*", name):
        raise BuildFailed(f"{name!r} is no package's name")
    return f"'{name}'" if re.search(r"[\[<>!~]", name) else name


def _run(command: Sequence[str], *, given: bytes | None = None, stdin: object = None) -> None:
    """Run a command. Raises BuildFailed with its last output."""
    if shutil.which(command[0]) is None:
        raise BuildFailed(f"there is no `{command[0]}` on PATH")
    try:
        if stdin is not None:
            done = subprocess.run(command, stdin=stdin, capture_output=True, timeout=_SECONDS, check=False)  # type: ignore[call-overload]
        else:
            done = subprocess.run(command, input=given or b"", capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise BuildFailed(f"`{command[0]}` did not end within {_SECONDS:g} s") from None
    if done.returncode != 0:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()[-1500:]
        raise BuildFailed(f"`{' '.join(command[:2])}` failed: {said}")
