"""What words say of a value: the vocabulary of `rewards.math.claims`, each class with its letter and its meaning.

A sentence is read as a row of such letters, so that the rules speak of classes and not of words. To teach the grader a
word, write it into its class here; `IDIOMS` turn several words into one that has the same meaning. What is in no class:
a word is `.`, one in -ing `a`, a single letter `v`, a number or a formula `#`; of marks, `,` parts a sentence, `;` and
`|` end a clause, `=` is any other.

Example:
    >>> CLASS_OF["supposedly"], CLASS_OF["excluded"], CLASS_OF.get("apple", ".")
    ('d', 'x', '.')
"""

from __future__ import annotations

import re
from typing import NamedTuple


class WordClass(NamedTuple):
    """A letter, what its words do in a sentence, and the words."""

    letter: str
    does: str
    words: str


CLASSES = (
    WordClass("A", "names the answer", "answer answers"),
    WordClass("b", "links a subject to a value", "is are am was be been being equals equal becomes become"),
    WordClass("W", "links, or says of a condition that it is not so", "were had"),
    WordClass("h", "has", "have has having"),
    WordClass("m", "helps a verb", "do does did can could should must need needs ought ca wo"),
    WordClass("O", "helps a verb, of what is not so", "would"),
    WordClass("M", "allows for it, before a verb", "may"),
    WordClass("n", "denies", "not no never none neither nor rarely"),
    WordClass("N", "denies of everybody and everything", "nobody nothing"),
    WordClass(
        "d",
        "doubts",
        """might perhaps maybe possibly probably supposedly allegedly reportedly reported hardly scarcely
        barely rumour rumor tempting tempted
        temptation doubt doubts unsure unclear unlikely careless naive naïve naively naïvely glance""",
    ),
    WordClass(
        "w",
        "calls it wrong",
        """wrong wrongly false incorrect incorrectly untrue mistake mistaken mistakenly error misconception trap absurd
        nonsense impossible extraneous invalid implausible unattainable contradiction reject rejects discard
        discards""",
    ),
    WordClass("C", "is at odds with what must be", "contradict contradicts violate violates"),
    WordClass(
        "x",
        "puts it aside",
        "rejected discarded excluded exclude excludes eliminated eliminate eliminates ignored refuted dismissed",
    ),
    WordClass("Z", "is sure", "certain clear sure known confident convinced"),
    WordClass("X", "exceeds", "too"),
    WordClass("Y", "suffices", "enough sufficient"),
    WordClass("f", "says of a statement that it holds or fails", "true valid undefined hold holds"),
    WordClass("J", "calls it right", "correct right"),
    WordClass("V", "says of a value that it is one", "work works"),
    WordClass(
        "z",
        "says what a right value does or is",
        """satisfy satisfies fit fits exist belong lie divide possible allowed acceptable solution root""",
    ),
    WordClass("i", "makes it a condition", "if"),
    WordClass("U", "makes it a condition, before the value or behind it", "unless provided"),
    WordClass("j", "says when", "when whenever"),
    WordClass("G", "asks", "whether"),
    WordClass(
        "u",
        "supposes or leaves out",
        """suppose supposing assume assuming pretend pretending imagine consider let recall remember""",
    ),
    WordClass("Q", "leaves something out", "forget forgetting forgot forgotten ignoring neglecting without"),
    WordClass(
        "r",
        "reports what somebody says",
        """say says said claim claims claimed think thinks thought believe believes believed argue argues argued told
        insist insists insisted suggest suggests suggested assert asserts concludes according
        opinion hear""",
    ),
    WordClass("y", "is the writer", "i we"),
    WordClass("o", "speaks of something else", "other another different previous previously initial original example"),
    WordClass(
        "l",
        "numbers a part of a text",
        """lemma theorem corollary proposition eq page section chapter figure exercise reference problem
        mentions candidate""",
    ),
    WordClass(
        "T",
        "reckons with it",
        "divide divided dividing divides multiply multiplied multiplying multiplies division multiplication",
    ),
    WordClass("t", "tells what to do with it", "add subtract check test try plug substitute"),
    WordClass("E", "tells what to do with it, at the beginning of a sentence", "take"),
    WordClass("p", "is a preposition", "to in into at for on with"),
    WordClass("I", "takes a part or a measure of it", "of"),
    WordClass("F", "is a preposition, of what something is reckoned with", "by from"),
    WordClass("K", "is an article", "a an"),
    WordClass("c", "begins a new statement", "so thus hence therefore then now next finally actually"),
    WordClass("B", "begins a statement against the one before", "but yet"),
    WordClass("&", "joins", "and"),
    WordClass("s", "begins a reason or a circumstance", "since because as after"),
    WordClass("L", "grants what somebody may think", "although though while"),
    WordClass("q", "points", "the this that these those our my your its it which who there here"),
    WordClass(
        "g",
        "says which answer it is",
        """final best exact numerical simplified simplest required desired requested overall only actual real complete
        full corrected revised unique whole numeric integer updated""",
    ),
    WordClass(
        "e",
        "concludes",
        """find finds get conclude deduce infer know obtain show shows mean means meaning imply implies follow follows
        prove proves have obvious evident easy confirm confirms tells
        leaving totaling totalling""",
    ),
    WordClass("S", "concludes, or points the reader to a place", "see"),
    WordClass(
        "R",
        "has a consequence",
        "make makes give gives giving lead leads yield yields break breaks cause causes fail fails",
    ),
    WordClass(
        "k",
        "makes another value of it",
        """twice thrice half double doubled triple tripled quadruple times square cube sum product difference opposite
        reciprocal inverse negative plus minus modulo digits quotient remainder halved halving doubling squared cubed
        over increased decreased part around lies""",
    ),
)
CLASS_OF = {word: one.letter for one in CLASSES for word in one.words.split()}

IDIOMS = tuple(
    (re.compile(pattern), plain)
    for pattern, plain in (
        (r"\b(?:no|not a|without a?) ?(?:doubt|question)\b|\bnone other than\b", "obvious"),
        (r"(?:\bnot|n['’]t) (?:hard|difficult)\b", " easy"),
        (r"\bno one\b", "nobody"),
        (r"\bno (?:way|proof|evidence|reason)\b", "perhaps"),
        (r"\bnot yet\b", "not"),
        (r"\b(i|we|would|one|some|many|you|they|people) guess\b", r"\1 think"),
        (r"\b(?:my|first|could|can|might) guess\b|\blooks? like\b|\bused to be\b|\bremains to\b", "perhaps"),
        (
            r"\A\s*an? (?:upper|lower) bound\b|(?<=is )an? (?:upper|lower) bound\b|\bor thereabouts\b|, right\Z",
            "perhaps",
        ),
        (r"\brul(?:ed?|es|ing) out\b", "rejected"),
        (r"\bleads? to a contradiction\b|\blies outside\b|\bremains open\b", "contradicts"),
        (r"\bonly impossible\b", "only"),
        (r"\bonly (?:for|if|when)\b", "unless"),
        (r"\bonly one of\b", "only half"),
        (r"\bin (?:the )?case\b(?! \$?\d)|\bgiven that\b|\Agiven\b", "if"),
        (r"\b(?:to|must|can) (?:show|prove) that\b", "perhaps"),
        (r"\b(?:has|have|had) to\b", "must"),
        (r"\A\W*with\b", "taking"),
        (r"\boriginal (?=question\b|problem\b)|\b\w+ form of (?=the\b)", ""),
        (r"\b(?:contrary to|unlike)\b", "although"),
        (r"\blast (?:week|time|year|month)(?:'s)?\b", "another"),
        (r"\brounded (?:up|down) to the next\b", "increased"),
        (r"\bgive or take\b", "perhaps"),
        (r"\bcheck out\b", "work"),
        (r"\bfor (?:example|instance)\b", "suppose"),
        (r"\b(?:table|equation)\s*\(?\Z|\A\W*(?:step|question)\s*\Z", "page"),
        (r"\b(?:can|may) (?:check|verify|see)(?: for yourself)? that\b", "see that"),
        (
            r"\baccording to (?:my|our|the|these|this) (?:calculation|step|work|computation|reasoning|formula)s?\b",
            "since",
        ),
        (r"\bin (?:my|our) opinion\b|\bwithout further ado\b", "so"),
        (
            r"\b(?:comes (?:out )?to|works out (?:to be|to|as)|amounts to|turns out to be|simplifies to|reduces to)\b",
            "is",
        ),
        (r"\A\W*(?:confidence|tokens? used|word count|difficulty)\b.*\Z", "page"),
        (r"\bas per\b|\bif we (?:trust|believe)\b", "according"),
        (r"\A\W*(?:prove|show) that\b", "suppose"),
        (r"\bdiverges at\b|\bis number\b|\bthis choice\b", "page"),
    )
)
"""Several words, and one with the same meaning."""
