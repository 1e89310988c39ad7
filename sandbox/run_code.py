"""The `/run_code` protocol of SandboxFusion, so that trainers that use it can use our server.

A request names a language, and may include standard input, files (base64) and time limits; the answer has one part for
compiling and one for running. Whoever starts the server defines the languages (`Language`); this package has Python and
bash.

Example:
    >>> request = parse({"code": "print(1)", "language": "python"})
    >>> request.run_timeout
    10.0
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from sandbox.errors import InvalidJob
from sandbox.types import MIB, Ended, Job, JobResult, Limits, check_path

_DEFAULT_SECONDS, _MOST_SECONDS = 10.0, 3600.0
_DEFAULT_MIB = 512
Run = Callable[[Job], Awaitable[JobResult]]
Answer = dict[str, object]


class BadRequest(ValueError):
    """A malformed request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCode:
    """One request. memory_mb: 0 = the server's default."""

    code: str
    language: str
    stdin: bytes = b""
    compile_timeout: float = _DEFAULT_SECONDS
    run_timeout: float = _DEFAULT_SECONDS
    memory_mb: int = 0
    files: Mapping[str, bytes]
    fetch_files: tuple[str, ...] = ()


class Language(Protocol):
    """How to compile and run programs of a language. The request sets the limits of time and memory."""

    def compile_job(self, code: str) -> Job | None:
        """The job that compiles, whose outputs are the program; None = nothing to compile."""
        ...

    def run_job(self, code: str, compiled: Mapping[str, bytes], memory_mb: int) -> Job:
        """The job that runs."""
        ...


@dataclass(frozen=True, slots=True)
class Script:
    """An interpreted language."""

    command: str
    file: str

    def compile_job(self, code: str) -> Job | None:  # noqa: ARG002 - there is nothing to compile
        return None

    def run_job(self, code: str, compiled: Mapping[str, bytes], memory_mb: int) -> Job:  # noqa: ARG002
        return Job(
            argv=(self.command, self.file),
            files={self.file: code.encode("utf-8", "replace")},
            limits=Limits(memory_bytes=memory_mb * MIB),
        )


LANGUAGES: Mapping[str, Language] = {"python": Script("python", "main.py"), "bash": Script("bash", "main.sh")}


def parse(body: object) -> RunCode:
    """Parse a request from a JSON object. Raises BadRequest."""
    if not isinstance(body, dict):
        raise BadRequest("the request must be a JSON object")
    files = body.get("files") or {}
    if not isinstance(files, dict):
        raise BadRequest("files must be an object of path: base64")
    fetched = body.get("fetch_files") or []
    if not isinstance(fetched, list):
        raise BadRequest("fetch_files must be a list of paths")
    memory = body.get("memory_limit_MB")
    try:
        request = RunCode(
            code=_text(body, "code"),
            language=_text(body, "language"),
            stdin=_text(body, "stdin", "").encode("utf-8", "surrogateescape"),
            compile_timeout=_seconds(body, "compile_timeout"),
            run_timeout=_seconds(body, "run_timeout"),
            memory_mb=int(memory) if isinstance(memory, int | float) and memory > 0 else 0,
            files={str(path): _decoded(path, content) for path, content in files.items() if content is not None},
            fetch_files=tuple(str(path) for path in fetched),
        )
        for path in (*request.files, *request.fetch_files):
            check_path(path)
    except (InvalidJob, UnicodeEncodeError, OverflowError) as error:
        raise BadRequest(str(error)) from error
    return request


async def answer(request: RunCode, languages: Mapping[str, Language], run: Run) -> Answer:
    """Compile and run. Raises BadRequest for an unknown language, SandboxUnavailable."""
    language = languages.get(request.language)
    if language is None:
        raise BadRequest(f"there is no language {request.language!r}; there are: {', '.join(sorted(languages))}")
    memory_mb = request.memory_mb or _DEFAULT_MIB
    compiled: Mapping[str, bytes] = {}
    parts: dict[str, Answer | None] = {"compile_result": None, "run_result": None}
    job = language.compile_job(request.code)
    if job is not None:
        result = await run(
            replace(job, files={**request.files, **job.files}, limits=_timed(job, request.compile_timeout))
        )
        parts["compile_result"] = _part(result)
        compiled = result.files
        if not result.succeeded:
            return _answer(parts, {})
    try:
        job = language.run_job(request.code, compiled, memory_mb)
    except ValueError as error:  # compilation succeeded but produced no program
        return {**_answer(parts, {}), "status": "SandboxError", "message": str(error)}
    result = await run(
        replace(
            job,
            stdin=request.stdin,
            files={**request.files, **job.files},
            outputs=request.fetch_files,
            limits=_timed(job, request.run_timeout),
        )
    )
    parts["run_result"] = _part(result)
    return _answer(parts, result.files)


def _timed(job: Job, seconds: float) -> Limits:
    return replace(job.limits, wall_seconds=seconds, cpu_seconds=max(seconds, job.limits.cpu_seconds))


def _part(result: JobResult) -> Answer:
    """The outcome of one command. Time limits are reported as such; other limits as a killed program."""
    late = result.ended in (Ended.WALL, Ended.CPU)
    code = result.exit_code
    if code is None and not late:
        code = -(result.signal or 9)
    said = result.stderr.decode("utf-8", "replace")
    if result.ended in (Ended.MEMORY, Ended.OUTPUT):
        said += f"\n[{result.ended} limit]"
    return {
        "status": "TimeLimitExceeded" if late else "Finished",
        "execution_time": result.seconds,
        "return_code": code,
        "stdout": result.stdout.decode("utf-8", "replace"),
        "stderr": said,
    }


def _answer(parts: Mapping[str, Answer | None], files: Mapping[str, bytes]) -> Answer:
    done = [part for part in parts.values() if part is not None]
    good = all(part["status"] == "Finished" and part["return_code"] == 0 for part in done)
    return {
        "status": "Success" if good else "Failed",
        "message": "",
        **parts,
        "executor_pod_name": None,
        "files": {path: base64.b64encode(content).decode() for path, content in files.items()},
    }


def trouble(message: str) -> Answer:
    """The answer for a failure of the sandbox itself."""
    return {**_answer({"compile_result": None, "run_result": None}, {}), "status": "SandboxError", "message": message}


def _text(body: Mapping[str, object], key: str, default: str | None = None) -> str:
    value = body.get(key)
    if value is None and default is not None:
        return default
    if not isinstance(value, str):
        raise BadRequest(f"{key} must be text, not {value!r:.80}")
    return value


def _seconds(body: Mapping[str, object], key: str) -> float:
    value = body.get(key, _DEFAULT_SECONDS)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _MOST_SECONDS:
        raise BadRequest(f"{key} must be seconds above 0 and at most {_MOST_SECONDS:g}, not {value!r:.80}")
    return float(value)


def _decoded(path: object, content: object) -> bytes:
    try:
        return base64.b64decode(str(content), validate=True)
    except binascii.Error as error:
        raise BadRequest(f"files: {path!r} is not base64: {error}") from error
