"""What is attacked: rows, and for each of them several right answers that the audit chooses itself.

A response that is paid may be a lucky guess. So the audit never asks whether a response was paid once: it keeps the
prompt, puts *another* answer into the reference, and grades the same response again. A response that is paid for two
different answers knew neither. For each type of reference, an `Answerer` says where the answer is, how to replace it,
and which other answers are of the same kind.

Example:
    >>> from random import Random
    >>> from rewards.types import MathReference
    >>> row = AuditRow(request=GradeRequest(response="", reference=MathReference(answer="72")))
    >>> subject = subject_of(row, Random(0))
    >>> subject.golds[0].answer, subject.with_answer("5").request.reference
    ('72', MathReference(answer='5', policy=None))
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from random import Random
from types import MappingProxyType

from rewards.audit.samples import instance_of, text_that_matches
from rewards.audit.twins import calls_of, twin_of
from rewards.code.references import CODE_REFERENCES
from rewards.countdown import evaluate
from rewards.errors import InvalidRow
from rewards.rules.references import ChoiceReference, JsonSchemaReference, RegexReference, TextReference
from rewards.types import (
    AnyOf,
    CountdownReference,
    DataReference,
    GradeRequest,
    Json,
    MathReference,
    NoReference,
)

# Keys under which a row may keep its answer if the reference is the reward's own data, or is in the metadata.
ANSWER_KEYS = ("answer", "ground_truth", "gold", "label", "target", "solution", "expected", "reference")
SOLUTION_COLUMNS = ("right", "solution", "canonical_solution", "code")
_LONG = 5  # digits
WORDS = ("marigold", "tungsten", "lighthouse", "Helsinki", "quartz", "Bartók", "pelican", "Antares", "saffron", "fjord")


class Kind(StrEnum):
    """What sort of answer a reference asks for."""

    MATH = "math"
    CHOICE = "choice"
    TEXT = "text"
    COUNTDOWN = "countdown"
    REGEX = "regex"
    JSON = "json_schema"
    CODE = "code"
    DATA = "data"
    NONE = "none"  # nothing to know: a term for format, length, language


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRow:
    """A row to attack a reward on. right: responses (for code: programs) that are known to be right, if any."""

    request: GradeRequest
    right: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, row: Mapping[str, object]) -> AuditRow:
        """Read a row to grade without a `response`; a right one may be given in `right`, `solution` or `code`.

        Raises:
            InvalidRow: naming the field and what was expected.
        """
        if not isinstance(row, Mapping):
            raise InvalidRow(f"a row must be an object, not {row!r:.80}")
        prompt = row.get("messages") if row.get("prompt") is None else row["prompt"]
        request = GradeRequest.from_dict({**row, "prompt": prompt, "response": ""})
        right: list[str] = []
        for column in SOLUTION_COLUMNS:
            given = row.get(column)
            texts = given if isinstance(given, list | tuple) else [given]
            right += [text for text in texts if isinstance(text, str) and text.strip()]
        return cls(request=request, right=tuple(right))


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold:
    """A right answer and the request that asks for it. answer: as a right response states it; empty = unknown."""

    answer: str
    request: GradeRequest

    def asked(self, response: str) -> GradeRequest:
        """The request with this response."""
        return replace(self.request, response=response)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One row under attack.

    golds: the row's own answer first, if it is known, then those that the audit made, which all differ.
    row: the request as it came. right: whole responses that are right for it. calls: names that the tests of a program
    call. made: returns the request with another answer, or None.
    """

    id: str
    kind: Kind
    prompt: str
    row: GradeRequest
    golds: tuple[Gold, ...]
    right: tuple[str, ...] = ()
    language: str = "python"
    calls: tuple[str, ...] = ()
    made: Callable[[str], GradeRequest | None] = lambda _answer: None

    def with_answer(self, answer: str) -> Gold | None:
        """The row as if this were its answer; None if that is impossible."""
        request = self.made(answer)
        return None if request is None else Gold(answer=answer, request=request)

    def pairs(self) -> list[tuple[Gold, Gold]]:
        """Pairs of different golds: two that the audit made, and the row's own with another."""
        made = [gold for gold in self.golds if gold.request is not self.row or self.kind is Kind.CODE]
        if self.kind is Kind.CODE:
            return [(made[0], made[-1])]
        pairs = [(made[0], made[1])] if len(made) > 1 else []
        own = next((gold for gold in self.golds if gold.request is self.row), None)
        if own is not None and self.kind not in (Kind.REGEX, Kind.JSON):  # those may accept anything
            pairs += [(own, other) for other in made[::-1] if differ(own.answer, other.answer)][:1]
        return pairs

    @property
    def numeric(self) -> bool:
        """Whether answers are numbers."""
        return self.kind is Kind.MATH or (self.kind is Kind.DATA and plain_number(self.golds[0].answer) is not None)


def plain_number(text: str) -> Fraction | None:
    """The value of an integer, decimal or p/q in digits; None for anything else."""
    bare = text.strip().replace("$", "").replace(" ", "")
    if not re.fullmatch(r"-?(\d{1,3}(,\d{3})+|\d{1,40})(\.\d{1,40})?(/\d{1,40})?", bare):
        return None
    try:
        top, _, bottom = bare.replace(",", "").partition("/")
        return Fraction(top) / Fraction(bottom or 1)
    except ZeroDivisionError:
        return None


def differ(one: str, other: str) -> bool:
    """Whether two answers are certainly different.

    That is: two numbers of different value; two texts without a common word; or a long number and a text that neither
    contains its digits nor is a plain number.
    """
    first, second = plain_number(one), plain_number(other)
    if first is not None and second is not None:
        return first != second
    if first is None and second is None:
        return not set(re.findall(r"\w+", one.lower())) & set(re.findall(r"\w+", other.lower()))
    number, text = (one, other) if second is None else (other, one)
    return not re.search(r"\d", text) or (len(number) >= _LONG and number not in text)


# --- answers of each kind of reference --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Answerer:
    """How a type of reference holds its answer.

    own: the right answer as text, or empty. replaced: the request with another answer, or None. others: answers of the
    same kind.
    """

    kind: Kind
    own: Callable[[GradeRequest], str]
    replaced: Callable[[GradeRequest, str], GradeRequest | None]
    others: Callable[[GradeRequest, Random], Sequence[str]]


def some_numbers(random: Random, count: int = 4) -> list[str]:
    """Two-digit numbers, and a last one of five digits that no formula is likely to equal."""
    return [*(str(n) for n in random.sample(range(13, 99), count - 1)), str(random.randrange(40_009, 99_991))]


def _math_own(request: GradeRequest) -> str:
    reference = request.reference
    assert isinstance(reference, MathReference)
    answer = reference.answer
    if isinstance(answer, AnyOf):
        return answer.answers[0]
    return answer if isinstance(answer, str) else ", ".join(answer)


def _math_replaced(request: GradeRequest, answer: str) -> GradeRequest:
    assert isinstance(request.reference, MathReference)
    reference = replace(request.reference, answer=answer, tolerance=None, unit="")
    return replace(request, reference=reference)


def _letters(reference: ChoiceReference) -> list[str]:
    return sorted(reference.options) or list("ABCD" if reference.answer in "ABCD" else "ABCDEFGHIJ")


def _choice_replaced(request: GradeRequest, answer: str) -> GradeRequest | None:
    assert isinstance(request.reference, ChoiceReference)
    if answer not in _letters(request.reference):
        return None
    return replace(request, reference=replace(request.reference, answer=answer))


def _choice_others(request: GradeRequest, random: Random) -> list[str]:
    assert isinstance(request.reference, ChoiceReference)
    letters = _letters(request.reference)
    random.shuffle(letters)
    return letters


def _regex_replaced(request: GradeRequest, answer: str) -> GradeRequest:
    assert isinstance(request.reference, RegexReference)
    pattern = rf"(?<!\w){re.escape(answer)}(?!\w)"
    return replace(request, reference=replace(request.reference, patterns=(pattern,)))


def _schema_replaced(request: GradeRequest, answer: str) -> GradeRequest | None:
    try:
        value: Json = json.loads(answer)
    except ValueError:
        return None
    if not isinstance(value, dict) or list(value) != ["answer"]:
        return None
    schema: Json = {"type": "object", "required": ["answer"], "properties": {"answer": {"const": value["answer"]}}}
    return replace(request, reference=JsonSchemaReference(schema=schema))


def _schema_own(request: GradeRequest) -> str:
    assert isinstance(request.reference, JsonSchemaReference)
    return instance_of(request.reference.schema)


def _schema_others(_request: GradeRequest, random: Random) -> list[str]:
    return [json.dumps({"answer": int(n)}) for n in some_numbers(random)]


def _regex_own(request: GradeRequest) -> str:
    assert isinstance(request.reference, RegexReference)
    return text_that_matches(request.reference.patterns)


def _countdown_replaced(request: GradeRequest, answer: str) -> GradeRequest | None:
    assert isinstance(request.reference, CountdownReference)
    try:
        solved = evaluate(answer)
    except ValueError:
        return None
    if solved.value.denominator != 1 or sorted(solved.numbers) != sorted(request.reference.numbers):
        return None
    return replace(request, reference=replace(request.reference, target=int(solved.value)))


def _countdown_others(request: GradeRequest, random: Random) -> list[str]:
    """Expressions that use all numbers, of different values."""
    assert isinstance(request.reference, CountdownReference)
    found: dict[int, str] = {}
    for _ in range(200):
        numbers = list(request.reference.numbers)
        random.shuffle(numbers)
        text, value = str(numbers[0]), Fraction(numbers[0])
        for number in numbers[1:]:
            sign = random.choice("+-*")
            value = {"+": value + number, "-": value - number, "*": value * number}[sign]
            text = f"({text}) {sign} {number}" if sign == "*" and " " in text else f"{text} {sign} {number}"
        if value > 0 and abs(value) < 10**9:
            found.setdefault(int(value), text)
    return list(found.values())[:4]


def _data_place(request: GradeRequest) -> tuple[str, str] | None:
    """Where the answer is: in the reference's data or the metadata, and under which key; "" = the value itself."""
    reference = request.reference
    if isinstance(reference, DataReference):
        if _is_answer(reference.value):
            return "reference", ""
        held = reference.value if isinstance(reference.value, Mapping) else {}
        return next((("reference", key) for key in ANSWER_KEYS if _is_answer(held.get(key))), None)
    return next((("metadata", key) for key in ANSWER_KEYS if _is_answer(request.metadata.get(key))), None)


def _is_answer(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool) and str(value).strip() != ""


def _data_value(request: GradeRequest) -> Json:
    place = _data_place(request)
    if place is None:
        return None
    where, key = place
    holder: Json = dict(request.metadata)
    if where == "reference":
        assert isinstance(request.reference, DataReference)
        holder = request.reference.value
    return holder[key] if key and isinstance(holder, Mapping) else holder


def _data_own(request: GradeRequest) -> str:
    value = _data_value(request)
    return "" if value is None else str(value)


def _data_replaced(request: GradeRequest, answer: str) -> GradeRequest | None:
    place = _data_place(request)
    if place is None:
        return None
    value: Json = answer
    if not isinstance(_data_value(request), str):  # a number stays a number
        try:
            value = json.loads(answer)
        except ValueError:
            return None
    where, key = place
    if where == "metadata":
        return replace(request, metadata=MappingProxyType({**request.metadata, key: value}))
    assert isinstance(request.reference, DataReference)
    held = request.reference.value
    return replace(request, reference=DataReference(value={**held, key: value} if isinstance(held, Mapping) else value))


def _data_others(request: GradeRequest, random: Random) -> Sequence[str]:
    return some_numbers(random) if plain_number(_data_own(request)) is not None else random.sample(WORDS, 4)


def _text_own(request: GradeRequest) -> str:
    assert isinstance(request.reference, TextReference)
    return request.reference.answers[0]


def _text_replaced(request: GradeRequest, answer: str) -> GradeRequest:
    return replace(request, reference=TextReference(answers=(answer,)))


def _letter(request: GradeRequest) -> str:
    assert isinstance(request.reference, ChoiceReference)
    return request.reference.answer


def _some_words(_request: GradeRequest, random: Random) -> list[str]:
    return random.sample(WORDS, 4)


_DATA = Answerer(Kind.DATA, _data_own, _data_replaced, _data_others)
_ANSWERERS: Mapping[type, Answerer] = MappingProxyType(
    {
        MathReference: Answerer(Kind.MATH, _math_own, _math_replaced, lambda _request, random: some_numbers(random)),
        ChoiceReference: Answerer(Kind.CHOICE, _letter, _choice_replaced, _choice_others),
        TextReference: Answerer(Kind.TEXT, _text_own, _text_replaced, _some_words),
        RegexReference: Answerer(Kind.REGEX, _regex_own, _regex_replaced, _some_words),
        JsonSchemaReference: Answerer(Kind.JSON, _schema_own, _schema_replaced, _schema_others),
        CountdownReference: Answerer(Kind.COUNTDOWN, lambda _request: "", _countdown_replaced, _countdown_others),
        DataReference: _DATA,
    }
)


# --- subjects ---------------------------------------------------------------------------------------------------------


def subject_of(row: AuditRow, random: Random, *, term: bool = False) -> Subject:
    """Make a subject of a row. term: attack it as if it had no answer to know."""
    request = row.request
    prompt = "\n".join(message.content for message in request.messages)
    identity = request.problem_id
    reference = request.reference
    if isinstance(reference, CODE_REFERENCES) and not term:
        own = Gold(answer=row.right[0] if row.right else "", request=request)
        twin = twin_of(reference)
        golds = (own,) if twin is None else (own, Gold(answer="", request=replace(request, reference=twin)))
        language = getattr(reference, "language", "python")
        calls = tuple(calls_of(reference))
        return Subject(
            id=identity, row=request, kind=Kind.CODE, prompt=prompt, golds=golds, language=language, calls=calls
        )
    answerer = _ANSWERERS.get(type(reference))
    if isinstance(reference, NoReference) and _data_place(request) is not None:
        answerer = _DATA
    if answerer is None or term:
        alone = (Gold(answer="", request=request),)
        return Subject(id=identity, row=request, kind=Kind.NONE, prompt=prompt, golds=alone, right=row.right)
    found = answerer

    def made(answer: str) -> GradeRequest | None:
        return found.replaced(request, answer)

    return Subject(
        id=identity,
        row=request,
        kind=found.kind,
        prompt=prompt,
        golds=tuple(_golds(found, request, random)),
        right=row.right,
        made=made,
    )


def by_text(subject: Subject) -> Subject | None:
    """A choice whose answers are the texts of its options instead of their letters; None if they are unknown."""
    reference = subject.row.reference
    if not isinstance(reference, ChoiceReference) or len(set(reference.options.values())) < len(reference.options):
        return None
    letters = {text: letter for letter, text in reference.options.items()}

    def made(answer: str) -> GradeRequest | None:
        return subject.made(letters.get(answer, ""))

    golds = tuple(replace(gold, answer=reference.options[gold.answer]) for gold in subject.golds)
    return replace(subject, golds=golds, made=made)


def _golds(answerer: Answerer, request: GradeRequest, random: Random) -> Iterator[Gold]:
    """The row's own answer and others, all of which differ from each other."""
    own = answerer.own(request)
    if own:
        yield Gold(answer=own, request=request)
    for answer in answerer.others(request, random):
        made = answerer.replaced(request, answer)
        if made is not None and answer != own:
            yield Gold(answer=answer, request=made)
