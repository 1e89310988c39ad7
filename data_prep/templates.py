r"""Prompt templates: render the messages of a problem as the text that a model continues.

A template is a row of `TEMPLATES`: the text around the question, and whether the tokenizer adds its special tokens.
Problem files hold bare questions; the run chooses the template.

- `plain`: the text of the messages alone.
- `boxed`: asks for the final answer in `\boxed{}`.
- `r1_zero`: a conversation in prose for base models, asking for `<think>…</think> <answer>…</answer>`; structured as in
  table 1 of DeepSeek-R1 (arXiv 2501.12948), with our own wording. `r1_zero_prefilled` ends with `<think>`, so that the
  response begins inside it.
- `chat`: the tokenizer's chat template. `chat_boxed`: the same, with the request of `boxed` in the last user turn.

Example:
    >>> render("plain", [Message(role="user", content="3+5=")])
    '3+5='
    >>> prefill_of(render("r1_zero_prefilled", [Message(role="user", content="3+5=")]))
    '<think>'
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol, TypeAlias

from data_prep.errors import DataError, DataNotFound
from rewards.types import Message


class ChatTokenizer(Protocol):
    """The tokenizer interface of chat templates; transformers tokenizers have it."""

    chat_template: str | None

    def apply_chat_template(
        self, conversation: list[dict[str, str]], *, tokenize: bool, add_generation_prompt: bool
    ) -> str: ...


Write: TypeAlias = Callable[[Sequence[Message], ChatTokenizer | None], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One prompt template.

    write: renders the text. special_tokens: True: the tokenizer adds its special tokens (begin-of-text, if it has one);
    False: the text contains them already.
    """

    write: Write
    special_tokens: bool = True


_BOXED_REQUEST = "Work it out step by step, then give the final answer inside \\boxed{}."

_R1_ZERO_PREAMBLE = (
    "What follows is a conversation between a User and an Assistant. The User poses a problem and the Assistant solves "
    "it. Before replying, the Assistant reasons about the problem in its mind; only then does it tell the User the "
    "answer. The reasoning stands between <think> and </think> and the answer between <answer> and </answer>, so that "
    "the reply reads: <think> the reasoning </think> <answer> the answer </answer>."
)
_SPEAKERS = MappingProxyType({"user": "User", "assistant": "Assistant"})


def _plain(messages: Sequence[Message], tokenizer: ChatTokenizer | None) -> str:
    del tokenizer
    return "\n\n".join(message.content for message in messages)


def _boxed(messages: Sequence[Message], tokenizer: ChatTokenizer | None) -> str:
    return f"{_plain(messages, tokenizer)}\n\n{_BOXED_REQUEST}\n"


def _r1_zero(messages: Sequence[Message], tokenizer: ChatTokenizer | None) -> str:
    del tokenizer
    lines = [
        f"{_SPEAKERS[message.role]}: {message.content}" if message.role in _SPEAKERS else message.content
        for message in messages
    ]
    return "\n".join([_R1_ZERO_PREAMBLE, *lines, "Assistant:"])


def _r1_zero_prefilled(messages: Sequence[Message], tokenizer: ChatTokenizer | None) -> str:
    return f"{_r1_zero(messages, tokenizer)} <think>"


def _chat(messages: Sequence[Message], tokenizer: ChatTokenizer | None) -> str:
    if tokenizer is None:
        raise DataError("a chat template comes from the tokenizer and none was given; give one or use 'r1_zero'")
    if not tokenizer.chat_template:
        raise DataError("the tokenizer has no chat template (base models have none); use 'r1_zero', 'boxed' or 'plain'")
    turns = [{"role": message.role, "content": message.content} for message in messages]
    return tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)


def _chat_boxed(messages: Sequence[Message], tokenizer: ChatTokenizer | None) -> str:
    *before, last = messages
    asked = Message(role=last.role, content=f"{last.content}\n\n{_BOXED_REQUEST}")
    return _chat([*before, asked], tokenizer)


TEMPLATES: MappingProxyType[str, Template] = MappingProxyType(
    {
        "plain": Template(write=_plain),
        "boxed": Template(write=_boxed),
        "r1_zero": Template(write=_r1_zero),
        "r1_zero_prefilled": Template(write=_r1_zero_prefilled),
        "chat": Template(write=_chat, special_tokens=False),
        "chat_boxed": Template(write=_chat_boxed, special_tokens=False),
    }
)


def template_named(name: str) -> Template:
    """The template of that name. Raises DataNotFound, which suggests the nearest name."""
    if name in TEMPLATES:
        return TEMPLATES[name]
    nearest = difflib.get_close_matches(name, TEMPLATES, n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]!r}? " if nearest else ""
    raise DataNotFound(f"no prompt template {name!r}; {hint}Known: {', '.join(TEMPLATES)}")


def render(template: str, messages: Sequence[Message], tokenizer: ChatTokenizer | None = None) -> str:
    """The prompt text of a problem's messages.

    Raises:
        DataNotFound: no template of that name.
        DataError: a chat template without a tokenizer that has one.
    """
    return template_named(template).write(messages, tokenizer)


def prefill_of(prompt: str) -> str:
    """`<think>` if the rendered prompt ends with it (as chat templates of reasoning models do), else empty.

    The grader's input has to start with it.

    Example:
        >>> prefill_of("<|assistant|>\\n<think>\\n")
        '<think>'
    """
    return "<think>" if prompt.rstrip().endswith("<think>") else ""
