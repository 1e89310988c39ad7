"""The vocabulary of `claims`: classes of words by what they say about a value, each with a letter and its meaning.

A sentence is read as a string of these letters, so that rules match classes instead of words. To teach the grader a
word, add it to its class here; `IDIOMS` replaces several words by one with the same meaning. Outside the classes, a
word is `.`, a word in -ing `a`, a single letter `v`, and a number or a formula `#`. Of the punctuation, `,` separates
parts of a sentence, `;` and `|` end a clause, and `=` is any other mark.

Example:
    >>> CLASS_OF["supposedly"], CLASS_OF["excluded"], CLASS_OF.get("apple", ".")
    ('d', 'x', '.')
"""

from __future__ import annotations

import re
from typing import NamedTuple

from rewards.math.late import late


class WordClass(NamedTuple):
    """A class of words: its letter, what its words do in a sentence, and the words."""

    letter: str
    does: str
    words: str


CLASSES = (
    WordClass("A", "names the answer", "answer answers"),
    WordClass("b", "links a subject to a value", "is are am was be been being equals equal becomes become"),
    WordClass("W", "links, or says of a condition that it is not so", "were had"),
    WordClass("h", "has", "has having"),
    WordClass("m", "helps a verb", "do does did can could should must need needs ought ca wo"),
    WordClass("O", "helps a verb, of what is not so", "would"),
    WordClass("M", "allows for it, before a verb", "may"),
    WordClass("n", "denies", "not no never none neither nor rarely"),
    WordClass("N", "denies of everybody and everything", "nobody nothing"),
    WordClass(
        "d",
        "doubts",
        """might perhaps maybe possibly probably supposedly allegedly reportedly reported hardly scarcely
        barely rumour rumor tempting tempted doubtful supposed alleged purported so-called
        temptation often commonly doubt doubts unsure unclear unlikely careless naive naïve naively naïvely glance""",
    ),
    WordClass(
        "w",
        "calls it wrong",
        """wrong wrongly false incorrect incorrectly untrue mistake mistaken mistakenly error misconception trap absurd
        nonsense meaningless bogus impossible extraneous invalid disproof oops implausible contradiction reject rejects
        discard discards""",
    ),
    WordClass(
        "D",
        "calls it less than an answer",
        "guess intermediate preliminary partial draft tentative provisional incomplete overcount undercount",
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
        """satisfy satisfies fit fits exist belong lie possible allowed acceptable solution root""",
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
        opinion hear answered""",
    ),
    WordClass("y", "is the writer", "i we"),
    WordClass(
        "o",
        "speaks of something else",
        "other another different previous previously initial initially original originally formerly example",
    ),
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
    WordClass("q", "points", "the this that these those our my its it which who there here"),
    WordClass(
        "g",
        "says which answer it is",
        """final best exact numerical simplified simplest required desired requested overall only actual real complete
        resulting rounded combined full corrected revised unique whole numeric integer updated new""",
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


class Idiom(NamedTuple):
    """Several words and one with the same meaning. has: a text that every match contains, searched first."""

    has: str
    pattern: re.Pattern[str]
    means: str


def _idioms(*rows: tuple[str, str, str]) -> tuple[Idiom, ...]:
    return tuple(Idiom(has, late(pattern), means) for has, pattern, means in rows)


IDIOMS = _idioms(
    # only sounds like doubt, denial or somebody else
    (" doubt", r"\b(?:no|not a|without a?) ?doubt\b", "obvious"),
    (" question", r"\b(?:no|not a|without) question\b", "obvious"),
    ("other than", r"\b(?:none|nothing) other than\b", "obvious"),
    ("hard", r"(?:\bnot|n['’]t) hard\b", " easy"),
    ("difficult", r"(?:\bnot|n['’]t) difficult\b", " easy"),
    (" guess", r"\b(i|we|would|one|some|many|you|they|people) guess\b", r"\1 think"),
    ("impossible", r"\bonly impossible\b", "only"),
    ("'s", r"\b(?:problem|question|task|exercise)'s\b", "the"),
    ("original", r"\boriginal (?=question\b|problem\b)", ""),
    (" form of", r"\b(?:the )?\w+ form of (?=the\b)", ""),
    ("contrary to", r"\bcontrary to\b", "although"),
    ("unlike", r"\bunlike\b", "although"),
    (" that", r"\b(?:can|may) (?:check|verify|see)(?: for yourself)? that\b", "see that"),
    ("according to", r"\baccording to (?:my|our|the|this) (?:calculation|work|computation|reasoning)s?\b", "since"),
    ("according to", r"\baccording to (?:the|these) (?:steps?|formulas?)\b", "since"),
    (" words", r"\bin (?:other|simple|plain) words\b", "so"),
    ("surprising", r"\b(?:perhaps|maybe|somewhat) (?:un)?surprisingly\b", "so"),
    ("this time", r"\bthis time\b", "now"),
    ("as ", r"\bas (?:you|we|one|anyone) can (?:easily )?(?:check|verify|see|confirm)\b", "clearly"),
    (" opinion", r"\bin (?:my|our) opinion\b", "so"),
    (" ado", r"\bwithout further ado\b", "so"),
    ("go with", r"\blet(?:'s| us| me) go with\b", "so it is"),
    ("possible", r"\b(?:possible|largest|smallest) *\Z", ""),
    # doubt and denial
    ("no one", r"\bno one\b", "nobody"),
    ("not yet", r"\bnot yet\b", "not"),
    ("no ", r"\bno (?:way|proof|evidence|reason)\b", "perhaps"),
    (" guess", r"\b(?:my|first|could|can|might) guess\b", "perhaps"),
    (" answer", r"\b(?:would|might|may|could) answer\b", "say"),
    (" attempt", r"\b(?:first|second|third|last) attempt(?=: |\Z)", "guess"),
    (" try", r"\b(?:first|second|third|last) try(?=: |\Z)", "guess"),
    ("attempt ", r"\battempt \d(?=: |\Z)", "guess"),
    ("try ", r"\btry \d(?=: |\Z)", "guess"),
    ("look", r"\blooks? like\b", "perhaps"),
    ("used to", r"\bused to be\b", "perhaps"),
    ("remains", r"\bremains to\b", "perhaps"),
    (" bound", r"(?:\A\s*|(?<=is )|(?<=only )|(?<=just ))an? (?:upper|lower) bound\b", "perhaps"),
    ("so far", r"\bso far,?", "perhaps"),
    ("likely", r"(?<!the )(?<!most )\b(?:most |very |quite )?likely *\Z", "perhaps"),
    ("no idea", r"\bno idea\b", "perhaps"),
    (" estimate", r"\b(?:i|we)(?:'d| would)? estimate\b(?! the\b| that\b)", "perhaps"),
    ("depending on", r"\bdepending on [^,.;]{0,60},", "perhaps"),
    ("up to ", r"\bup to (?:now|here|this point),?", "perhaps"),
    ("otherwise", r"\botherwise,?", "perhaps"),
    (" reading", r"\b(?:alternative|other|different) reading\b", "perhaps"),
    ("interpretation", r"\b(?:alternative|other|different) interpretation\b", "perhaps"),
    ("off by", r"\boff by\b", "wrong"),
    (
        "error",
        r"\b(?:percent(?:age)?|absolute|relative|minimum|maximum|mean|standard|measurement|squared) errors?\b"
        r"|\berrors? (?:(?:in|of) the (?:measurements?|estimate|approximation|position|length|area)|bound|term)\b",
        "result",
    ),
    ("scratch", r"\bscratch that\b", "wrong"),
    ("supposed to", r"\bsupposed to\b", "must"),
    ("fails ", r"\bfails (?=(?:for|at|when|if)\b)", "holds "),
    ("off", r"\bseems off\b", "is wrong"),
    ("counts ", r"\bcounts (?:each|every|some)\b[^.]*\b(?:twice|double)\b", "is wrong"),
    ("thus far", r"\bthus far,?", "perhaps"),
    ("back", r"\btake (?:that|this|it) back\b", "wrong"),
    ("fail", r"\bfails (?:the|this|that|our) (?:\w+ )?(?:check|test|condition|equation|constraint)\b", "is wrong"),
    ("no", r"\bno,? wait\b", "wrong"),
    ("never mind", r"\bnever mind\b(?! (?:the|about|how|what|why)\b)", "wrong"),
    ("option", r"\bnot an option\b", "wrong"),
    ("let me", r"\blet me (?:try (?:this |it )?again|redo|recompute|recalculate|start over)\b", "wrong"),
    ("d have", r"\b(?:i|you|he|she|it|we|they)['’]d have\b", "it would have been"),
    ("thereabouts", r"\bor thereabouts\b", "perhaps"),
    (", right", r", right\Z", "perhaps"),
    ("second thought", r"\bon second thoughts?\b", "so"),
    ("give or", r"\bgive or take\b", "perhaps"),
    ("show", r"\b(?:to|must|can) show(?: that\b|(?= the answer\b))", "perhaps"),
    ("prove", r"\b(?:to|must|can) prove(?: that\b|(?= the answer\b))", "perhaps"),
    (" out", r"\brul(?:ed?|es|ing) out\b", "rejected"),
    ("check out", r"\bcheck out\b", "work"),
    ("contradiction", r"\bleads? to a contradiction\b", "contradicts"),
    ("outside", r"\blies outside\b", "contradicts"),
    ("remains", r"\bremains open\b", "contradicts"),
    # conditions and suppositions
    ("only", r"\bonly (?:for|if|when)\b", "unless"),
    (" case", r"\bin (?:the )?case\b(?! \$?\d)", "if"),
    ("given", r"\bgiven that\b|\Agiven\b", "if"),
    ("with", r"\A\W*with\b", "taking"),
    ("for ", r"\bfor (?:example|instance)\b", "suppose"),
    (
        " to ",
        r"\b(?:we|i) (?:want|need|have) to (?:know|find(?: out)?|determine) (?:when|how|whether|why|where)\b",
        "suppose",
    ),
    ("asked ", r"\basked (?:when|how|whether|why|where)\b", "whether"),
    (" that", r"\A\W*(?:prove|show) that\b", "suppose"),
    # somebody and something else
    ("as per", r"\bas per\b", "according"),
    (
        "the ",
        r"\bthe (?:book|textbook|answer key|manual) (?:gives|lists|prints)(?= (?:$|\d|\\|\Z)| *\Z)",
        "they say",
    ),
    ("some ", r"\bsome (?:sources|sites|websites|authors|textbooks) (?:give|list|have|get|report|quote)\b", "they say"),
    ("if we", r"\bif we (?:trust|believe)\b", "according"),
    ("last ", r"\blast (?:week|time|year|month)(?:'s)?\b", "another"),
    ("rounded", r"\brounded (?:up|down) to the next\b", "increased"),
    ("only one", r"\bonly one of\b", "only half"),
    ("contrast", r"\A\W*(?:by|in) contrast\b", "originally"),
    ("before ", r"\A\W*before (?:the )?\w+,?(?= (?:it|there|that|he|she|they) (?:was|were|had)\b)", "originally"),
    ("in ", r"\A\W*in (?:19|20)\d\d,?(?= (?:it|there|that|he|she|they) (?:was|were|had)\b)", "originally"),
    ("its ", r"\A\W*its (?:double|triple|square|cube|half|reciprocal|opposite|negative)\b", "twice the total"),
    (
        "ed is",
        r"\b(?:the|its|this) (value|answer|result|number|total) (?:squar|cub|doubl|tripl|halv)ed is\b",
        r"twice the \1 is",
    ),
    # numbers of a text
    ("table", r"\btable\s*\(?\Z", "page"),
    ("equation", r"\bequation\s*\(?\Z", "page"),
    ("step", r"\A\W*step\s*\Z", "page"),
    ("question", r"\A\W*question\s*\Z", "page"),
    ("exit ", r"\bexit(?:ed)? (?:with )?(?:code|status)\b", "page"),
    ("out after", r"\btimed? ?out after\b", "page"),
    ("took ", r"\btook (?:me|us)\b", "page"),
    ("answer ", r"\ban? answer (?:in|within)\b", "page"),
    ("diverges", r"\bdiverges at\b", "page"),
    ("is number", r"\bis number\b", "page"),
    ("this choice", r"\bthis choice\b", "page"),
    (":", r"\A\W*(?:confidence|tokens? used|word count|difficulty)\b.*\Z", "page"),
    # verbs
    (" to", r"\b(?:has|have|had) to\b", "must"),
    ("be ", r"\b(?:may|can|could) (?:also )?be (?:re)?(?:written|expressed) as\b", "is"),
    (" out ", r"\bcomes out (?:as|at)\b", "is"),
    (" to", r"\b(?:comes (?:out )?to|amounts to|simplifies to|reduces to)\b", "is"),
    (" out to", r"\b(?:works out to(?: be)?|turn(?:s|ed) out to be)\b", "is"),
)
"""The idioms, in the order in which they are replaced."""
