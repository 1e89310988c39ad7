"""Choose a backend: `open_sandbox` starts a sandbox and tests it with a small program. Isolation is never silently
weaker.

        sandbox = await open_sandbox()                                   # namespaces, else docker, else an error
        sandbox = await open_sandbox("remote", urls=["http://grader-1:8190", "http://grader-2:8190"], token="...")
        sandbox = await open_sandbox(allow_weak=True)                    # explicitly allowed

If nothing isolates programs on this machine it raises `SandboxUnavailable`, which says what to install. A plain
subprocess is used only with `allow_weak`, and each result then reports it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.errors import InvalidSandbox, SandboxError, SandboxUnavailable
from sandbox.protocol import Sandbox
from sandbox.types import Job, Limits

AUTO = "auto"
DEFAULT_IMAGE = "rlvr-sandbox"
TOKEN_VARIABLE = "RLVR_SANDBOX_TOKEN"
_TRIAL = Job(argv=("python", "-c", "print('ready')"), limits=Limits(wall_seconds=30.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxOptions:
    """Options of the backends; each uses those that apply to it.

    slots: concurrent runs (per node, with ray); None = one per core. guests: folders of trusted modules, by the package
    name under which runs may import them. expose: further folders that runs may read, at the same path. allow_weak: run
    without isolation if there is none.
    urls, token: of `rlvr sandbox serve`; the default token is RLVR_SANDBOX_TOKEN.
    image, runtime: for docker ("runsc" for gVisor). address: of the Ray cluster; "" = the cluster of this process, or a
    new one on this machine.
    """

    slots: int | None = None
    guests: Mapping[str, Path] = field(default_factory=dict)
    expose: Sequence[Path] = ()
    allow_weak: bool = False
    urls: Sequence[str] = ()
    token: str = ""
    image: str = DEFAULT_IMAGE
    runtime: str = ""
    address: str = ""


async def open_sandbox(
    backend: str = AUTO,
    *,
    slots: int | None = None,
    guests: Mapping[str, Path] | None = None,
    expose: Sequence[Path] = (),
    allow_weak: bool = False,
    urls: Sequence[str] = (),
    token: str = "",
    image: str = DEFAULT_IMAGE,
    runtime: str = "",
    address: str = "",
) -> Sandbox:
    """Start a sandbox and run a test program in it. See `SandboxOptions` for the parameters.

    backend: auto, namespaces, docker, remote, ray or weak. `auto` uses the servers if `urls` are given, else the first
    of namespaces and docker that works, else weak if allowed.

    Raises:
        SandboxUnavailable: no backend works; the message says why, and what to install or set.
        InvalidSandbox: an unknown backend, or an invalid option.
    """
    options = SandboxOptions(
        slots=slots,
        guests=guests or {},
        expose=tuple(expose),
        allow_weak=allow_weak,
        urls=tuple(urls),
        token=token or os.environ.get(TOKEN_VARIABLE, ""),
        image=image,
        runtime=runtime,
        address=address,
    )
    if backend != AUTO and backend not in BACKENDS:
        raise InvalidSandbox(f"there is no sandbox backend {backend!r}; there are: {AUTO}, {', '.join(BACKENDS)}")
    if backend == "weak" and not allow_weak:
        raise SandboxUnavailable(
            "the weak sandbox isolates nothing: a program can read your files and reach the network. "
            "Say allow_weak=True (--allow-weak) to use it all the same"
        )
    causes = {}
    for name in _candidates(backend, options):
        try:
            return await _started(name, options)
        except InvalidSandbox:
            raise
        except SandboxError as error:
            causes[name] = error
    text = " | ".join(f"{name}: {error}" for name, error in causes.items()).rstrip(".")
    if _candidates(backend, options) in (["remote"], ["ray"]):
        raise SandboxUnavailable(text)
    hint = "" if allow_weak else " To run programs without isolation, say allow_weak=True (--allow-weak)."
    raise SandboxUnavailable(
        f"no sandbox can run programs here. {text}. `rlvr sandbox check` shows what holds.{hint}"
    ) from next(iter(causes.values()))


def _candidates(backend: str, options: SandboxOptions) -> list[str]:
    if backend != AUTO:
        return [backend, "weak"] if options.allow_weak and backend in ("namespaces", "docker") else [backend]
    if options.urls:
        return ["remote"]
    return ["namespaces", "docker", *(["weak"] if options.allow_weak else [])]


async def _started(name: str, options: SandboxOptions) -> Sandbox:
    sandbox = await BACKENDS[name](options)
    try:
        result = await sandbox.run(_TRIAL)
    except BaseException:  # cancellation too: end what was started
        with contextlib.suppress(SandboxError):
            await sandbox.close()
        raise
    if result.stdout != b"ready\n":
        await sandbox.close()
        said = result.stderr.decode(errors="replace")[-500:]
        raise SandboxUnavailable(f"a first program should have printed 'ready', but {result.ended}: {said!r}")
    return sandbox


async def _namespaces(options: SandboxOptions) -> Sandbox:
    from sandbox.namespaces import NamespaceSandbox

    return NamespaceSandbox(slots=options.slots, guests=options.guests, expose=options.expose)


async def _docker(options: SandboxOptions) -> Sandbox:
    from sandbox.docker import DockerSandbox

    return DockerSandbox(
        slots=options.slots,
        guests=options.guests,
        expose=options.expose,
        image=options.image,
        runtime=options.runtime,
    )


async def _remote(options: SandboxOptions) -> Sandbox:
    from sandbox.remote import RemoteSandbox

    if not options.urls:
        raise InvalidSandbox("the remote sandbox needs the address of a server: urls=['http://host:8190'] (--url)")
    return RemoteSandbox(options.urls, token=options.token)


async def _ray(options: SandboxOptions) -> Sandbox:
    from sandbox.ray import RaySandbox

    return RaySandbox(slots=options.slots, guests=options.guests, expose=options.expose, address=options.address)


async def _weak(options: SandboxOptions) -> Sandbox:
    from sandbox.weak import WeakSandbox

    return WeakSandbox(slots=options.slots, guests=options.guests)


BACKENDS: Mapping[str, Callable[[SandboxOptions], Awaitable[Sandbox]]] = {
    "namespaces": _namespaces,
    "docker": _docker,
    "remote": _remote,
    "ray": _ray,
    "weak": _weak,
}
