"""Prompts as tokens: problems in the run's template, encoded once.

A template's prefill (`<think>`) is part of the prompt for the model and of the response for the grader: `response_text`
prepends it.

Example:
    prompter = Prompter(tokenizer, template="r1_zero")
    prompter.tokens(problem)          # token ids of the prompt
    prompter.response_text(problem, completion.token_ids)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from data_prep.problem import Problem
from data_prep.templates import prefill_of, render, template_named
from rewards.types import Message
from rlvr.tokenizers import encode

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


class Prompter:
    """Encodes prompts and decodes responses. Caches prompts by messages, since ids may repeat across files."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, template: str) -> None:
        self._tokenizer = tokenizer
        self._template = template
        self._special_tokens = template_named(template).special_tokens
        self._encoded: dict[tuple[Message, ...], tuple[tuple[int, ...], str]] = {}

    def text(self, problem: Problem) -> str:
        """The prompt as text."""
        return render(self._template, problem.messages, self._tokenizer)

    def tokens(self, problem: Problem) -> tuple[int, ...]:
        """The prompt as token ids. Raises ConfigError if the tokenizer lacks a character of it."""
        return self._encode(problem)[0]

    def response_text(self, problem: Problem, token_ids: Sequence[int]) -> str:
        """The text to grade: the prefill and the decoded response."""
        return self._encode(problem)[1] + self.decode(token_ids)

    def decode(self, token_ids: Sequence[int]) -> str:
        """Token ids as text without special tokens, and without cleaning up spaces before punctuation."""
        return str(
            self._tokenizer.decode(list(token_ids), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        )

    def encode_response(self, text: str) -> tuple[int, ...]:
        """A demonstration as tokens, with the end token. Raises ConfigError if the tokenizer lacks a character."""
        return (*encode(self._tokenizer, text, "the response"), int(self._tokenizer.eos_token_id))

    def _encode(self, problem: Problem) -> tuple[tuple[int, ...], str]:
        cached = self._encoded.get(problem.messages)
        if cached is None:
            text = self.text(problem)
            ids = encode(self._tokenizer, text, "the prompt", special_tokens=self._special_tokens)
            cached = self._encoded[problem.messages] = (tuple(ids), prefill_of(text))
        return cached
