"""Servers and their clients beyond the conformance suite: tokens, sizes, full lines, `/run_code`, servers that die."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from sandbox.errors import SandboxUnavailable
from sandbox.remote import RemoteSandbox
from sandbox.types import Job, JobResult, Limits
from sandbox.wire import decode_result, encode_job, join, split
from tests.conformance.sandbox import gone, new_token, there
from tests.sandbox.servers import TOKEN, Server
from tests.waiting import PATIENCE

HELLO = Job(argv=("python", "-c", "print('hello')"))


@pytest.fixture(scope="module")
def server(require: Callable[[str], None]) -> Iterator[Server]:
    require("serve")
    require("isolation")
    with Server("--waiting", "4", "--most-mb", "4") as server:
        yield server


def sleeper(token: str, seconds: str = "300") -> Job:
    code = "import os, sys\nos.execv('/bin/sleep', [sys.argv[1], sys.argv[2]])"
    return Job(argv=("python", "-c", code, token, seconds), limits=Limits(wall_seconds=200))


def post(server: Server, path: str, body: bytes, token: str = TOKEN) -> tuple[int, dict[str, str], bytes]:
    """Status, headers in lower case, body."""
    request = urllib.request.Request(server.url + path, body or None, {"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, {k.lower(): v for k, v in error.headers.items()}, error.read()


@contextmanager
def left_unanswered(server: Server, path: str, body: bytes) -> Iterator[None]:
    """A request whose client goes away at the end of the block."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as connection:
        connection.request("POST", path, body, {"Authorization": f"Bearer {TOKEN}"})
        yield


def run_code(server: Server, **fields: Any) -> dict[str, Any]:
    status, _, body = post(server, "/run_code", json.dumps(fields).encode())
    assert status == 200, body
    answer: dict[str, Any] = json.loads(body)
    return answer


def run(work: Callable[[RemoteSandbox], Any], *urls: str, **options: Any) -> Any:
    async def within() -> Any:
        sandbox = RemoteSandbox(urls, token=options.pop("token", TOKEN), **options)
        try:
            return await work(sandbox)
        finally:
            await sandbox.close()

    return asyncio.run(within())


# --- HTTP -------------------------------------------------------------------------------------------------------------


def test_run_code_answers_in_the_known_shape(server: Server) -> None:
    answer = run_code(server, code="print(int(input()) + 1)", language="python", stdin="41")
    assert answer["status"] == "Success"
    assert answer["compile_result"] is None
    part = answer["run_result"]
    assert (part["status"], part["return_code"], part["stdout"], part["stderr"]) == ("Finished", 0, "42\n", "")
    assert part["execution_time"] > 0


def test_run_code_tells_failures_apart(server: Server) -> None:
    raised = run_code(server, code="raise SystemExit(3)", language="python")
    assert (raised["status"], raised["run_result"]["return_code"]) == ("Failed", 3)
    late = run_code(server, code="while True: pass", language="python", run_timeout=1)
    assert (late["status"], late["run_result"]["status"]) == ("Failed", "TimeLimitExceeded")


def test_run_code_tells_a_program_that_does_not_compile(server: Server, require: Callable[[str], None]) -> None:
    require("compilers")
    broken = run_code(server, code="int main( {", language="c")
    assert broken["status"] == "Failed"
    assert broken["compile_result"]["return_code"] != 0
    assert broken["run_result"] is None


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("bash", "read x; echo $((x * 2))"),
        ("c", '#include <stdio.h>\nint main() { int x; scanf("%d", &x); printf("%d\\n", 2 * x); }'),
        ("cpp", "#include <iostream>\nint main() { int x; std::cin >> x; std::cout << 2 * x << std::endl; }"),
    ],
)
def test_run_code_speaks_other_languages(
    server: Server, language: str, code: str, require: Callable[[str], None]
) -> None:
    if language != "bash":
        require("compilers")
    answer = run_code(server, code=code, language=language, stdin="21", compile_timeout=60)
    assert answer["run_result"]["stdout"] == "42\n", answer


def test_run_code_takes_and_gives_files(server: Server) -> None:
    code = "open('out/b.bin', 'wb').write(open('a.bin', 'rb').read()[::-1])"
    files = {"a.bin": base64.b64encode(b"\x00\xff\x01").decode(), "out/x": None, "out/y": ""}
    answer = run_code(server, code=code, language="python", files=files, fetch_files=["out/b.bin", "missing"])
    assert answer["files"] == {"out/b.bin": base64.b64encode(b"\x01\xff\x00").decode()}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no json",
        b"[]",
        b'{"language": "python"}',
        b'{"code": 1, "language": "python"}',
        b'{"code": "x", "language": "cobol"}',
        b'{"code": "x", "language": "python", "run_timeout": -1}',
        b'{"code": "x", "language": "python", "files": {"../x": ""}}',
        b'{"code": "x", "language": "python", "files": {"x": "?"}}',
        b'{"code": "x", "language": "python", "fetch_files": ["/etc/passwd"]}',
        b"[" * 100_000,
        b'{"code": "print(1)", "language": "python", "code": "print(2)"}',
    ],
)
def test_a_request_of_another_shape_is_refused(server: Server, body: bytes) -> None:
    status, _, answer = post(server, "/run_code", body or b" ")
    assert status == 422
    assert json.loads(answer)["detail"]


def test_the_token_is_asked_for(server: Server) -> None:
    for path in ("/run_code", "/v1/run", "/v1/runs", "/metrics"):
        assert post(server, path, b"{}", token="wrong")[0] == 401
    assert post(server, "/health", b"", token="")[0] == 200


def test_a_wrong_token_is_told_at_once(server: Server) -> None:
    with pytest.raises(SandboxUnavailable, match="token is missing or wrong"):
        run(
            lambda sandbox: asyncio.wait_for(sandbox.run(HELLO), PATIENCE),
            server.url,
            token="wrong",
            accept_timeout=1e4,
            reach_timeout=1e4,
        )


def test_a_large_body_is_refused(server: Server) -> None:
    status, _, answer = post(server, "/v1/run", b"x" * (5 << 20))
    assert status == 413
    assert b"at most" in answer


def test_jobs_travel_as_bytes_alone_and_joined(server: Server) -> None:
    status, _, body = post(server, "/v1/run", encode_job(HELLO))
    assert status == 200
    assert decode_result(body).stdout == b"hello\n"
    jobs = [Job(argv=("python", "-c", f"print({n})")) for n in range(5)]
    status, _, body = post(server, "/v1/runs", join(map(encode_job, jobs)))
    answers = split(body)
    assert [answer[:1] for answer in answers] == [b"+"] * 5
    assert [decode_result(answer[1:]).stdout for answer in answers] == [b"%d\n" % n for n in range(5)]
    for damaged in (b"", b"\xff" * 40, encode_job(HELLO)[:-3], encode_job(HELLO) + b"x"):
        assert post(server, "/v1/run", damaged or b"x")[0] == 400


def test_a_full_line_is_answered_with_when_to_come_back(server: Server) -> None:
    """Two slots and four places: the seventh is sent away."""
    token = new_token()
    with left_unanswered(server, "/v1/runs", join([encode_job(sleeper(token))] * 6)):
        asyncio.run(there(token))
        status, headers, _ = post(server, "/v1/run", encode_job(HELLO))
    asyncio.run(gone(token))
    assert status == 429
    assert int(headers["retry-after"]) >= 1
    _, _, metrics = post(server, "/metrics", b"")
    assert "rlvr_sandbox_refused_total 0\n" not in metrics.decode()


def test_more_jobs_at_once_than_the_line_ever_holds_are_refused_for_good(server: Server) -> None:
    status, _, answer = post(server, "/v1/runs", join([encode_job(HELLO)] * 7))
    assert status == 400
    assert b"7 jobs in one request; at most 6 are taken here" in answer


def test_metrics_count_runs(server: Server) -> None:
    def count() -> float:
        lines = post(server, "/metrics", b"")[2].decode().splitlines()
        return sum(
            float(line.split()[1]) for line in lines if line.startswith('rlvr_sandbox_runs_total{ended="exited"}')
        )

    before = count()
    post(server, "/v1/run", encode_job(HELLO))
    assert count() == before + 1


def test_a_client_of_http_that_goes_away_takes_its_run_along(server: Server) -> None:
    token = new_token()
    with left_unanswered(server, "/v1/run", encode_job(sleeper(token))):
        asyncio.run(there(token))
    asyncio.run(gone(token))


# --- clients ----------------------------------------------------------------------------------------------------------


def test_a_client_waits_out_a_full_line(server: Server) -> None:
    async def work(sandbox: RemoteSandbox) -> list[JobResult]:
        others = RemoteSandbox([server.url], token=TOKEN)
        try:
            runs = [own.run(HELLO) for own in (sandbox, others) for _ in range(30)]
            return await asyncio.gather(*runs)
        finally:
            await others.close()

    assert {result.stdout for result in run(work, server.url)} == {b"hello\n"}


def test_runs_go_to_all_servers_and_a_dead_one_is_passed_over(server: Server) -> None:
    with Server() as other:

        async def work(sandbox: RemoteSandbox) -> None:
            results = await asyncio.gather(*(sandbox.run(HELLO) for _ in range(20)))
            assert {r.stdout for r in results} == {b"hello\n"}
            assert all(s.slots for s in sandbox._servers), "both were used"
            other.kill()
            results = await asyncio.gather(*(sandbox.run(HELLO) for _ in range(20)))
            assert {r.stdout for r in results} == {b"hello\n"}

        run(work, server.url, other.url)


def test_runs_of_a_server_that_is_killed_are_repeated_elsewhere_and_nothing_is_left_there(server: Server) -> None:
    token = new_token()
    with Server() as doomed:

        async def work(sandbox: RemoteSandbox) -> JobResult:
            running = asyncio.create_task(sandbox.run(sleeper(token, "3")))
            await there(token)
            doomed.kill()
            await gone(token)
            sandbox._servers.append(RemoteSandbox([server.url], token=TOKEN)._servers[0])
            return await running

        result = run(work, doomed.url)
    assert result.succeeded


def test_a_server_that_comes_back_is_used_again(require: Callable[[str], None]) -> None:
    require("serve")
    require("isolation")
    with Server() as first:

        async def work(sandbox: RemoteSandbox) -> JobResult:
            assert (await sandbox.run(HELLO)).succeeded
            first.kill()
            waiting = asyncio.create_task(sandbox.run(HELLO))
            with Server(port=first.port):
                return await waiting

        assert run(work, first.url, reach_timeout=600.0).stdout == b"hello\n"


def test_a_server_that_stops_answering_is_given_up(require: Callable[[str], None], monkeypatch: Any) -> None:
    import signal

    require("serve")
    require("isolation")
    monkeypatch.setattr("sandbox.remote._SILENCE_SECONDS", 1.0)
    with Server() as stuck, Server() as well:

        async def work(sandbox: RemoteSandbox) -> JobResult:
            token = new_token()
            running = asyncio.create_task(sandbox.run(sleeper(token, "2")))
            await there(token)
            stuck.process.send_signal(signal.SIGSTOP)
            sandbox._servers.append(RemoteSandbox([well.url], token=TOKEN)._servers[0])
            return await running

        try:
            assert run(work, stuck.url).succeeded
        finally:
            stuck.process.send_signal(signal.SIGCONT)


def test_a_server_whose_address_begins_like_that_of_a_dead_one_is_not_taken_for_it() -> None:
    async def choose() -> str:
        sandbox = RemoteSandbox(["http://grader:8190", "http://grader:819"])
        dead = sandbox._servers[0]
        now = asyncio.get_running_loop().time()
        return (await sandbox._free_server(now + PATIENCE, now, [(dead, "it died")])).url

    assert asyncio.run(choose()) == "http://grader:819"


def test_no_server_at_all_is_an_error_that_names_them() -> None:
    with pytest.raises(SandboxUnavailable, match=r"127\.0\.0\.1:9.*rlvr sandbox serve"):
        run(lambda sandbox: sandbox.run(HELLO), "http://127.0.0.1:9", reach_timeout=0.5)


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="http://host:8190"):
        RemoteSandbox(["grader:8190"])
