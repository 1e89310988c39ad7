"""The rewards `exact` and `f1` for short answers in words, and the normalisation they share.

Response and gold are normalised as in the evaluation of SQuAD (P. Rajpurkar et al., "SQuAD: 100,000+ Questions for
Machine Comprehension of Text", EMNLP 2016): lower case, no punctuation, no articles, single spaces. With several golds
the best score counts. Four differences avoid its confusions:

- a number keeps its decimal point and its signs (1.5 is not 15, -5 is not 5, 1e-5 is not 1e5); `1,000` is 1000;
- `++` and `#` at the end of a word are kept (C++ is not C);
- a text that would become empty is compared unchanged (the answer "A");
- `f1` compares yes, no, true and false as a whole: "yes no" is not half right.

F1 = 2 · precision · recall / (precision + recall), over the multiset of common words.

Example:
    >>> normalised("The  Eiffel-Tower!")
    'eiffeltower'
    >>> f1_of("the big red dog", "a red dog")
    Overlap(f1=0.8, precision=0.6666666666666666, recall=1.0)
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from rewards.registry import reward
from rewards.rules.invisible import without_invisible
from rewards.rules.places import ABSENT, Place, place_of
from rewards.rules.references import TextReference
from rewards.types import GradeRequest, GradeResult, Verdict

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_MARK = re.compile(
    r"(?P<sign>(?:(?<![\w)\]}])|(?<=\de))[-−–+](?=[$€£]?\.?\d))"
    r"|(?P<point>(?:(?<!\w)|(?<=\d))\.(?=\d))"
    r"|(?P<between>(?<=\d)[^\w\s](?=\d))"
    r"|(?P<name>(?<=\w)(?:\+\+|#)(?!\w))"
    r"|[^\w\s]|_"
)
_SIGNS = {"-": "-", "−": "-", "–": "-", "+": ""}
_WHOLE = {"yes", "no", "true", "false"}
_SHOWN = 200
LONGEST = 100_000
"""Most characters of a short answer; a longer one is wrong."""


def _kept(match: re.Match[str]) -> str:
    """The replacement of a non-word character: ASCII symbols and punctuation of any script are removed."""
    mark = match.group()
    if match["sign"]:
        return _SIGNS[mark]
    if match["between"]:
        return " "
    if match["point"] or match["name"]:
        return mark
    return "" if mark.isascii() or mark == "−" or unicodedata.category(mark).startswith("P") else mark


def normalised(text: str) -> str:
    """Normalise a short text. Runs in linear time."""
    lowered = without_invisible(unicodedata.normalize("NFC", text)).lower()
    bare = " ".join(_MARK.sub(_kept, _THOUSANDS.sub("", lowered)).split())
    return " ".join(_ARTICLE.sub(" ", bare).split()) or bare or " ".join(lowered.split())


@dataclass(frozen=True, slots=True)
class Overlap:
    """The overlap of the words of two texts."""

    f1: float
    precision: float
    recall: float


def f1_of(response: str, gold: str) -> Overlap:
    """The overlap of two texts."""
    return _overlap(normalised(response), normalised(gold))


def _overlap(found: str, wanted: str) -> Overlap:
    """The overlap of two normalised texts."""
    if found == wanted:
        return Overlap(1.0, 1.0, 1.0)
    if found in _WHOLE or wanted in _WHOLE:
        return Overlap(0.0, 0.0, 0.0)
    words, golds = Counter(found.split()), Counter(wanted.split())
    shared = (words & golds).total()
    if not shared:
        return Overlap(0.0, 0.0, 0.0)
    precision, recall = shared / words.total(), shared / golds.total()
    return Overlap(2 * precision * recall / (precision + recall), precision, recall)


def _controls(request: GradeRequest) -> Sequence[GradeRequest]:
    """Control requests: an empty response, and the first gold."""
    reference = request.reference
    golds = reference.answers[:1] if isinstance(reference, TextReference) else ()
    return tuple(replace(request, response=response) for response in ("", *golds))


def _answer(
    request: GradeRequest, name: str, place: Place, prefilled: bool, judge: Callable[[str, TextReference], GradeResult]
) -> GradeResult:
    reference = request.reference
    if not isinstance(reference, TextReference):
        return GradeResult.ungraded(f"{name} needs a reference of type 'text', not {reference.type!r}")
    text = place_of(request.response, place, prefilled=prefilled)
    if text is None:
        return GradeResult.no_answer(ABSENT[place])
    extracted = text.strip()[:_SHOWN]
    if len(text) > LONGEST:
        return GradeResult.wrong(
            f"has {len(text)} characters; a short answer has {LONGEST} at most", extracted=extracted
        )
    found = normalised(text)
    if not found:
        return GradeResult.no_answer("the answer is blank")
    return replace(judge(found, reference), extracted=extracted)


def _exact(found: str, reference: TextReference) -> GradeResult:
    if any(found == normalised(gold) for gold in reference.answers):
        return GradeResult.correct()
    return GradeResult.wrong(f"differs from {_golds(reference)}")


def _f1(found: str, reference: TextReference) -> GradeResult:
    best = max((_overlap(found, normalised(gold)) for gold in reference.answers), key=lambda overlap: overlap.f1)
    parts = MappingProxyType({"precision": best.precision, "recall": best.recall})
    verdict = Verdict.CORRECT if best.f1 == 1.0 else Verdict.PARTIAL if best.f1 else Verdict.WRONG
    reason = "" if best.f1 == 1.0 else f"an overlap of {best.f1:.3f} with {_golds(reference)}"
    return GradeResult(score=best.f1, correctness=best.f1, verdict=verdict, reason=reason, parts=parts)


def _golds(reference: TextReference) -> str:
    return " or ".join(repr(gold[:60]) for gold in reference.answers[:3]) + (" …" if len(reference.answers) > 3 else "")


@reward("exact", version="2", correctness=True, controls=_controls, references=(TextReference.type,))
def exact(request: GradeRequest, *, place: Place = "final", prefilled: bool = False) -> GradeResult:
    """1 if the normalised answer equals one of the reference's texts, else 0.

    place: where the answer stands, see `rewards.rules.places`. prefilled: the prompt ended in `<think>`.
    """
    return _answer(request, "exact", place, prefilled, _exact)


@reward("f1", version="2", correctness=True, controls=_controls, references=(TextReference.type,))
def f1(request: GradeRequest, *, place: Place = "final", prefilled: bool = False) -> GradeResult:
    """The best F1 of the answer's words against the reference's texts. Parts: precision and recall.

    place: where the answer stands, see `rewards.rules.places`. prefilled: the prompt ended in `<think>`.
    """
    return _answer(request, "f1", place, prefilled, _f1)
