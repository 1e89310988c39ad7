"""`rlvr serve-rewards`: grades over HTTP, with the limits of the sandbox's service."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from rewards import GradeRequest, GraderPool, RewardSpec
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "the-token-of-the-tests"
MATH = {"response": r"so \boxed{0.75}", "reference": "3/4"}

OWN = """
import os, time
from rewards import reward

@reward("waits")
def waits(request):
    while "/" in request.response and not os.path.exists(request.response):
        time.sleep(0.01)
    time.sleep(0.0 if "/" in request.response else float(request.response))
    return 1.0

@reward("ranks", batched=True)
def ranks(requests):
    return [float(len(requests))] * len(requests)
"""


DYING = """
import os
from rewards import reward

@reward("dies_while_served")
def dies_while_served(request):
    if os.path.exists("dead"):
        os._exit(1)
    return 1.0
"""


class Server:
    """`rlvr serve-rewards` in a process of its own."""

    def __init__(self, folder: Path, *options: str, token: str = TOKEN) -> None:
        (folder / "own.py").write_text(OWN)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rlvr.cli", "serve-rewards", "--port", "0", *options],
            cwd=folder,
            env={**os.environ, "RLVR_REWARDS_TOKEN": token, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.said = self.process.stderr.readline()
        self.url = self.said.strip().rpartition(" ")[2]

    def ask(self, path: str, body: object = None, *, token: str = TOKEN) -> tuple[int, Any]:
        """The status and what came back, as JSON where it is."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = urllib.request.Request(self.url + path, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, _read(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, {**_read(error.read()), "retry": error.headers.get("Retry-After")}

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(PATIENCE)
        assert self.process.stderr is not None
        with self.process.stderr:
            self.said += self.process.stderr.read()

    def holds(self, responses: int) -> bool:
        """Whether so many are at work or in line."""
        return bool(self.ask("/health", token="")[1]["held"] == responses)


def _read(text: bytes) -> Any:
    return json.loads(text) if text[:1] == b"{" else text.decode()


@pytest.fixture(scope="module")
def server(require: Callable[[str], None], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    require("serve")
    served = ["--reward", "math", "--reward", "slow=./own.py:waits", "--reward", "./own.py:ranks"]
    composed = "both={sum: [{reward: math}, {reward: repetition, weight: 0.5}]}"
    one = Server(
        tmp_path_factory.mktemp("serve"), *served, "--reward", composed, "--workers", "1", "--waiting", "8",
        "--most-mb", "1",
    )  # fmt: skip
    try:
        yield one
    finally:
        one.stop()


def _client(server: Server, length: bytes) -> socket.socket:
    """A connection that has sent the head of a request to grade."""
    host, port = server.url.removeprefix("http://").split(":")
    client = socket.create_connection((host, int(port)), timeout=PATIENCE)
    client.sendall(
        b"POST /v1/grade HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s\r\n\r\n" % (TOKEN.encode(), length)
    )
    return client


def test_rows_are_graded_in_order_and_a_bad_one_is_said_in_its_place(server: Server) -> None:
    rows = [
        MATH,
        {"responses": ["3/4", r"\boxed{1}"], "reference": "3/4"},
        {"reference": "1"},
        "odd",
        MATH,
        {"response": "4"},
    ]
    status, answer = server.ask("/v1/grade", {"reward": "math", "rows": rows})
    assert (status, answer["reward"].partition("@")[0]) == (200, "math")
    scores = [row["error"] if isinstance(row, dict) else [grade["score"] for grade in row] for row in answer["rows"]]
    assert scores[:2] == [[1.0], [1.0, 0.0]]
    assert "the row has no 'response'" in scores[2]
    assert "a row must be an object" in scores[3]
    assert answer["rows"][4][0]["extracted"] == "0.75"
    assert "has no reference, and math@22 needs a reference of type math" in scores[5]


def test_compositions_and_own_rewards_are_served_by_name_and_files_are_not(server: Server) -> None:
    status, answer = server.ask("/v1/grade", {"reward": "both", "row": MATH})
    assert (status, answer["rows"][0][0]["parts"]["math"]) == (200, 1.0)
    group = {"reward": "ranks", "rows": [{"responses": ["a", "b", "c"]}, {"response": "d"}]}
    assert [[g["score"] for g in row] for row in server.ask("/v1/grade", group)[1]["rows"]] == [[3.0] * 3, [1.0]]
    status, answer = server.ask("/v1/grade", {"reward": "./own.py:waits", "row": {"response": "0"}})
    assert (status, answer["detail"]) == (
        404,
        "no reward is served as './own.py:waits' (served: math, slow, ranks, both)",
    )
    names = [reward["name"] for reward in server.ask("/v1/rewards")[1]["rewards"]]
    assert names == ["math", "slow", "ranks", "both"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "not JSON"),
        ([], "must be an object"),
        ({"reward": "math"}, "either 'row' or 'rows'"),
        ({"row": MATH}, "'reward' must name one of math, slow, ranks, both"),
        ({"reward": "math", "rows": 3}, "'rows' must be a list"),
        ({"reward": "math", "row": MATH, "workers": 9}, "unknown keys workers"),
        (b"[" * 100_000, "not JSON: it is nested too deeply"),
        (b'{"\\ud800": 1}', "unknown keys \\ud800"),
        (b"[" + b"9" * 5000 + b"]", "a whole number in it has more than 4300 digits"),
        (b'{"row": {"response": "4", "reference": "4", "reference": "5"}}', "the key 'reference' stands twice"),
    ],
)
def test_a_body_that_is_no_request_is_refused_with_what_was_expected(
    server: Server, body: object, message: str
) -> None:
    status, answer = server.ask("/v1/grade", body)
    assert status == 422
    assert message in answer["detail"]


def test_metadata_of_any_depth_is_graded_or_refused(server: Server) -> None:
    for depth in (100, *range(960, 1001, 5)):  # some can be read here and not be written to a worker
        deep = b"[" * depth + b"]" * depth
        body = b'{"reward": "math", "row": {"response": "4", "reference": "4", "metadata": {"x": %s}}}' % deep
        assert server.ask("/v1/grade", body)[0] in (200, 422), depth


def test_the_limits_are_those_of_the_sandbox_service(server: Server) -> None:
    assert server.ask("/v1/grade", {"reward": "math", "row": MATH}, token="")[0] == 401
    assert server.ask("/v1/rewards", token="wrong")[0] == 401
    assert server.ask("/health", token="")[1]["status"] == "ok"
    status, answer = server.ask("/v1/grade", {"reward": "math", "row": {**MATH, "response": "x" * 2_000_000}})
    assert (status, answer["detail"]) == (413, "a request may have 1048576 bytes at most")


@pytest.mark.parametrize("length", [b"Content-Length: 314572800", b"Transfer-Encoding: chunked"])
def test_what_is_too_large_is_told_while_it_is_sent_and_the_rest_is_read_past(server: Server, length: bytes) -> None:
    piece = b"x" * (1 << 20)
    with _client(server, length) as client:
        client.sendall(b"100001\r\nx%s\r\n" % piece if b"chunked" in length else b"")
        assert client.recv(1 << 16).startswith(b"HTTP/1.1 413 ")
        for _ in range(100):
            client.sendall(b"100000\r\n%s\r\n" % piece if b"chunked" in length else piece)
        client.shutdown(socket.SHUT_WR)
        while client.recv(1 << 16):
            pass  # to the end, and no reset


def test_bodies_that_are_held_are_bounded_together(require: Callable[[str], None]) -> None:
    require("serve")
    from sandbox.http import Guard

    async def asked(guard: Guard, *, last: asyncio.Event) -> int:
        """The status of a request with a body of ten bytes, the last of which comes late."""
        sent: list[Any] = []
        pieces = iter([b"123456789", b"0"])

        async def receive() -> dict[str, Any]:
            piece = next(pieces)
            if piece == b"0":
                await last.wait()
            return {"type": "http.request", "body": piece, "more_body": piece != b"0"}

        async def send(message: Any) -> None:
            sent.append(message)

        await guard({"type": "http", "path": "/", "headers": []}, receive, send)
        return int(sent[0]["status"])

    async def answers(_scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["body"] == b"1234567890"
        await send({"type": "http.response.start", "status": 200})

    async def clients() -> None:
        guard, last, now = Guard(answers, token="", most_bytes=10), asyncio.Event(), asyncio.Event()
        now.set()
        slow = [asyncio.create_task(asked(guard, last=last)) for _ in range(4)]
        await asyncio.sleep(0)
        assert await asked(guard, last=now) == 429, "four times nine bytes of forty"
        last.set()
        assert await asyncio.gather(*slow) == [200] * 4
        assert await asked(guard, last=now) == 200

    asyncio.run(clients())


def test_a_full_line_is_answered_with_when_to_come_back(server: Server, tmp_path: Path) -> None:
    go = tmp_path / "go"
    slow = {"reward": "slow", "rows": [{"response": str(go)}] * 2}
    with ThreadPoolExecutor(6) as pool:
        asking = [pool.submit(server.ask, "/v1/grade", slow) for _ in range(6)]
        until(lambda: server.holds(12), "the line to be full")
        status, refused = server.ask("/v1/grade", slow)
        go.touch()
        assert [one.result()[0] for one in asking] == [200] * 6
    assert status == 429
    assert "responses are at work or in line, and at most 12 may be" in refused["detail"]
    assert int(refused["retry"]) >= 1
    metrics = server.ask("/metrics")[1]
    assert 'rlvr_rewards_grades_total{reward="waits@1",verdict="scored"}' in metrics
    assert "rlvr_rewards_running 0\n" in metrics


@pytest.mark.parametrize("half", [False, True])
def test_a_client_that_goes_away_takes_what_waits_with_it(server: Server, half: bool, tmp_path: Path) -> None:
    go = tmp_path / "go"
    rows = [{"response": str(go)}, *[{"response": "6000"}] * 7]
    body = json.dumps({"reward": "slow", "rows": rows}).encode()
    with _client(server, b"Content-Length: %d" % len(body)) as client:
        client.sendall(body)
        until(lambda: server.holds(8), "the rows to be read")
        if half:
            client.shutdown(socket.SHUT_WR)
            assert client.recv(1) == b"", "it is not left waiting"
    until(lambda: server.holds(0), "its end to be noticed")
    go.touch()
    assert server.ask("/v1/grade", {"reward": "slow", "row": {"response": "0"}})[0] == 200, "seven would hang in turn"


def test_a_reward_that_grades_again_is_well_again_however_busy(
    require: Callable[[str], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require("serve")
    from rewards.serve import Health

    (tmp_path / "dying.py").write_text(DYING)
    (tmp_path / "dead").touch()
    monkeypatch.chdir(tmp_path)

    async def look(pool: GraderPool) -> list[str]:
        health = Health({"dies": pool})
        said = [await health.why_not(at_work=False), await health.why_not(at_work=True)]
        (tmp_path / "dead").unlink()
        said.append(await health.why_not(at_work=True))
        await pool.agrade([GradeRequest(response="")])
        return [*said, await health.why_not(at_work=True)]

    with GraderPool(RewardSpec.from_dict("./dying.py:dies_while_served"), workers=1) as pool:
        failing, busy, unknown, well = asyncio.run(look(pool))
    assert failing.startswith("dies: the grader is at fault")
    assert failing == busy == unknown
    assert well == ""


def test_an_interrupt_ends_it_and_its_workers(require: Callable[[str], None], tmp_path: Path) -> None:
    require("serve")
    one = Server(tmp_path, "--reward", "math", "--workers", "1", token="")
    try:
        assert one.ask("/v1/grade", {"row": MATH}, token="")[0] == 200, "a single reward need not be named"
        workers = psutil.Process(one.process.pid).children()
        assert workers
        host, port = one.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as client:
            client.sendall(b"POST /v1/grade HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
        assert one.ask("/health", token="")[0] == 200
    finally:
        one.stop()
    assert one.process.returncode in (0, 130)
    assert "Traceback" not in one.said, "a client that goes away before its request is whole is no error of ours"
    _, alive = psutil.wait_procs(workers, timeout=PATIENCE)
    assert not alive


def test_who_waits_for_a_grade_when_it_ends_is_told_to_come_again(
    require: Callable[[str], None], tmp_path: Path
) -> None:
    require("serve")
    one = Server(tmp_path, "--reward", "./own.py:waits", "--workers", "1")
    try:
        with ThreadPoolExecutor() as clients:
            rows = [{"response": "/never"}] * 2  # at work, and in line
            answers = [clients.submit(one.ask, "/v1/grade", {"row": row}) for row in rows]
            until(lambda: one.holds(2), "both to have come")
            one.process.send_signal(signal.SIGINT)
            told = [answer.result() for answer in answers]
        one.process.wait(PATIENCE)
    finally:
        one.stop()
    assert [(status, said["retry"]) for status, said in told] == [(503, "1")] * 2
    assert all("ending" in said["detail"] for _, said in told)
    assert "Traceback" not in one.said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--reward", "mth"], "did you mean 'math'"),
        (["--reward", "{gate: format, then: math}"], "is a composition; give it a name"),
        (["--reward", "math", "--reward", "math"], "two rewards would be served as 'math'"),
        (["--reward", "math", "--host", "0.0.0.0"], "lets others in and there is no token; set RLVR_REWARDS_TOKEN"),
        (["--reward", "./none.py:f"], "there is no file './none.py'"),
    ],
)
def test_mistakes_are_said_before_anything_is_served(
    require: Callable[[str], None], tmp_path: Path, options: list[str], message: str
) -> None:
    require("serve")
    ran = subprocess.run(
        [sys.executable, "-m", "rlvr.cli", "serve-rewards", "--port", "0", *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "RLVR_REWARDS_TOKEN": ""},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 1
    assert message in ran.stderr
