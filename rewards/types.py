"""The values of grading: references, requests and results.

Each is frozen and has one JSON form (`to_dict`, `from_dict`), which `rlvr grade` reads and writes. A `score` of `None`
means "could not be judged" and nothing else.

Example:
    >>> request = GradeRequest.from_dict({"prompt": "1+1?", "response": "\\\\boxed{2}", "reference": "2"})
    >>> request.reference
    MathReference(answer='2', policy=None)
    >>> GradeResult.wrong("differs", extracted="3").to_dict()["verdict"]
    'wrong'
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypeAlias

from rewards.code.reference_rows import READERS as CODE_READERS
from rewards.code.references import CodeReference
from rewards.errors import InvalidRow
from rewards.finite import finite
from rewards.quick_init import quick_init
from rewards.rules.references import READERS as RULE_READERS
from rewards.rules.references import RuleReference
from sandbox.json_text import Json as Json  # for all who speak of rewards
from sandbox.json_text import JsonFault, KeyTwice, read_json

Policy: TypeAlias = Literal["strict", "lenient"]


class Verdict(StrEnum):
    """The decision of a grader."""

    CORRECT = "correct"
    PARTIAL = "partial"
    WRONG = "wrong"
    NO_ANSWER = "no_answer"  # wrong, because no answer was found under the extraction policy
    SCORED = "scored"  # a reward without right and wrong: a length term, a reward model
    UNGRADED = "ungraded"  # the grader could not judge: score is None


_UNGRADED = Verdict.UNGRADED  # asked of every grade, and a member is slow to look up


class Finish(StrEnum):
    """Why a response ended."""

    STOP = "stop"  # an end token or a stop string
    LENGTH = "length"  # cut off at the token limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a conversation."""

    role: str
    content: str

    def to_dict(self) -> dict[str, Json]:
        return {"role": self.role, "content": self.content}


# --- references: what is true of the problem, tagged by `type` ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Alternative answers, any of which is right: `{"any_of": [...]}`."""

    answers: tuple[str, ...]


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class MathReference:
    """A math answer: one, all of several (a tuple), or any of several (`AnyOf`).

    policy: the extraction policy for this row; None = the grader's.
    tolerance: largest accepted deviation of a number; None = 0. unit: the unit of an answer that does not include one.
    require_evaluated, require_simplified: see `rewards.math.grader`; None = the grader's setting.
    """

    type: ClassVar[str] = "math"
    answer: str | tuple[str, ...] | AnyOf
    policy: Policy | None = None
    tolerance: float | None = field(default=None, repr=False)
    unit: str = field(default="", repr=False)
    require_evaluated: bool | None = field(default=None, repr=False)
    require_simplified: bool | None = field(default=None, repr=False)

    @property
    def is_exact(self) -> bool:
        """Whether it leaves to the grader what goes beyond equality."""
        return (
            self.tolerance is None
            and not self.unit
            and self.require_evaluated is None
            and self.require_simplified is None
        )

    def to_dict(self) -> dict[str, Json]:
        answer: Json = {"any_of": list(self.answer.answers)} if isinstance(self.answer, AnyOf) else self.answer
        row: dict[str, Json] = {"type": self.type, "answer": list(answer) if isinstance(answer, tuple) else answer}
        given: dict[str, Json] = {
            "policy": self.policy,
            "tolerance": self.tolerance,
            "unit": self.unit or None,
            "require_evaluated": self.require_evaluated,
            "require_simplified": self.require_simplified,
        }
        return row | {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class CountdownReference:
    """Reach `target` with the four operations, each of `numbers` used exactly once."""

    type: ClassVar[str] = "countdown"
    numbers: tuple[int, ...]
    target: int

    def to_dict(self) -> dict[str, Json]:
        return {"type": self.type, "numbers": list(self.numbers), "target": self.target}


@dataclass(frozen=True, slots=True, kw_only=True)
class DataReference:
    """Arbitrary JSON for a custom reward: `{"type": "data", "value": ...}`."""

    type: ClassVar[str] = "data"
    value: Json

    def to_dict(self) -> dict[str, Json]:
        return {"type": self.type, "value": self.value}


@dataclass(frozen=True, slots=True)
class NoReference:
    """No reference, as for format, length and judge rewards."""

    type: ClassVar[str] = "none"

    def to_dict(self) -> dict[str, Json]:
        return {"type": self.type}


Reference: TypeAlias = MathReference | CountdownReference | DataReference | NoReference | CodeReference | RuleReference


def _text(value: object, where: str) -> str:
    if isinstance(value, str):
        return value
    raise InvalidRow(f"{where} must be a string, not {value!r:.80}")


def answer_text(value: object, where: str) -> str:
    """A bare answer as text: strings as they are, numbers as JSON prints them (27.0 stays '27.0')."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InvalidRow(f"{where} must be a string or a number, not {value!r:.80}")
    if isinstance(value, float) and not math.isfinite(value):
        raise InvalidRow(f"{where} must be finite, not {value!r}")
    return value if isinstance(value, str) else str(value)


def _math(row: Mapping[str, object]) -> MathReference:
    answer, policy = row.get("answer"), row.get("policy")
    if policy not in (None, "strict", "lenient"):
        raise InvalidRow(f"reference.policy must be 'strict' or 'lenient', not {policy!r}")
    parsed: str | tuple[str, ...] | AnyOf
    if isinstance(answer, str):
        if len(row) == 2:  # type and answer alone: the common case
            return MathReference(answer=answer)
        parsed = answer
    elif isinstance(answer, Mapping):
        options = answer.get("any_of")
        if set(answer) != {"any_of"} or not isinstance(options, list | tuple) or not options:
            raise InvalidRow(f"reference.answer must be {{'any_of': [answers]}}, not {answer!r:.80}")
        parsed = AnyOf(tuple(answer_text(a, "reference.answer.any_of[]") for a in options))
    elif isinstance(answer, list | tuple):
        if not answer:
            raise InvalidRow("reference.answer is an empty list; give at least one answer")
        parsed = tuple(answer_text(a, "reference.answer[]") for a in answer)
    else:
        parsed = answer_text(answer, "reference.answer")
    return MathReference(answer=parsed, policy=policy, **_math_terms(row))


def _math_terms(row: Mapping[str, object]) -> dict[str, Any]:
    """The optional fields besides the answer."""
    terms: dict[str, Any] = {}
    if (tolerance := row.get("tolerance")) is not None:
        number = finite(tolerance)
        if number is None or number < 0:
            raise InvalidRow(f"reference.tolerance must be a number, at least 0, not {tolerance!r:.80}")
        terms["tolerance"] = number
    if (unit := row.get("unit")) is not None:
        if not isinstance(unit, str):
            raise InvalidRow(f"reference.unit must be text, not {unit!r:.80}")
        terms["unit"] = unit
    for name in ("require_evaluated", "require_simplified"):
        if (wanted := row.get(name)) is not None:
            if not isinstance(wanted, bool):
                raise InvalidRow(f"reference.{name} must be true or false, not {wanted!r:.80}")
            terms[name] = wanted
    return terms


def _integer(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidRow(f"{where} must be an integer, not {value!r:.80}")
    return value


def _countdown(row: Mapping[str, object]) -> CountdownReference:
    numbers = row.get("numbers")
    if not isinstance(numbers, list | tuple) or not numbers:
        raise InvalidRow(f"reference.numbers must be a list of integers, not {numbers!r:.80}")
    return CountdownReference(
        numbers=tuple(_integer(n, "reference.numbers[]") for n in numbers),
        target=_integer(row.get("target"), "reference.target"),
    )


def _data(row: Mapping[str, object]) -> DataReference:
    if "value" not in row:
        raise InvalidRow("reference of type 'data' has no 'value'")
    return DataReference(value=row["value"])  # type: ignore[arg-type]  # came from JSON


_REFERENCES: dict[str, tuple[Callable[[Mapping[str, object]], Reference], Set[str]]] = {
    "math": (_math, {"answer", "policy", "tolerance", "unit", "require_evaluated", "require_simplified"}),
    "countdown": (_countdown, {"numbers", "target"}),
    "data": (_data, {"value"}),
    "none": (lambda _row: NoReference(), set()),
    **CODE_READERS,
    **RULE_READERS,
}
_COLUMNS = {kind: fields | {"type"} for kind, (_read, fields) in _REFERENCES.items()}
REFERENCE_TYPES = tuple(_REFERENCES)


def reference_from(value: object) -> Reference:
    """Parse a reference: an object with a `type`, or a bare string or number, which means a math answer.

    Raises:
        InvalidRow: naming the field and what was expected.
    """
    if type(value) is str:
        return MathReference(answer=value)
    if value is None:
        return NoReference()
    if not isinstance(value, Mapping):
        return MathReference(answer=answer_text(value, "reference"))
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in _REFERENCES:
        said = "reference has no 'type'" if kind is None else f"reference.type is {kind!r}"
        raise InvalidRow(f"{said}; known types: {', '.join(_REFERENCES)}")
    read, fields = _REFERENCES[kind]
    if not value.keys() <= _COLUMNS[kind]:
        unknown = sorted(value.keys() - _COLUMNS[kind])
        raise InvalidRow(f"reference of type {kind!r} has unknown fields {unknown}; known: {sorted(fields)}")
    return read(value)


def reference_text(value: object) -> dict[str, Json] | None:
    """Parse a reference written as JSON text, as in a table; None for other text, which is a bare answer.

    Raises:
        InvalidRow: a duplicate key.
    """
    if not isinstance(value, str) or not value.lstrip().startswith("{") or '"type"' not in value:
        return None
    try:
        read = read_json(value)
    except KeyTwice as error:
        raise InvalidRow(f"reference is JSON that cannot be read: {error}") from error
    except JsonFault:
        return None
    return read if isinstance(read, dict) and isinstance(read.get("type"), str) else None


# --- requests and results -------------------------------------------------------------------------------------------


def messages_from(value: object, where: str = "prompt") -> tuple[Message, ...]:
    """Parse a prompt: text (one user turn) or a list of `{"role", "content"}`."""
    if value is None:
        return ()
    if isinstance(value, str):
        return (Message(role="user", content=value),)
    if not isinstance(value, list | tuple):
        raise InvalidRow(f"{where} must be text or a list of messages, not {value!r:.80}")
    turns = []
    for turn in value:
        if not isinstance(turn, Mapping):
            raise InvalidRow(f"{where}[] must be an object with role and content, not {turn!r:.80}")
        turns.append(
            Message(
                role=_text(turn.get("role"), f"{where}[].role"),
                content=_text(turn.get("content"), f"{where}[].content"),
            )
        )
    return tuple(turns)


_EMPTY: Mapping[str, Any] = MappingProxyType({})


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class GradeRequest:
    """One response to judge.

    group_id: shared by the samples of one problem (pairwise judges need the group). sample_id: identifies one of them.

    Example:
        GradeRequest(response="<think>2+3</think><answer>5</answer>", reference=MathReference(answer="5"))
    """

    response: str
    reference: Reference = NoReference()
    messages: tuple[Message, ...] = ()
    finish: Finish = Finish.STOP
    metadata: Mapping[str, Json] = field(default_factory=lambda: _EMPTY)
    problem_id: str = ""
    group_id: str = ""
    sample_id: int = 0

    def __reduce__(self) -> tuple[Callable[..., GradeRequest], tuple[dict[str, Json]]]:
        """Copy and pickle by row, because mapping proxies cannot be pickled."""
        return type(self).from_dict, (self.to_dict(),)

    def to_dict(self) -> dict[str, Json]:
        return {
            "prompt": [m.to_dict() for m in self.messages],
            "response": self.response,
            "reference": self.reference.to_dict(),
            "finish": self.finish.value,
            "metadata": dict(self.metadata),
            "id": self.problem_id,
            "group": self.group_id,
            "sample": self.sample_id,
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, object]) -> GradeRequest:
        """Parse a row to grade (with one `response`). Unknown columns belong to the caller and are ignored.

        Raises:
            InvalidRow: naming the field and what was expected.
        """
        if not isinstance(row, Mapping):
            raise InvalidRow(f"a row must be an object, not {row!r:.80}")
        if "response" not in row:
            raise InvalidRow(f"the row has no 'response' (its columns: {', '.join(map(str, row)) or 'none'})")
        finish = row.get("finish") or "stop"
        if finish not in ("stop", "length"):
            raise InvalidRow(f"finish must be 'stop' or 'length', not {finish!r:.80}")
        metadata = row.get("metadata") or {}
        if not isinstance(metadata, Mapping):
            raise InvalidRow(f"metadata must be an object, not {metadata!r:.80}")
        identity, group = row.get("id"), row.get("group")
        return cls(
            response=_text(row["response"], "response"),
            reference=reference_from(row.get("reference")),
            messages=messages_from(row.get("prompt")),
            finish=Finish.LENGTH if finish == "length" else Finish.STOP,
            metadata=MappingProxyType(dict(metadata)) if metadata else _EMPTY,
            problem_id="" if identity is None else str(identity),
            group_id="" if group is None else str(group),
            sample_id=_integer(row.get("sample") or 0, "sample"),
        )


@dataclass(frozen=True, slots=True)
class StepScore:
    """The score of one reasoning step (a process reward): the step ends before character `end` of the response."""

    end: int
    score: float


@quick_init
@dataclass(frozen=True, slots=True, kw_only=True)
class GradeResult:
    """What a response is worth.

    score: the reward before shaping, finite; None = could not be judged (if and only if the verdict is UNGRADED).
    correctness: in [0, 1]; None if the reward has no right and wrong, or nothing was judged.
    parts: scores of the components of a composed reward, by name; None for a part that could not be judged.
    seconds: wall time of this grade, measured by the worker.
    details: additional JSON from the grader (for code: the sandbox and its isolation, the outcome of each case). It may
        contain what a model must not see.
    """

    score: float | None
    verdict: Verdict
    correctness: float | None = None
    extracted: str | None = None
    reason: str = ""
    parts: Mapping[str, float | None] = field(default_factory=lambda: _EMPTY)
    steps: tuple[StepScore, ...] = ()
    seconds: float = 0.0
    details: Mapping[str, Json] = field(default_factory=lambda: _EMPTY)

    def __reduce__(self) -> tuple[Callable[..., GradeResult], tuple[dict[str, Json]]]:
        """Copy and pickle by row, as for requests."""
        return type(self).from_dict, (self.to_dict(),)

    def __post_init__(self) -> None:
        if (self.score is None) != (self.verdict is _UNGRADED):
            raise InvalidRow(
                f"score is {self.score!r} but verdict is {self.verdict.value!r}; None goes with 'ungraded'"
            )
        if self.score is not None and not math.isfinite(self.score):
            raise InvalidRow(f"score must be finite, not {self.score!r}")
        if self.correctness is not None and not 0.0 <= self.correctness <= 1.0:
            raise InvalidRow(f"correctness must be in [0, 1], not {self.correctness!r}")

    @classmethod
    def correct(cls, reason: str = "", *, extracted: str | None = None) -> GradeResult:
        return cls(score=1.0, correctness=1.0, verdict=Verdict.CORRECT, reason=reason, extracted=extracted)

    @classmethod
    def wrong(cls, reason: str, *, extracted: str | None = None) -> GradeResult:
        return cls(score=0.0, correctness=0.0, verdict=Verdict.WRONG, reason=reason, extracted=extracted)

    @classmethod
    def no_answer(cls, reason: str) -> GradeResult:
        return cls(score=0.0, correctness=0.0, verdict=Verdict.NO_ANSWER, reason=reason)

    @classmethod
    def scored(cls, score: float, reason: str = "") -> GradeResult:
        return cls(score=score, verdict=Verdict.SCORED, reason=reason)

    @classmethod
    def ungraded(cls, reason: str) -> GradeResult:
        return cls(score=None, verdict=Verdict.UNGRADED, reason=reason)

    def timed(self, seconds: float) -> GradeResult:
        """The same grade with its wall time."""
        return type(self)(  # `replace` would take as long as some grades
            score=self.score,
            verdict=self.verdict,
            correctness=self.correctness,
            extracted=self.extracted,
            reason=self.reason,
            parts=self.parts,
            steps=self.steps,
            seconds=seconds,
            details=self.details,
        )

    def to_dict(self) -> dict[str, Json]:
        return {
            "score": self.score,
            "correctness": self.correctness,
            "verdict": self.verdict.value,
            "extracted": self.extracted,
            "reason": self.reason,
            "parts": dict(self.parts),
            "steps": [[s.end, s.score] for s in self.steps],
            "seconds": self.seconds,
            "details": dict(self.details),
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Json]) -> GradeResult:
        """Read what `to_dict` wrote. Raises InvalidRow."""
        try:
            extracted, seconds = row["extracted"], row["seconds"]
            parts, steps, details = row["parts"], row["steps"], row.get("details", {})
            if not isinstance(seconds, int | float):
                raise TypeError(f"seconds is {seconds!r:.80}, not a number")
            return cls(
                score=row["score"],  # type: ignore[arg-type]
                correctness=row["correctness"],  # type: ignore[arg-type]
                verdict=Verdict(str(row["verdict"])),
                extracted=None if extracted is None else _text(extracted, "extracted"),
                reason=_text(row["reason"], "reason"),
                parts=_EMPTY if parts == {} else MappingProxyType(dict(parts)),  # type: ignore[arg-type]
                steps=() if steps == [] else tuple(StepScore(*step) for step in steps),  # type: ignore[misc, union-attr]
                seconds=seconds,
                details=_EMPTY if details == {} else MappingProxyType(dict(details)),  # type: ignore[arg-type]
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidRow(f"not a graded row: {error}") from error
