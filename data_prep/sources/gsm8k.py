"""GSM8K: grade-school word problems (Cobbe et al. 2021, arXiv 2110.14168).

The gold answer is the text after `####` in `answer`, without thousands separators.

Example:
    >>> read({"question": "How many?", "answer": "Many: 1,000 + 80\\n#### 1,080"}).reference
    MathReference(answer='1080', policy=None)
"""

from __future__ import annotations

from collections.abc import Mapping

from data_prep.errors import BadRow
from data_prep.problem import MathReference, Problem
from data_prep.sources.answers import after_hashes, text_of


def read(fields: Mapping[str, object]) -> Problem:
    """Read a row with `question` and `answer`. Raises BadRow."""
    question, solution = text_of(fields, "question"), text_of(fields, "answer")
    answer = after_hashes(solution)
    if answer is None:
        raise BadRow(field="answer", expected="a number after '####'", found=solution[-80:])
    return Problem.make(question=question, reference=MathReference(answer=answer), source="gsm8k")
