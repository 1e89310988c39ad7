"""Graders as an HTTP service: `rlvr serve-rewards --reward math`. Needs `pip install 'rlvr[serve]'`.

| route | is |
|---|---|
| `POST /v1/grade` | `{"reward": NAME, "rows": [row, ...]}` or `{"reward": NAME, "row": row}`: returns their grades |
| `GET /v1/rewards` | the served rewards, with their versions |
| `GET /health`, `GET /metrics` | whether every reward responds; counters in Prometheus format |

A row is as for `rlvr grade`: `{"response" | "responses", "reference"?, "prompt"?, "finish"?, "metadata"?, "id"?}`. The
response has `rows`, one list per row, in order: a grade for each response, or `{"error": why}` for an invalid row.
`reward` may be omitted if only one is served. Only rewards named at startup are served: a client cannot name a file.

Limits are as in the sandbox service (`sandbox/http.py`): a token for everything except `/health`, 413 for an oversized
body, 429 with `Retry-After` if the queue is full. If a client disconnects, its pending grades are cancelled. The
responses of several clients are graded in turns, so a small request does not wait for all of a large one.
"""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse

from rewards.errors import GradingUnavailable, InvalidRow, UnknownReward
from rewards.parameters import nearest
from rewards.pool import GraderPool
from rewards.spec_properties import missing_reference
from rewards.types import GradeRequest, GradeResult, Json
from sandbox.admission import Places
from sandbox.errors import SandboxUnavailable
from sandbox.http import Guard, answer_errors, unless_gone
from sandbox.json_text import JsonFault, read_json

MOST_RESPONSES = 65_536  # in one request
_HEALTH_SECONDS, _HEALTH_EVERY = 20.0, 5.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """A parsed request. rows: the grade requests of each row, or why the row is invalid."""

    pool: GraderPool
    rows: Sequence[list[GradeRequest] | str]

    @property
    def requests(self) -> list[GradeRequest]:
        return [request for row in self.rows if not isinstance(row, str) for request in row]


class BadBody(ValueError):
    """An invalid request body."""


def create_app(
    pools: Mapping[str, GraderPool], *, token: str = "", most_waiting: int = 65_536, most_bytes: int = 256 << 20
) -> FastAPI:
    """The application. pools: by the names that clients use. most_waiting: queue length. most_bytes: of a body."""
    slots = sum(pool.workers for pool in pools.values())
    places = Places(slots=slots, most_waiting=most_waiting, what="responses")
    counts = _Counts()
    health = Health(pools)
    app = FastAPI(title="rlvr rewards", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.places = places

    @app.get("/health")
    async def _health() -> Response:
        why = await health.why_not(at_work=places.held > 0)
        body = {"status": "failing" if why else "ok", "reason": why, "slots": slots, "held": places.held}
        return JSONResponse(body, status_code=503 if why else 200)

    @app.get("/metrics")
    async def _metrics() -> Response:
        text = counts.metrics(pools, places)
        return PlainTextResponse(text, media_type="text/plain; version=0.0.4")

    @app.get("/v1/rewards")
    async def _rewards() -> Response:
        served = [{"name": name, "reward": pool.identity, "batched": pool.batched} for name, pool in pools.items()]
        return JSONResponse({"rewards": served})

    @app.post("/v1/grade")
    async def _grade(request: Request) -> Response:
        body = await request.body()
        asked = await asyncio.to_thread(_read, body, pools)
        requests = asked.requests
        if len(requests) > slots + most_waiting:
            raise BadBody(f"{len(requests)} responses in one request; at most {slots + most_waiting} are taken here")
        with places.place(len(requests)):
            results = await unless_gone(request.receive, asked.pool.agrade(requests))
        for result in results:
            places.took(result.seconds)
            counts.grades[asked.pool.identity, result.verdict.value] += 1
        counts.bad_rows += sum(isinstance(row, str) for row in asked.rows)
        answer = await asyncio.to_thread(_answer, asked, results)
        return Response(answer, media_type="application/json")

    statuses: dict[type[Exception], int] = {
        BadBody: 422,
        InvalidRow: 422,  # nested too deeply to send to a worker
        UnknownReward: 404,
        GradingUnavailable: 503,
        SandboxUnavailable: 503,
    }
    answer_errors(app, statuses)
    app.add_middleware(Guard, token=token, most_bytes=most_bytes)
    return app


# --- reading and writing --------------------------------------------------------------------------------------------


def _read(body: bytes, pools: Mapping[str, GraderPool]) -> _Asked:
    """Raises BadBody, UnknownReward."""
    try:
        value = read_json(body)
    except JsonFault as error:
        raise BadBody(f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise BadBody(f"the body must be an object with 'rows', not {value!r:.80}")
    if unknown := sorted(value.keys() - {"reward", "rows", "row"}):
        raise BadBody(f"the body has unknown keys {', '.join(unknown)} (keys: reward, rows, row)")
    if ("row" in value) == ("rows" in value):
        raise BadBody("the body must have either 'row' or 'rows'")
    rows = [value["row"]] if "row" in value else value["rows"]
    if not isinstance(rows, list):
        raise BadBody(f"'rows' must be a list of rows, not {rows!r:.80}")
    pool = _served(value.get("reward"), pools)
    read = [_judged(_requests(row, number), pool) for number, row in enumerate(rows)]
    count = sum(len(row) for row in read if not isinstance(row, str))
    if count > MOST_RESPONSES:
        raise BadBody(f"{count} responses in one request; at most {MOST_RESPONSES} are taken: send several requests")
    return _Asked(pool, read)


def _served(name: object, pools: Mapping[str, GraderPool]) -> GraderPool:
    if name is None and len(pools) == 1:
        return next(iter(pools.values()))
    if not isinstance(name, str):
        raise BadBody(f"'reward' must name one of {', '.join(pools)}, not {name!r:.80}")
    if name not in pools:
        raise UnknownReward(f"no reward is served as {name!r}{nearest(name, [*pools])} (served: {', '.join(pools)})")
    return pools[name]


def _requests(row: object, number: int) -> list[GradeRequest] | str:
    """The grade requests of one row, which form a group; or why the row is invalid."""
    try:
        if not isinstance(row, Mapping):
            raise InvalidRow(f"a row must be an object, not {row!r:.80}")
        given: dict[str, object] = {"group": str(number), **row}
        if "responses" not in given:
            return [_checked(GradeRequest.from_dict(given))]
        responses = given["responses"]
        if "response" in given or not isinstance(responses, list) or not responses:
            raise InvalidRow("a row has either 'response' or 'responses', a list of at least one text")
        return [
            _checked(GradeRequest.from_dict({**given, "response": text, "sample": sample}))
            for sample, text in enumerate(responses)
        ]
    except InvalidRow as error:
        return str(error)


def _judged(requests: list[GradeRequest] | str, pool: GraderPool) -> list[GradeRequest] | str:
    """The requests, or why none of them could be judged."""
    if isinstance(requests, str):
        return requests
    return missing_reference(pool.spec, requests[0].reference.type) or requests


def _checked(request: GradeRequest) -> GradeRequest:
    """Check metadata, which goes to a worker unchanged: NaN is accepted by Python's JSON only."""
    try:
        json.dumps(dict(request.metadata), allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise InvalidRow(f"metadata is not JSON: {error}") from error
    return request


def _answer(asked: _Asked, results: Sequence[GradeResult]) -> bytes:
    left = iter(results)
    rows: list[Json] = [
        {"error": row} if isinstance(row, str) else [result.to_dict() for result in islice(left, len(row))]
        for row in asked.rows
    ]
    return json.dumps({"reward": asked.pool.identity, "rows": rows}).encode("ascii")


# --- what is known of the graders -----------------------------------------------------------------------------------


class _Counts:
    """Counters for `/metrics`."""

    def __init__(self) -> None:
        self.grades: Counter[tuple[str, str]] = Counter()
        self.bad_rows = 0

    def metrics(self, pools: Mapping[str, GraderPool], places: Places) -> str:
        """In Prometheus' text format."""
        rows = ["# HELP rlvr_rewards_grades_total Grades given.", "# TYPE rlvr_rewards_grades_total counter"]
        for (reward, verdict), count in sorted(self.grades.items()):
            named = json.dumps(reward, ensure_ascii=False)  # Prometheus has no \\u escapes
            rows.append(f'rlvr_rewards_grades_total{{reward={named},verdict="{verdict}"}} {count}')
        said = [pool.counts() for pool in pools.values()]
        running = min(places.held, places.slots)
        for name, kind, text, value in (
            ("bad_rows_total", "counter", "Rows that could not be read.", self.bad_rows),
            ("refused_total", "counter", "Responses refused because the line was full.", places.refused),
            ("lost_total", "counter", "Calls that hung or killed a worker.", sum(c.lost for c in said)),
            ("workers_started_total", "counter", "Worker processes started.", sum(c.started for c in said)),
            ("running", "gauge", "Responses being graded.", running),
            ("waiting", "gauge", "Responses in line.", places.held - running),
        ):
            rows += [f"# HELP rlvr_rewards_{name} {text}", f"# TYPE rlvr_rewards_{name} {kind}"]
            rows.append(f"rlvr_rewards_{name} {value:g}")
        return "\n".join(rows) + "\n"


class Health:
    """Checks that every reward responds for an empty response, at most every few seconds.

    A busy service is not probed; its regular grades count as responses.
    """

    def __init__(self, pools: Mapping[str, GraderPool]) -> None:
        self._pools = pools
        self._asked = -math.inf
        self._why: dict[str, str] = {}  # by the reward's name
        self._answered: dict[str, int] = {}  # calls answered when the reward was last tried
        self._lock = asyncio.Lock()

    async def why_not(self, *, at_work: bool) -> str:
        """Why the service is unhealthy; empty if it is healthy."""
        if not at_work and time.monotonic() - self._asked >= _HEALTH_EVERY:
            async with self._lock:
                if time.monotonic() - self._asked >= _HEALTH_EVERY:
                    found = await asyncio.gather(*(self._trouble(name, pool) for name, pool in self._pools.items()))
                    self._why = {name: why for name, why in zip(self._pools, found, strict=True) if why}
                    self._answered = {name: pool.counts().answered for name, pool in self._pools.items()}
                    self._asked = time.monotonic()
        for name in [*self._why]:
            if self._pools[name].counts().answered > self._answered[name]:
                del self._why[name]
        return "; ".join(self._why.values())

    async def _trouble(self, name: str, pool: GraderPool) -> str:
        """Why a reward does not respond. Being unable to judge an empty response counts as responding."""
        try:
            async with asyncio.timeout(_HEALTH_SECONDS):
                (result,) = await pool.agrade([GradeRequest(response="", group_id="health")])
        except TimeoutError:
            return f"{name}: no grade within {_HEALTH_SECONDS:g} s"
        except GradingUnavailable as error:
            return f"{name}: {error}"
        at_fault = result.score is None and ("at fault" in result.reason or "cannot be started" in result.reason)
        return f"{name}: {result.reason}" if at_fault else ""
