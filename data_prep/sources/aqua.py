"""AQuA: word problems with five choices (Ling et al. 2017, arXiv 1705.04146). The gold answer is the letter of one.

The choices follow the question, one per line, with a request for the letter, since a model might otherwise answer with
the value of the choice.

Example:
    >>> row = {"question": "1+1?", "options": ["A)1", "B)2"], "correct": "B"}
    >>> print(read(row).messages[0].content)
    1+1?
    A) 1
    B) 2
    Answer with the letter of the right choice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from data_prep.errors import BadRow
from data_prep.problem import MathReference, Problem
from data_prep.sources.answers import text_of

_CHOICE = re.compile(r"\s*([A-Z])\s*\)\s*(.*\S)\s*", re.DOTALL)
_REQUEST = "Answer with the letter of the right choice."


def read(fields: Mapping[str, object]) -> Problem:
    """Read a row with `question`, `options` (such as `A)5`) and `correct`, the letter of one of them. Raises BadRow."""
    question, correct, options = text_of(fields, "question"), text_of(fields, "correct"), fields.get("options")
    if not isinstance(options, list) or not options:
        raise BadRow(field="options", expected="a list of choices", found=options)
    matches = [_CHOICE.fullmatch(option) if isinstance(option, str) else None for option in options]
    choices = [match for match in matches if match is not None]
    if len(choices) < len(options):
        raise BadRow(field="options", expected="choices such as 'A)5'", found=options[matches.index(None)])
    if correct not in [choice[1] for choice in choices]:
        raise BadRow(field="correct", expected="the letter of a choice", found=correct)
    lines = [question, *(f"{choice[1]}) {choice[2]}" for choice in choices), _REQUEST]
    return Problem.make(question="\n".join(lines), reference=MathReference(answer=correct), source="aqua")
