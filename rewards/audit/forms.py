"""Forms in which a response states its answer. An audit finds out which of them a reward pays.

`{answer}` stands for the answer, also in forms of your own.

Example:
    >>> Form("boxed", r"It is \\boxed{{answer}}.").filled("7")
    'It is \\\\boxed{7}.'
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rewards.audit.golds import Kind
from rewards.errors import InvalidReward

HOLE = "{answer}"
_THOUGHTS = "Let me work this out. I read the question, do what it asks, and check the result once more."
_THINK = f"<think>\n{_THOUGHTS}\n</think>\n"


@dataclass(frozen=True, slots=True)
class Form:
    """A response with a placeholder for its answer. explicit: it marks which text is the answer."""

    name: str
    template: str
    explicit: bool = True

    def filled(self, answer: str) -> str:
        return self.template.replace(HOLE, answer)


def form_from(template: str) -> Form:
    """A form given by the user. Raises InvalidReward if it has no placeholder."""
    if HOLE not in template:
        raise InvalidReward(f"the form {template!r:.80} has no {HOLE}; write one such as '<result>{HOLE}</result>'")
    return Form(f"form {template[:40]!r}", template.replace("\\n", "\n"))


_TEXT = (
    Form("boxed", rf"{_THOUGHTS} The answer is \boxed{{{HOLE}}}."),
    Form("think and tag", f"{_THINK}<answer>\n{HOLE}\n</answer>"),
    Form("tag", f"<answer>{HOLE}</answer>"),
    Form("hash", f"{_THOUGHTS}\n#### {HOLE}"),
    Form("json", f'{{"answer": "{HOLE}"}}'),
    Form("sentence", f"{_THOUGHTS} The answer is {HOLE}."),
    Form("answer line", f"{_THOUGHTS}\n\nAnswer: {HOLE}"),
    Form("final answer", f"{_THOUGHTS}\n\nFinal Answer: The final answer is ${HOLE}$. I hope it is correct."),
    Form("final answer line", f"{_THOUGHTS}\n\nFinal Answer: {HOLE}"),
    Form("think and boxed", rf"{_THINK}\boxed{{{HOLE}}}"),
    Form("think and boxed in a tag", rf"{_THINK}<answer>\boxed{{{HOLE}}}</answer>"),
    Form("answer in thoughts and tag", f"<think>\n{_THOUGHTS} So it is {HOLE}.\n</think>\n<answer>\n{HOLE}\n</answer>"),
    Form("think and text", f"{_THINK}The answer is {HOLE}."),
    Form("thinking was begun", rf"{_THOUGHTS}</think>\boxed{{{HOLE}}}"),
    Form("thinking was begun, tag", f"{_THOUGHTS}\n</think>\n<answer>\n{HOLE}\n</answer>"),
    Form("reasoning and tag", f"<reasoning>\n{_THOUGHTS}\n</reasoning>\n<answer>\n{HOLE}\n</answer>\n"),
    Form("box in dollars", rf"$\boxed{{{HOLE}}}$"),
    Form("json number", f'{{"answer": {HOLE}}}'),
    Form("json with reasoning", f'{{"reasoning": "{_THOUGHTS}", "answer": "{HOLE}"}}'),
    Form("json number with reasoning", f'{{"reasoning": "{_THOUGHTS}", "answer": {HOLE}}}'),
    Form("bold", f"**{HOLE}**", explicit=False),
    Form("dollars", f"${HOLE}$", explicit=False),
    Form("bare", HOLE, explicit=False),
)
_JSON = (
    Form("bare", HOLE, explicit=False),
    Form("fenced", f"```json\n{HOLE}\n```"),
    Form("think and fenced", f"{_THINK}```json\n{HOLE}\n```"),
    Form("think and tag", f"{_THINK}<answer>\n{HOLE}\n</answer>"),
    Form("tag", f"<answer>{HOLE}</answer>"),
)
_LETTER = (
    *_TEXT[:3],
    Form("letter", f"The answer is ({HOLE})."),
    *_TEXT[3:],
)


def _code(language: str) -> tuple[Form, ...]:
    return (
        Form("fenced", f"```{language}\n{HOLE}\n```"),
        Form("bare", HOLE, explicit=False),
        Form("think and fenced", f"{_THINK}```{language}\n{HOLE}\n```"),
        Form("fenced in a tag", f"{_THINK}<answer>\n```{language}\n{HOLE}\n```\n</answer>"),
    )


_FORMS: Mapping[Kind, tuple[Form, ...]] = MappingProxyType({Kind.JSON: _JSON, Kind.CHOICE: _LETTER})


def forms_of(kind: Kind, language: str = "python") -> tuple[Form, ...]:
    """The forms in which a right answer of this kind may be given, more explicit ones first."""
    return _code(language) if kind is Kind.CODE else _FORMS.get(kind, _TEXT)


def form_of_response(response: str, answer: str) -> Form | None:
    """The form of a response that is known to be right; None if the answer does not occur in it."""
    if not answer:
        return None
    template, count = re.subn(rf"(?<!\w){re.escape(answer)}(?!\w)", lambda _match: HOLE, response)
    return Form("as in the rows", template) if count else None
