"""`rlvr sandbox check|build|serve`: check isolation on this machine, build the docker image, serve over HTTP.

Exit status: 0 done (`check`: a sandbox holds), 1 an error with a message (`check`: none holds).
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rlvr.commands.argument_types import positive
from rlvr.commands.server_options import add_bounds, add_listening, token_of
from rlvr.errors import ConfigError
from sandbox.backends import DEFAULT_IMAGE, TOKEN_VARIABLE

if TYPE_CHECKING:
    from rewards.code.languages import Language, Program
    from sandbox.types import Job


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `sandbox`."""
    parser = commands.add_parser(
        "sandbox",
        help="check how programs can be isolated here, build the docker image, serve a sandbox over HTTP",
        description="Programs written by a model run in a sandbox. `check` attacks each backend on this machine "
        "and reports which attacks it withstands; `build` builds the image of the docker backend; `serve` offers "
        "a sandbox over HTTP.",
    )
    choices = parser.add_subparsers(metavar="check|build|serve", required=True)
    _add_check(choices)
    _add_build(choices)
    _add_serve(choices)


def _add_check(choices: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = choices.add_parser(
        "check",
        help="attack each backend on this machine and print what it withstands",
        description="Run small programs that try to read the caller's memory and files, connect, write outside, "
        "outlive their run, signal others and use up processes, memory and disk, in each available backend.",
        epilog="Exit status: 0 a backend withstands everything, 1 none does.",
    )
    check.add_argument(
        "--backend", action="append", metavar="NAME", help="namespaces, docker, ... (default: all available)"
    )
    check.add_argument(
        "--url",
        action="append",
        default=[],
        metavar="URL",
        help=f"also check a server of `rlvr sandbox serve` (its token: {TOKEN_VARIABLE})",
    )
    check.add_argument(
        "--image", default=DEFAULT_IMAGE, metavar="IMAGE", help="image of the docker backend (default: %(default)s)"
    )
    check.add_argument("--runtime", default="", metavar="NAME", help="runtime of the docker backend: runsc, ...")
    check.add_argument("--allow-weak", action="store_true", help="also show what the weak backend lacks")
    check.set_defaults(run=run_check)


def _add_build(choices: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    build = choices.add_parser(
        "build",
        help="build the image of the docker backend",
        description="Build the image: from a base image (--from python:3.12-slim), from Debian's packages without a "
        "registry (--debian, as root), or from this machine's own interpreter (the default; seconds, no network).",
    )
    build.add_argument("--tag", default=DEFAULT_IMAGE, metavar="IMAGE", help="name of the image (default: %(default)s)")
    way = build.add_mutually_exclusive_group()
    way.add_argument("--from", dest="base", metavar="IMAGE", help="a base image with python3 (3.11 or newer) and pip")
    way.add_argument("--debian", nargs="?", const="", default=None, metavar="SUITE", help="Debian's packages")
    build.add_argument(
        "--system-package",
        action="append",
        default=[],
        metavar="NAME",
        help="an additional Debian package, such as gcc (not from this machine's interpreter)",
    )
    build.add_argument("--package", action="append", default=[], metavar="NAME", help="an additional Python package")
    build.set_defaults(run=run_build)


def _add_serve(choices: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    serve = choices.add_parser(
        "serve",
        help="offer a sandbox over HTTP",
        description="Serve a backend of this machine, for the remote backend and as SandboxFusion's "
        f"/run_code. The token is read from --token or {TOKEN_VARIABLE}.",
    )
    add_listening(serve, port=8190, token=TOKEN_VARIABLE)
    serve.add_argument("--backend", default="auto", metavar="NAME", help="auto, namespaces, docker or weak")
    serve.add_argument(
        "--slots", type=positive, default=None, metavar="N", help="programs at once (default: one per core)"
    )
    add_bounds(serve, waiting=1024, what="runs")
    serve.add_argument(
        "--image", default=DEFAULT_IMAGE, metavar="IMAGE", help="image of the docker backend (default: %(default)s)"
    )
    serve.add_argument("--runtime", default="", metavar="NAME", help="runtime of the docker backend: runsc, ...")
    serve.add_argument("--allow-weak", action="store_true", help="serve without isolation if none is available")
    serve.set_defaults(run=run_serve)


def run_check(options: argparse.Namespace) -> int:
    """Attack each backend and print the results. Returns 0 if one holds, else 1."""
    from sandbox.check import check_all, describe

    reports = asyncio.run(
        check_all(
            backends=options.backend or [],
            urls=options.url,
            image=options.image,
            runtime=options.runtime,
            allow_weak=options.allow_weak,
        )
    )
    print(describe(reports))
    return 0 if any(report.holds for report in reports) else 1


def run_build(options: argparse.Namespace) -> int:
    """Build the image. Returns 0."""
    from sandbox import image

    tag, packages = options.tag, [*image.PACKAGES, *options.package]
    if options.base is not None:
        image.from_image(tag, options.base, packages=packages, system_packages=options.system_package)
    elif options.debian is not None:
        more = [f"python3-{name}" for name in options.package]
        image.from_debian(tag, options.debian, system_packages=[*options.system_package, *more])
    elif options.system_package:
        raise ConfigError("--system-package needs --debian or --from: this machine's own interpreter brings none")
    else:
        image.from_host(tag, packages=packages)
    print(f"made {tag}; `rlvr sandbox check --backend docker --image {tag}` attacks it")
    return 0


def run_serve(options: argparse.Namespace) -> int:
    """Serve until interrupted. Returns 0."""
    token = token_of(options, TOKEN_VARIABLE)
    try:
        import sandbox.serve  # noqa: F401 - check that it is installed
    except ModuleNotFoundError as error:
        raise ConfigError(f"serving needs {error.name}: pip install 'rlvr[serve]'") from error
    asyncio.run(_serve(options, token))
    return 0


async def _serve(options: argparse.Namespace, token: str) -> None:
    from rewards.code.languages import REMOTE, Toolchains
    from rewards.code.sandboxes import GUESTS
    from rlvr.offline.progress import show
    from sandbox.backends import open_sandbox
    from sandbox.http import listen, serve
    from sandbox.serve import create_app

    toolchains = Toolchains()
    with listen(options.host, options.port) as listening:
        held = await open_sandbox(
            options.backend,
            slots=options.slots,
            guests=GUESTS,
            expose=toolchains.roots(),
            allow_weak=options.allow_weak,
            image=options.image,
            runtime=options.runtime,
        )
        try:
            backend = getattr(held, "name", "")
            app = create_app(
                held,
                slots=getattr(held, "slots", 0) or os.cpu_count() or 1,
                token=token,
                most_waiting=options.waiting,
                most_bytes=options.most_mb << 20,
                languages=_languages(REMOTE if backend == "docker" else toolchains),
            )
            port = listening.getsockname()[1]
            show(f"serving {backend} on http://{options.host}:{port}\n")
            await serve(app, listening)
        finally:
            await held.close()


@dataclass(frozen=True, slots=True)
class _Served:
    """A language of the code graders, for `/run_code`."""

    language: Language
    tools: Mapping[str, str]

    def _program(self, code: str, memory_mb: int) -> Program:
        from rewards.code.languages import Program
        from rewards.code.references import CodeLimits

        return Program(language=self.language, tools=self.tools, source=code, limits=CodeLimits(memory_mb=memory_mb))

    def compile_job(self, code: str) -> Job | None:
        return self._program(code, 512).compile_job()

    def run_job(self, code: str, compiled: Mapping[str, bytes], memory_mb: int) -> Job:
        program = self._program(code, memory_mb)
        files = program.artifact_of(compiled) if self.language.compile else program.source_files()
        job = program.run_job(files, b"")
        return replace(job, env={**self.language.env, **job.env})


def _languages(toolchains: object) -> dict[str, _Served]:
    """The languages whose toolchains are installed, by SandboxFusion's names."""
    from rewards.code.languages import LANGUAGES, MissingToolchain

    found = {}
    for name, language in LANGUAGES.items():
        try:
            found[name] = _Served(language, toolchains.of(language))  # type: ignore[attr-defined]
        except MissingToolchain:
            continue
    if "javascript" in found:
        found["nodejs"] = found["js"] = found["javascript"]
    return found
