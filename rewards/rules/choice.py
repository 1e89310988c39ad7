r"""The reward `choice`: 1 if the response commits to the letter of the right option, else 0.

Where an answer may stand, in this order, with the policy `lenient`: a response that is only a choice; the last
`<answer>`; the last `\boxed{}`, or several joined ones; the last "answer is B", "answer: B", "B is correct" or `#### B`
that is not denied; the last line. With `strict`: the last `<answer>` or box only. Thinking never counts. Common phrases
in Chinese, Japanese and Korean are understood (`rewards.rules.in_english`).

A choice is a letter in a usual form: `B`, `b`, `(B)`, `[B]`, `B.`, `B)`, `**B**`, `\text{B}`, `$B$`, `Ⓑ`, "option B",
optionally followed by the option's text: `B. Paris`, `(B) Paris`. If the options are known, an option's text alone is a
choice too, a letter may precede it without punctuation (`B Paris`), and either may be in brackets: `Paris (B)`. A
letter with the text of another option is wrong. `A dog` is text, not the letter A. Look-alike letters of other scripts
are not letters.

Two letters are a hedge, and wrong: `A or B`, `A, B`, `A/B`, `AB`, `B. C.`, "(A) Paris or (B) Rome", and also joined
boxes, answers or statements with different letters. Runs in time linear in the response.

Example:
    >>> from rewards.types import reference_from
    >>> right = reference_from({"type": "choice", "answer": "B", "options": ["Rome", "Paris"]})
    >>> choice(GradeRequest(response="So the answer is **(B) Paris**.", reference=right)).verdict.value
    'correct'
    >>> choice(GradeRequest(response="<answer>A or B</answer>", reference=right)).reason
    'names several options: A, B'
"""

from __future__ import annotations

import heapq
import re
import string
import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rewards.registry import reward
from rewards.rules.in_english import in_english
from rewards.rules.invisible import without_invisible
from rewards.rules.places import answers, last_answer, place_of
from rewards.rules.references import ChoiceReference
from rewards.types import GradeRequest, GradeResult, Policy

_LONGEST = 2_000
_SHOWN = 200
_LETTERS = "ABCDE"

# --- the letters of a short text --------------------------------------------------------------------------------------

_COMMAND = re.compile(r"\\(?:(?:text|math|operator)[a-z]*|emph|mbox|rm|bf|boxed|fbox|left|right)\b\s*")
_BULLETS = re.compile(r"(?:[>#*•-]+\s+)+")
_DRESSING = re.compile(r"\\[()\[\],;!]|\*\*|[`${}\"“”‘’«»]|(?<!\w)[*_']|[*_'](?!\w)")
_LEAD = re.compile(
    r"(?:(?:so|thus|hence|therefore|(?:i\s+)?(?:choose|pick|select)|i\s+think(?:\s+that)?|it\s+is|it's|it\s+must\s+be)\b[,:]?\s*)*"
    r"(?:the\s+|my\s+)?(?:(?:final|correct|best|right|most\s+likely)\s+)*"
    r"(?:(?:(?:answer|option|choice|letter)\b|ans\b\.?)(?:\s+choice\b|\s+option\b)?\s*(?:is|=|:)?\s*:?\s*)?"
    r"(?:(?:definitely|clearly)\s+)?(?:(?:option|choice|letter)\s+)?",
    re.IGNORECASE,
)
_LETTER = r"(?:\(\s*([A-Z])\s*\)|\[\s*([A-Z])\s*\]|([A-Z])(?![^\W_]))"
_ONE = re.compile(_LETTER, re.IGNORECASE)
_MARK = re.compile(r"\s*[).:\]]+(?!\d)\s*|\s*[-–—]+\s+|\s*,\s+|\s*;\s*|\s*=\s*")
_BEHIND = re.compile(r"(.+?)\s*(\([A-Z]\)|\[[A-Z]\])[.!]?")
_AFFIRMED = re.compile(
    r"\s*(?:is|seems|must\s+be)\s+(?:(?:the|definitely|clearly)\s+)*(?:(?:only|best|final|most\s+likely)\s+)*"
    r"(?:correct|right|true|answer)\b[^A-Za-z]*(?:(?:answer|option|choice|one)\b)?",
    re.IGNORECASE,
)
_TOGETHER = re.compile(r"[A-Z]{2,5}")
_JOIN = re.compile(
    r"\s*(?>(?:,|/|\||&|\+|;|\bor\b|\band\b)+)\s*(?:(?:or|and)\s+)?(?:(?:option|choice)\s+)?", re.IGNORECASE
)
# A reason after the letter may name other letters; it begins with one of these words.
_REASON = re.compile(
    r"\b(?:because|since|as|not|rather|instead|unlike|whereas|while|which|where|so)\b|[.!?](?=\s)|\n", re.IGNORECASE
)
_OFFERED = re.compile(
    r"(?:\b(?:or|and|maybe|perhaps|possibly|alternatively|also|both|either)\s+(?:(?:option|choice|answer)\s+)?|[/|]\s*)"
    r"(?:\(([A-Z])\)|\[([A-Z])\]|([A-Z])(?![^\W_]|\s+[a-z]))|\(([A-Z])\)",
)
_NEGATED = re.compile(r"\b(?:not|neither|nor|except|isn't|cannot|can't|wrong|incorrect|false)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Choice:
    """The letters that a text commits to, in order: one is a choice, more are a hedge. fault: why it is invalid."""

    letters: tuple[str, ...]
    fault: str = ""


def read_choice(text: str, options: Mapping[str, str] | None = None, letters: str = _LETTERS) -> Choice | None:
    """Read the choice in a short text. Returns None if it names no option.

    options: the text of each letter, if known. letters: those that are options.
    """
    if len(text) > _LONGEST:
        return None
    options = options or {}
    bare = _undressed(text)
    if not bare:
        return None
    by_text = _letter_of_text(bare, options)
    if by_text:
        return Choice((by_text,))
    lead = _LEAD.match(bare)
    start = lead.end() if lead else 0
    return _letters_at(bare[start:], options, letters, led=start > 0)


def _undressed(text: str) -> str:
    """The text without markup and invisible characters, in Unicode form NFKC, with single spaces."""
    plain = in_english(unicodedata.normalize("NFKC", without_invisible(text))).lstrip()
    bare = plain[bullets.end() :] if (bullets := _BULLETS.match(plain)) else plain
    return " ".join(_DRESSING.sub("", _COMMAND.sub("", bare)).split())


def _letter_of_text(text: str, options: Mapping[str, str]) -> str:
    """The letter of the only option with this text; empty if there is none, or several."""
    wanted = _words(text)
    if len(text.strip(" .()[]:")) == 1 and text.strip(" .()[]:").upper() in options:
        return ""  # a single letter is the letter, even if it is also the text of another option
    found = [letter for letter, option in options.items() if _words(option) == wanted]
    if not found and wanted.startswith("(") and wanted.endswith(")"):
        return _letter_of_text(wanted[1:-1], options)
    return found[0] if len(found) == 1 else ""


def _words(text: str) -> str:
    """Normalise for comparison with an option's text. A leading "a" may be a letter, so only "the" is dropped."""
    return _undressed(text).casefold().strip(" .,;:!").removeprefix("the ")


def _letters_at(text: str, options: Mapping[str, str], letters: str, *, led: bool) -> Choice | None:
    """The choice in a text without its introduction. led: it had one, such as "the answer is"."""
    together = _TOGETHER.fullmatch(text.strip(" .()[]"))
    if together and set(together.group()) <= set(letters) and len(set(together.group())) > 1:
        return Choice(tuple(together.group()))
    behind = _BEHIND.fullmatch(text)
    if behind is not None and _letter_of_text(behind[1], options):
        return _letters_at(f"{behind[2]} {behind[1]}", options, letters, led=led)
    both = re.match(r"(?:both|either)\s+", text, re.IGNORECASE)
    rest = text[both.end() :] if both else text
    first = _ONE.match(rest)
    if first is None:
        by_text = _letter_of_text(rest, options)
        return Choice((by_text,)) if by_text else None
    letter = _letter_in(first)
    bracketed = first[3] is None
    after = rest[first.end() :]
    named = [letter]
    while (join := _JOIN.match(after)) and (further := _ONE.match(after, join.end())):
        if not (further[3] is None or further.group().isupper() or first.group().islower()):
            break
        if re.match(r"\s+[a-z]", after[further.end() :]) and further[3] is not None and further[3] in "AaIi":
            break  # "and a dog", "and I think"
        named.append(_letter_in(further))
        after = after[further.end() :]
    known = [one for one in dict.fromkeys(named) if one in letters]
    if len(set(named)) > 1:
        return Choice(tuple(dict.fromkeys(named))) if known else None
    if letter not in letters:
        return None if not (bracketed or not after.strip(" .,:;!)")) else Choice((letter,), f"{letter} is no option")
    return _with_text(letter, after, options, letters, bracketed=bracketed, led=led, lower=first.group().islower())


def _letter_in(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None).upper()


def _with_text(
    letter: str, after: str, options: Mapping[str, str], letters: str, *, bracketed: bool, led: bool, lower: bool
) -> Choice | None:
    """The choice of a letter, given the text after it.

    bracketed: the letter is in brackets. led: see `_letters_at`. lower: the letter is lower case.
    """
    if not after.strip(" .,:;!)]"):
        return Choice((letter,))
    affirmed = _AFFIRMED.match(after)
    if affirmed is not None:
        after = after[affirmed.end() :]
        return _unless_offered(letter, after, letters)
    mark = _MARK.match(after)
    text = after[mark.end() :] if mark else after.strip()
    other = _letter_of_text(text, options)
    if other and other != letter:
        return Choice((letter, other), f"the letter {letter} stands with the text of {other}")
    if other == letter:
        return Choice((letter,))
    if mark is None and not bracketed and not (led and not lower and _REASON.match(text)):
        return None  # "A dog", "a text"
    if mark is not None and lower and not bracketed and mark.group().strip() in ("", ",", "=", "-", "–", "—"):
        return None  # "a, then", "a - b"
    if mark is not None and (further := _ONE.match(text)) and not text[further.end() :].strip(" .,:;!)]"):
        return Choice(tuple(dict.fromkeys((letter, _letter_in(further)))))
    if options and mark is not None and _words(text).startswith(_words(options[letter]) + " "):
        text = text[min(len(text), len(options[letter])) :]
    return _unless_offered(letter, text, letters)


def _unless_offered(letter: str, text: str, letters: str) -> Choice:
    """The choice of a letter; a hedge if the rest of its sentence offers another one."""
    reason = _REASON.search(text)
    rest = text if reason is None else text[: reason.start()]
    named = [letter]
    for offered in _OFFERED.finditer(rest):
        found = _letter_in(offered)
        if found in letters:
            named.append(found)
    return Choice(tuple(dict.fromkeys(named)))


# --- finding the answer in a response ---------------------------------------------------------------------------------

_STATED = re.compile(
    r"\b(?:(?:answer|choice|option|response)\b|ans\b\.?)[*_\s]*(?:choice[*_\s]+|option[*_\s]+)?(?:is|=|:|would\s+be|must\s+be|should\s+be)"
    r"[*_\s:]*(?=\S)"
    r"|^[ \t]*####\s*"
    r"|\b(?:choose|pick|select|go\s+with|going\s+with)\s+(?=[*_`(\[$]*(?:option|choice|answer|[A-Z](?![^\W_])))",
    re.IGNORECASE | re.MULTILINE,
)
_IS_RIGHT = re.compile(
    r"(?:\(([A-Z])\)|\b([A-Z]))[*_`]*\s+(?:is|must\s+be)\s+(?:(?:the|clearly|definitely)\s+)*"
    r"(?:(?:only|best|most\s+likely)\s+)*(?:correct|right|the\s+answer|answer)\b"
)
_BOX = re.compile(r"\\(?:boxed|fbox)\s*\{")
_BRACE = re.compile(r"[{}]")
_BETWEEN_BOXES = re.compile(r"[\s,;/&.$]*(?:or|and)?[\s,;/&.$]*", re.IGNORECASE)
_BETWEEN_ANSWERS = re.compile(r"\s*(?:[,;/&]|\b(?:or|and)\b)[\s,;/&]*(?:or\b|and\b)?\s*", re.IGNORECASE)
_BETWEEN_STATEMENTS = re.compile(
    r"[^\w\n]*([A-Z])[^\w\n]*(?:\b(?:or|and)\b|/)\s*(?:else\s+)?(?:that\s+)?(?:(?:the|my|I)\s+)?\W*", re.IGNORECASE
)
_LONGEST_BETWEEN = 40
_LAST_STATEMENTS = 100  # statements looked at, from the end
_DENIED = re.compile(
    r"(?:(?:\bnot|n['’]t|\bnever|\bcannot|\bnor)\s+(?:(?:say|claim|think|believe|conclude|sure|certain|true|clear|mean)\s+)?"
    r"|(?:\bfalse|\bwrong|\bincorrect|\buntrue|\bdoubt)\s+)(?:that\s+)?(?:(?:the|my|option|choice)\s+)*$",
    re.IGNORECASE,
)


def boxes(text: str) -> list[tuple[int, int, str]]:
    """Start, end and content of each closed outermost box."""
    openings = {match.end() - 1: match.start() for match in _BOX.finditer(text)}
    if not openings:
        return []
    closed: list[tuple[int, int, str]] = []
    open_braces: list[int] = []
    for brace in _BRACE.finditer(text):
        if brace.group() == "{":
            open_braces.append(brace.start())
        elif open_braces and (inside := open_braces.pop()) in openings:
            start = openings[inside]
            while closed and closed[-1][0] > start:  # nested in this one
                closed.pop()
            closed.append((start, brace.end(), text[inside + 1 : min(brace.start(), inside + 1 + _LONGEST)]))
    return closed


def _joined(text: str, spans: Iterable[tuple[int, int, str]], between: re.Pattern[str]) -> str | None:
    """The content of the last span, joined with those connected to it by `between`; None if there are no spans."""
    chain: list[str] = []
    at = 0
    for start, end, content in spans:
        if start - at > _LONGEST_BETWEEN or not between.fullmatch(text, at, start):
            chain = []
        chain.append(content.strip())
        at = end
    return " and ".join(dict.fromkeys(chain)) if chain else None


def _boxed(text: str) -> str | None:
    """The content of the last box, with the boxes joined to it."""
    return _joined(text, boxes(text), _BETWEEN_BOXES)


def _answered(text: str) -> str | None:
    """The content of the last `<answer>`, with those joined to it by a word or punctuation."""
    return _joined(text, answers(text), _BETWEEN_ANSWERS)


def _stated(text: str) -> str | None:
    """The rest of the line after the last undenied statement of an answer, or the last "B is correct".

    Joined statements, "the answer is A or the answer is B", count as one.
    """
    statements = heapq.merge(_STATED.finditer(text), _IS_RIGHT.finditer(text), key=re.Match.start)
    said: re.Match[str] | None = None
    before: list[str] = []
    at = 0
    for match in reversed(deque(statements, maxlen=_LAST_STATEMENTS)):
        if _DENIED.search(text, max(0, match.start() - _LONGEST_BETWEEN), match.start()):
            continue
        if said is None:
            said, at = match, match.start()
            continue
        near = at - match.end() <= _LONGEST_BETWEEN
        joined = _BETWEEN_STATEMENTS.fullmatch(text, match.end(), at) if near else None
        if joined is None:
            break
        before.insert(0, f"{joined[1]} and ")
        at = match.start()
    if said is None:
        return None
    start = said.start() if said.re is _IS_RIGHT else said.end()
    return "".join(before) + text[start : _line_end(text, said.end())]


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at, at + _LONGEST)
    return min(len(text), at + _LONGEST) if end < 0 else end


def _last_line(text: str) -> str | None:
    lines = text.rstrip()[-_LONGEST:].rsplit("\n", 1)
    return lines[-1] or None


_STEPS: dict[Policy, tuple[Callable[[str], str | None], ...]] = {
    "strict": (_answered, _boxed),
    "lenient": (_answered, _boxed, _stated, _last_line),
}


def _found(text: str, reference: ChoiceReference, policy: Policy) -> tuple[str, Choice] | None:
    """The text with the answer, and its choice; None if there is none."""
    options = reference.options
    letters = "".join(options) if options else _letters_for(reference.answer)
    text = in_english(text)
    if policy == "lenient" and _is_bare(text) and (whole := read_choice(text, options, letters)) is not None:
        return text, whole
    for step in _STEPS[policy]:
        place = step(text)
        if place is None:
            continue
        if step is _answered and (boxed := _boxed(place)) is not None:
            place = boxed
        read = read_choice(place, options, letters)
        if read is not None:
            return place, read
        if step in (_answered, _boxed):
            return place, Choice((), "names no option")
        if _NEGATED.search(place[:_SHOWN]):
            return None
    return None


def _is_bare(text: str) -> bool:
    """Whether a text is one short line without a box or `<answer>`, with at most one statement of an answer."""
    line = text.strip()
    if len(line) > _LONGEST or "\n" in line or last_answer(line) is not None or _BOX.search(line):
        return False
    return sum(1 for _ in _STATED.finditer(line)) <= 1


def _letters_for(answer: str) -> str:
    """The letters that count as options: A to E, or up to J or Z if the answer is beyond E."""
    last = next(last for last in "EJZ" if answer <= last)
    return string.ascii_uppercase[: string.ascii_uppercase.index(last) + 1]


def _controls(request: GradeRequest) -> Sequence[GradeRequest]:
    """Control requests: an empty response, and the right letter."""
    answer = request.reference.answer if isinstance(request.reference, ChoiceReference) else "A"
    return (replace(request, response=""), replace(request, response=f"<answer>{answer}</answer>"))


@reward("choice", version="2", correctness=True, controls=_controls, references=(ChoiceReference.type,))
def choice(request: GradeRequest, *, policy: Policy = "lenient", prefilled: bool = False) -> GradeResult:
    """1 if the response commits to the reference's letter and no other, else 0.

    policy: where the answer may stand, see above. prefilled: the prompt ended in `<think>`.
    """
    reference = request.reference
    if not isinstance(reference, ChoiceReference):
        return GradeResult.ungraded(f"choice needs a reference of type 'choice', not {reference.type!r}")
    text = place_of(request.response, "visible", prefilled=prefilled)
    if text is None:
        return GradeResult.no_answer("the thinking never ends")
    found = _found(text, reference, policy)
    if found is None:
        return GradeResult.no_answer(f"no option where the {policy} policy looks")
    place, read = found
    extracted = read.letters[0] if len(read.letters) == 1 and not read.fault else place.strip()[:_SHOWN]
    if read.fault:
        return GradeResult.wrong(read.fault, extracted=extracted)
    if len(read.letters) > 1:
        return GradeResult.wrong(f"names several options: {', '.join(read.letters)}", extracted=extracted)
    if read.letters[0] != reference.answer:
        return GradeResult.wrong(f"differs from {reference.answer}", extracted=extracted)
    return GradeResult.correct(extracted=extracted)
