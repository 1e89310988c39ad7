"""Arbitrary bytes as response or reference: the grade arrives in time and is a valid one.

Texts are random bytes, pieces of LaTeX and of prose in any order, labelled answers with parts cut out, doubled and
mixed, and well-formed expressions that grow at random. RLVR_FUZZ_SECONDS says for how long (CI: a minute), and
RLVR_FUZZ_SEED where chance begins.
"""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Sequence

import pytest

from rewards import GradeRequest, GradeResult, GraderPool, Verdict
from rewards.errors import InvalidRow
from rewards.math.grader import math_at_once
from rewards.retry_policy import GRADING_LIMIT
from tests.rewards.math.test_cases import FILES, cases

_SECONDS = float(os.environ.get("RLVR_FUZZ_SECONDS", "3"))
_SEED = int(os.environ.get("RLVR_FUZZ_SEED", "0"))
_BATCH = 100
pytestmark = pytest.mark.slow(_SECONDS)
_DEADLINE = 5.0
_MARKS = r"""
\boxed{ \boxed \fbox{ } { ( ) [ ] \{ \} | \| \left( \right) \left| \right. $ $$ \( \) \[ \] <think> </think> <answer>
</answer> #### <|im_end|> ** ~~ ``` \frac{ \dfrac \sqrt{ \sqrt[ ^ _ ^{ _{ \cdot \times / + - \pm \mp = \ne < > \le \ge
\approx \equiv \pmod{ \bmod , ; : . ... \ldots \cdots \infty \pi e i x y n f(x) f^{-1} ' ! !! % \% ° ^\circ \circ
\sum_{k=1}^{ \prod_{k=1}^{ \int_0^{ \lim_{x\to \log_{ \ln \sin \arctan \cosh \binom{ \gcd( \max( \lfloor \rfloor \lceil
\rceil \overline{ \vec{ \mathbf{ \mathbb{R} \mathbb{Z} \text{ \textbf{ \mathrm{ \operatorname{ \begin{pmatrix}
\end{pmatrix} \begin{cases} \end{cases} \begin{vmatrix} \end{vmatrix} \begin{align*} \end{align*} & \\ \, \! \quad ~
\cup \cap \setminus \emptyset \in \subset \to \mapsto \Rightarrow \iff \neg \land \lor \forall \angle \triangle \dot
\displaystyle \tfrac \over \choose \substack{ \hline \tag{ \underbrace{ 0 1 2 3 7 10 12 100 1000 1,000 3.14 0.333 0,5
007 -1 1/2 2^{10} 10^{6} 99999999999999999999 10^{10^{10}} 1e9 3:4 12:30 1011_2 \$ € cm m kg \text{cm} mph degrees
and or the answer is not final therefore if else otherwise wait, actually half of twice dozen million yes no true even
(A) A. B C) Monday July 4 ½ ² √ − × ∞ π а ‑ 𝟓 ５ 二 \u200b \ \xff
"""
_PIECES = _MARKS.split()


def pieces(chance: random.Random) -> str:
    joint = chance.choice(("", " ", " ", "\n"))
    return joint.join(chance.choices(_PIECES, k=chance.randint(1, 40)))


def random_bytes(chance: random.Random) -> str:
    encoding = chance.choice(("utf-8", "utf-16-le", "latin-1"))
    return chance.randbytes(chance.randint(0, 200)).decode(encoding, errors="replace")


def repeated(chance: random.Random) -> str:
    """A few pieces very often: deep nesting, long sums, many boxes."""
    part = "".join(chance.choices(_PIECES, k=chance.randint(1, 4)))
    middle = chance.choice(("", "1", "x"))
    closing = chance.choice(("", "}", ")")) * chance.choice((0, 200))
    return part * chance.choice((10, 100, 1000, 5000)) + middle + closing


def expression(chance: random.Random, depth: int = 0) -> str:
    """Well-formed mathematics, which reaches the normal forms, the numbers and sympy."""
    if depth > 4 or chance.random() < 0.25:
        return chance.choice(("x", "y", "n", r"\pi", "e", "i", "2", "3", "-1", "10", "0.5", r"\frac{1}{3}", r"\infty"))

    def one() -> str:
        return expression(chance, depth + 1)

    form = chance.choice(_FORMS)
    return form[0] + "".join(one() + part for part in form[1:])


_FORMS = [
    form.split("@")
    for form in (
        "@ + @", "@ - @", "@ @", r"@ \cdot @", r"\frac{@}{@}", "(@)^{@}", "(@)^2", r"\sqrt{@}", r"\sqrt[3]{@}",
        r"\sin(@)", r"\arctan(@)", r"\ln(@)", r"\log_{2}(@)", "|@|", r"\lfloor @ \rfloor", "(@)!", r"\binom{@}{@}",
        r"\sum_{k=1}^{@} @", r"\prod_{k=1}^{10} @", r"\int_0^{@} @ \, dx", r"\lim_{x \to @} @", r"\gcd(@, @)",
        "(@, @)", r"\{@, @\}", "@, @", "@ = @", r"@ \le @", r"(@, @] \cup [@, \infty)", r"@ \text{ or } @", r"\pm @",
        r"\begin{pmatrix} @ & @ \\ @ & @ \end{pmatrix}", r"\begin{vmatrix} @ & @ \\ @ & @ \end{vmatrix}", r"@\%",
        r"@ \text{ cm}", r"e^{@}", r"10^{@}", r"@ \pmod{@}", "f(@) = @", r"\overline{@}", "@ : @", r"@^\circ",
    )
]  # fmt: skip


def _known() -> list[tuple[object, str]]:
    return [(case["gold"], case["response"]) for file in FILES for case in cases(file)]


_KNOWN = _known()


def mutated(chance: random.Random) -> str:
    """A labelled response with parts cut out, doubled, changed, or taken from another one."""
    text = chance.choice(_KNOWN)[1]
    for _ in range(chance.randint(1, 6)):
        begin = chance.randint(0, len(text))
        end = min(len(text), begin + chance.choice((1, 1, 2, 5, 20)))
        other = chance.choice(_KNOWN)[1]
        at = chance.randint(0, len(other))
        put = chance.choice(("", text[begin:end] * 2, chance.choice(_PIECES), other[at : at + chance.randint(1, 30)]))
        text = text[:begin] + put + text[end:]
    return text


_KINDS: Sequence[Callable[[random.Random], str]] = (pieces, random_bytes, repeated, expression, expression, mutated)


def request(chance: random.Random) -> GradeRequest | None:
    """A row as it comes from a file; None where it is refused as it is read."""
    response = chance.choice(_KINDS)(chance)
    if chance.random() < 0.6:
        response = rf"Therefore \boxed{{{response}}}."
    gold = chance.choice(_KNOWN)[0] if chance.random() < 0.6 else chance.choice(_KINDS)(chance)
    reference = {"type": "math", "answer": gold, "policy": chance.choice(("strict", "lenient"))}
    if chance.random() < 0.1:
        reference |= {"require_evaluated": True, "require_simplified": True}
    try:
        return GradeRequest.from_dict({"response": response, "reference": reference})
    except InvalidRow:
        return None


def is_allowed(asked: GradeRequest, result: GradeResult) -> bool:
    """Only a reference that cannot be read leaves a response ungraded, and no response may cost a worker."""
    if result.verdict is Verdict.UNGRADED:
        return result.reason.startswith("the reference answer cannot be read")
    at_once = math_at_once(asked)
    is_the_same = at_once is None or at_once == result.timed(at_once.seconds)
    return is_the_same and not result.reason.startswith(GRADING_LIMIT)


def test_no_text_raises_hangs_or_costs_a_worker() -> None:
    chance = random.Random(_SEED)
    end = time.monotonic() + _SECONDS
    graded = 0
    with GraderPool("math", workers=2, deadline=_DEADLINE) as pool:
        while time.monotonic() < end:
            asked = [one for _ in range(_BATCH) if (one := request(chance)) is not None]
            results = pool.grade(asked)
            amiss = [
                (json.dumps(one.to_dict()), result)
                for one, result in zip(asked, results, strict=True)
                if not is_allowed(one, result)
            ]
            assert amiss == []
            graded += len(asked)
    assert graded > 0
