r"""Check prompts on their own: whether they contain the answer, ask nothing, need a picture, or are too long.

Example:
    >>> leaks("What is 3+4? The answer is 7.", ["7"])
    "it says 'The answer is' and '7'"
    >>> leaks("Is 7 more than 3?", ["7"])
    ''
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from data_prep.duplicates import normalised
from data_prep.problem import Problem
from data_prep.validation.entries import Entry
from data_prep.validation.findings import Finding
from data_prep.validation.golds import golds, variants
from data_prep.validation.solutions import NAMED
from data_prep.validation.text_damage import damage, has_mixed_word, languages, markup, without_drawings
from rewards.rules.references import ChoiceReference
from rewards.types import MathReference

_SAID = (
    r"(?:\b(?:the\s+|its\s+)?"
    r"(?:(?:final|correct|right|true|expected|numerical|reference|gold(?:en)?|model|official)[ _-])?"
    r"(?:answer|ans|solution|ground[ _-]?truth|answer[ _-]key)\b"
    r"|\b(?:final|correct|right|true|expected|reference|gold(?:en)?)[ _-](?:result|value|label|option|choice|target)\b"
    r"|\b(?:antwort|lösung|respuesta|solución|réponse|resposta|risposta|soluzione|ответ)\b|答案|答え"
    r"|\b(?:hint|spoiler|key|label|target|gold)\s*:\s*(?:it|that|this|the (?:result|value|total|number))\b"
    r"|^[ \t]*(?:hint|spoiler|answer key|key|label|gold|target|a|ans)(?=\s*[:=]))"
)
_IS = (
    r"[\"'\]*_)]*\s*(?:(?:to|of|for) (?:this|the|it)(?: \w+)?\s*)?"
    r"(?:(?:is|was|ist|lautet|es|est)\b|é|è|是|为|は|equals|comes out (?:as|to be)|turns out to be|works out (?:to|as)"
    r"|(?:should|must|will|would|can|has to|ought to) (?:be|equal)|->|=>|→|⇒|:|=|-)"
    r"\s*(?:equal to|simply|just|clearly|exactly|therefore|always|option|choice|to be)?"
    r"\s*[:=]?\s*[\"'*_$(\[{]*(?:\\boxed\s*\{\s*)?"
)
_AT_THE_END = r"\b(?:final|correct|right|true|expected)[ _-]answer[ \t]+(?=\S{1,40}[ \t]*$)"  # without a verb
_MARKS = re.compile(rf"\\boxed\s*\{{\s*|####\s*|<answer>\s*|{_SAID}{_IS}|{_AT_THE_END}", re.IGNORECASE | re.MULTILINE)
_END = re.compile(
    r"\*\*(?!\s*\w)|(?!\w|[.,]\d|\s*[-+*/^=]+\s*[\w\\(]|\s+(?:times|plus|minus|divided by|(?:more|less|fewer) than)\b)"
)
_OPENING = "\"'*_$([{\\ "  # characters that may precede an answer
_TICKED = re.compile(
    r"(?m)^.*(?:\((?:correct|right|true|answer)\)|\[(?:correct|right|answer)\]|[✓✔☑✅]|<[-=]+\s*(?:correct|answer)\b).*$",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"(.+?)(?:[.!?;)\]]?\s*(?:[\n\"<]|$)|[.!?;](?=\s)|,(?=\s+[a-z])|\)|\$)")
# A computation in the prompt may be the question itself
_COMPUTATION = re.compile(r"\d\s*(?:[-+*^×·]|\\times|\\cdot)+\s*\d")
_LONGEST_SAID, _MOST_SAID = 60, 3
_LONG_ANSWER = 20  # an answer of at least this many characters is not in a question by chance
_LONG_SOLUTION = 40
# Words per sequence when searching for a solution in the prompt; a solution with fewer than `_RUNS` is skipped
_RUN, _RUNS = 8, 4
# Share of these sequences in the prompt from which the solution counts as revealed: for a text, for a program
_MOST_OF, _MOST_OF_PROGRAM = 0.7, 0.9
_OPTIONS = re.compile(r"\(\s*[B-E]\s*\)|(?<!\w)[B-E][).:]\s")  # without (A), since a sentence may end in "A."
_OFFERED = re.compile(r"(?m)(?:^[ \t]*|(?<=\s))\(?([A-J])[).:](?=\s|\S)")
_WORD = re.compile(r"(?<!\\)\b[A-Za-z]{3,}\b")
_PROSE = 4  # words
_NO_PICTURE = re.compile(
    r"\[asy\]|\\includegraphics|!\[[^\]]*\]\(|<img\b"
    r"|\b(?:in|from|see|using) (?:the|this) (?:figure|diagram|picture|graph|image)\b"
    r"|\b(?:figure|diagram|picture|graph|image)s? (?:shown|below|above|at (?:the )?right)\b|\bas shown\b",
    re.IGNORECASE,
)
# A language is the set's usual one from this share and number of questions.
_USUAL, _FROM = 0.8, 20
_NO_GOLD = {
    "", "null", "nan", "n/a", "na", "tbd", "todo", "tba", "unknown", "?", "??", "-", "--", "...", "[]", "{}",
    "<answer>", "missing", "error", "unanswered", "not available", "no answer", "placeholder", "xxx",
    "[object object]", "answer",
}  # fmt: skip
_UNCERTAIN = re.compile(
    r"\s*none\W*|\s*\(?see\b.*|.*\bor so\W*"
    r"|[\s$({\\]*(?:about|approximately|approx|around|roughly|nearly|almost|circa|ca)\b[\s.]*\d.*"
    r"|[^<>=]*[\d)}$]\s*(?:\\text\s*\{\s*or\s*\}|or)\s*[-+\d({$\\][^<>=]*",
    re.IGNORECASE | re.DOTALL,
)
_LONGEST_UNCERTAIN = 200  # longer golds are prose
# No sentence ends in these. A verb may end a text that is to be continued.
_OPEN_ENDS = {"the", "an", "of", "and", "or", "than", "if", "toward", "towards", "into", "every", "its", "their"}


def text_of(problem: Problem) -> str:
    """The text of all messages of the prompt."""
    return "\n".join(message.content for message in problem.messages)


def leaks(prompt: str, answers: Iterable[str], solution: str = "", most: float = _MOST_OF) -> str:
    """How a prompt reveals an answer (marked as the answer) or most of a solution; empty = it does not.

    most: the share of a solution's word sequences in the prompt from which it counts as revealed.
    """
    marks = list(_MARKS.finditer(prompt))
    for answer in filter(str.strip, answers) if marks else ():
        for written in variants(answer):
            wanted = written.lower().lstrip(_OPENING)
            for mark in marks:
                rest = prompt[mark.end() : mark.end() + len(written) + 40].lower().lstrip(_OPENING)
                if wanted and rest.startswith(wanted) and _END.match(rest, len(wanted)):
                    return f"it says {prompt[mark.start() : mark.end()].strip()!r:.80} and {written!r:.40}"
    return "it holds the solution" if _holds(prompt, solution, most) else ""


def said(prompt: str) -> list[str]:
    r"""The texts that a prompt calls the answer, up to the end of their clause, for a grader to compare with the gold.

    Example:
        >>> said(r"Simplify 2/4. (Answer: $\dfrac{1}{2}$)"), said("What is 3 times 4? The answer is twelve.")
        (['\\dfrac{1}{2}'], ['12'])
    """
    found = []
    for mark in _MARKS.finditer(prompt):
        rest = prompt[mark.end() : mark.end() + _LONGEST_SAID + 1]
        value = _CLAUSE.match(rest)
        if value is None or len(value[1]) > _LONGEST_SAID or _COMPUTATION.search(value[1]):
            continue
        if text := value[1].strip(_OPENING.replace("\\", "") + ".)]}"):
            found.append(str(NAMED.get(text.lower(), text + "}" * (text.count("{") - text.count("}")))))
    return list(dict.fromkeys(found))[:_MOST_SAID]


def _holds(prompt: str, solution: str, most: float) -> bool:
    """Whether the prompt contains a solution, or at least a share `most` of its word sequences."""
    if len(solution) < _LONG_SOLUTION:
        return False
    asked, worked = (normalised(without_drawings(text)) for text in (prompt, solution))
    if worked in asked:
        return True
    words, said = worked.split(), asked.split()
    runs = {tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1)}
    held = runs & {tuple(said[at : at + _RUN]) for at in range(len(said) - _RUN + 1)}
    return len(runs) >= _RUNS and len(held) >= most * len(runs)


def shows(prompt: str, answers: Iterable[str]) -> str:
    """An answer in the prompt that is too long to be there by chance and is not an option; empty = none."""
    if offers_options(prompt):
        return ""
    long = (answer for answer in answers if len(answer) >= _LONG_ANSWER)
    return next((f"{answer!r:.80}" for answer in long if normalised(answer) in normalised(prompt)), "")


def offers_options(prompt: str) -> bool:
    """Whether a prompt lists options: at least three of (B), (C), (D), (E)."""
    return len({re.sub(r"\W", "", found) for found in _OPTIONS.findall(prompt)}) >= 3


def is_prose(answer: str) -> bool:
    """Whether an answer is a sentence, which only the same words can match.

    Example:
        >>> is_prose("all primes p that divide n"), is_prose("x = 3 or x = 5")
        (True, False)
    """
    return len(_WORD.findall(answer)) >= _PROSE


def offered(prompt: str) -> str:
    """The letters of the options that a prompt lists, consecutive from A; empty if there are fewer than three.

    Example:
        >>> offered("Which? (A) 1 (B) 2 (C) 3 (D) 4"), offered("Let A. be a set.")
        ('ABCD', '')
    """
    found = set(_OFFERED.findall(prompt))
    letters = ""
    for letter in "ABCDEFGHIJ":
        if letter not in found:
            break
        letters += letter
    return letters if len(letters) >= 3 else ""


def option(prompt: str, letter: str) -> str:
    """The text of an option that a prompt lists, normalised; empty if it lists none of this letter.

    Example:
        >>> option("Which is prime? A) 4 B) five C) 6", "B"), option("Which?\\n(A) 1\\n(B) 2\\nSay a letter.", "B")
        ('five', '2')
    """
    marks = list(_OFFERED.finditer(prompt))
    ends = [*(mark.start() for mark in marks[1:]), len(prompt)]
    texts = (prompt[mark.end() : end] for mark, end in zip(marks, ends, strict=True) if mark[1] == letter)
    return normalised(next((text.strip().partition("\n")[0] for text in texts), ""))


def ticks(prompt: str) -> str:
    """The line of the only option that is marked as right; empty if there is none, or several."""
    found = [line for line in _TICKED.findall(prompt) if line.strip()]
    one_of_several = len(found) == 1 and bool(offers_options(prompt) or offered(prompt))
    return f"it marks an option: {found[0].strip()!r:.80}" if one_of_several else ""


def is_none(answer: str) -> bool:
    """Whether an answer is a placeholder for a missing one.

    Example:
        >>> is_none("N/A"), is_none("none of these")
        (True, False)
    """
    return " ".join(answer.casefold().split()).rstrip(".!") in _NO_GOLD


def _has_letter(prompt: str, letter: str) -> bool:
    """Whether a letter stands in a prompt: alone, among capitals, or as the small letter of an option."""
    small = letter.lower()
    return bool(re.search(rf"(?<![a-z])[A-Z]*{letter}[A-Z]*(?![a-z])|\(\s*{small}\s*\)|(?<!\w){small}[).:]", prompt))


def _is_uncertain(gold: str) -> bool:
    return len(gold) <= _LONGEST_UNCERTAIN and _UNCERTAIN.fullmatch(gold) is not None


class PromptChecks:
    """Checks prompts one at a time.

    encode: a problem's prompt as tokens. most, characters: most tokens and characters; None = no limit.
    """

    def __init__(
        self, encode: Callable[[Problem], Sequence[object]] | None, most: int | None, characters: int | None = None
    ) -> None:
        self._encode = encode
        self._most, self._characters = most, characters
        self._spoken: Counter[str] = Counter()
        self.longest = self.longest_text = 0

    def check(self, entry: Entry) -> Iterator[Finding]:
        prompt = text_of(entry.problem)
        known = golds(entry.problem.reference)
        if not any(map(str.isalnum, prompt)):
            yield entry.finding("no_question", f"{prompt!r:.40}")
        most = _MOST_OF if known else _MOST_OF_PROGRAM
        if reason := leaks(prompt, known, entry.solution, most) or ticks(prompt):
            yield entry.finding("answer_in_prompt", reason)
        elif reason := shows(prompt, known):
            yield entry.finding("answer_shown", reason)
        yield from self._text(entry, prompt)
        yield from _of_gold(entry, prompt, known)
        yield from self._length(entry, prompt)

    def _text(self, entry: Entry, prompt: str) -> Iterator[Finding]:
        known = golds(entry.problem.reference)
        if reason := damage(prompt) or next(filter(None, map(damage, known)), ""):
            yield entry.finding("damaged_text", reason)
        if reason := markup(prompt) or next(filter(None, map(markup, known)), ""):
            yield entry.finding("markup", reason)
        spoken = languages(prompt)
        if reason := has_mixed_word(prompt):
            yield entry.finding("mixed_language", f"letters of two scripts in one word: {reason}")
        elif len(spoken) > 1:
            yield entry.finding("mixed_language", " and ".join(spoken))
        elif spoken:
            usual, count = self._spoken.most_common(1)[0] if self._spoken else (spoken[0], 0)
            if spoken[0] != usual and count >= _USUAL * self._spoken.total() and count >= _FROM:
                yield entry.finding("mixed_language", f"{spoken[0]}, and those before it {usual}")
            self._spoken[spoken[0]] += 1
        end = prompt[-40:].split()
        if end and end[-1] in _OPEN_ENDS:
            yield entry.finding("cut_off", f"it ends: {' '.join(end)!r}")
        if (picture := _NO_PICTURE.search(prompt)) and without_drawings(prompt) == prompt:
            yield entry.finding("picture", f"it says {picture.group()!r}")

    def _length(self, entry: Entry, prompt: str) -> Iterator[Finding]:
        self.longest_text = max(self.longest_text, len(prompt))
        if self._characters is not None and len(prompt) > self._characters:
            yield entry.finding("too_long", f"{len(prompt)} characters, more than {self._characters}")
        elif self._encode is not None:
            tokens = len(self._encode(entry.problem))
            self.longest = max(self.longest, tokens)
            if self._most is not None and tokens > self._most:
                yield entry.finding("too_long", f"{tokens} tokens, more than {self._most}")


def _of_gold(entry: Entry, prompt: str, known: Sequence[str]) -> Iterator[Finding]:
    """Compare the gold with its prompt."""
    reference = entry.problem.reference
    for gold in filter(is_none, known):
        yield entry.finding("gold_missing", f"{gold!r:.40}")
    if isinstance(reference, MathReference):
        for gold in filter(is_prose, known):
            yield entry.finding("prose_gold", f"{gold!r:.80}")
        for gold in filter(_is_uncertain, known):
            yield entry.finding("uncertain_gold", f"{gold!r:.80}")
    bare = known[0].strip("()[]. ") if known else ""
    if isinstance(reference, MathReference | ChoiceReference) and re.fullmatch("[A-J]", bare):
        letters = offered(prompt)
        if letters and bare not in letters:
            yield entry.finding("gold_not_offered", f"{bare!r}, and the prompt offers {', '.join(letters)}")
        elif not _has_letter(prompt, bare):
            yield entry.finding("letter_alone", f"{bare!r}, which does not stand in the prompt")
