"""Detect the end of a response: end tokens, and stop strings that may span tokens or end inside one.

Token ids are authoritative: a response ends with the token that completed a stop string, and that token's text may run
past the stop string (`></s` completes `</answer>`). Nothing is re-encoded.

A search happens only if the newest token could have completed a stop string: its text contains the string's last
character, or part of an incomplete character (byte-level BPE splits characters over tokens). Then a tail of the
response is decoded, just long enough for the longest stop string and one more character, so the cost does not grow with
the response.

A special token matches as a whole: `<|im_end|>` ends a response if it is a stop string, but the `a` in `<pad>` does not
match the stop string `a`.

Example:
    stop = StopStrings(tokenizer, ("</answer>",))
    if stop.may_complete(token_id) and stop.completed(response_ids): ...
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rlvr.errors import RolloutError

REPLACEMENT = "\ufffd"  # the decoding of bytes that are not a complete character


class TextView(Protocol):
    """The part of a tokenizer that stop strings need. Every `PreTrainedTokenizerBase` has it."""

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool, clean_up_tokenization_spaces: bool) -> str: ...


def end_tokens(*declared: int | Sequence[int] | None) -> tuple[int, ...]:
    """Merge the end tokens of a generation config, a model config and a tokenizer: each one id, several or none.

    Example:
        >>> end_tokens([5, 7], None, 7)
        (5, 7)
    """
    ids: set[int] = set()
    for entry in declared:
        ids.update(() if entry is None else (entry,) if isinstance(entry, int) else entry)
    return tuple(sorted(ids))


class StopStrings:
    """Detects stop strings at the end of growing responses."""

    def __init__(self, tokenizer: TextView | None, stop: Sequence[str]) -> None:
        if tokenizer is None:
            raise RolloutError(f"stop strings {list(stop)} need a tokenizer; give the engine one, or stop=()")
        self._tokenizer = tokenizer
        self._stop = tuple(stop)
        self._longest = max(map(len, stop))
        self._last_characters = {text[-1] for text in stop}
        self._suspects: dict[int, bool] = {}  # cache of may_complete by token

    def _text(self, token_ids: Sequence[int], *, skip_special: bool = False) -> str:
        return self._tokenizer.decode(
            list(token_ids), skip_special_tokens=skip_special, clean_up_tokenization_spaces=False
        )

    def _suspect(self, token_id: int) -> bool:
        whole = self._text((token_id,))
        if whole and not self._text((token_id,), skip_special=True):
            return any(stop.endswith(whole) for stop in self._stop)
        # Decode the token twice in a row: some decoders drop the space before the first token of a text.
        text = self._text((token_id, token_id))
        return REPLACEMENT in text or not self._last_characters.isdisjoint(text)

    def may_complete(self, token_id: int) -> bool:
        """Whether this token, as the newest, could complete one of the strings. Cheap: cached by token."""
        known = self._suspects.get(token_id)
        if known is None:
            known = self._suspects[token_id] = self._suspect(token_id)
        return known

    def completed(self, token_ids: Sequence[int]) -> bool:
        """Whether the last token completed a stop string in the text of these tokens.

        Only a tail is searched: earlier completions were found when their token was the last.
        """
        count = min(len(token_ids), self._longest + 1)
        while True:
            tail = token_ids[-count:]
            text = self._text(tail)
            if any(stop in text for stop in self._stop):
                settled = len(self._text(tail[:-1]).rstrip(REPLACEMENT))
                return any(text.rfind(stop) + len(stop) > settled for stop in self._stop if stop in text)
            # One character more than the longest string: the first may be incomplete or have lost its space.
            if count == len(token_ids) or len(text.lstrip(REPLACEMENT)) > self._longest:
                return False
            count = min(2 * count, len(token_ids))
