"""When a response is over: end tokens, and stop strings that may span tokens or end inside one.

Token ids are the truth: a response that completes a stop string ends with the token that completed it, and that
token's text may run past the stop string (`></s` completes `</answer>`). Nothing is re-encoded.

A stop string is looked for only when the newest token could have completed it: its text, in the middle of other
text, holds the string's last character, or holds part of a character that is not whole yet (byte-level BPE splits one
character over several tokens). Then a tail of the response is decoded, just long enough to hold the longest stop
string and one character more, whatever the response's length.

A special token is text as a whole: `<|im_end|>` ends a response that has it as a stop string, and the `a` in `<pad>`
is no answer to the stop string `a`.

Example:
    stop = StopStrings(tokenizer, ("</answer>",))
    if stop.may_complete(token_id) and stop.completed(response_ids): ...
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from rlvr.errors import RolloutError

REPLACEMENT = "\ufffd"  # what decoders print for bytes that are no whole character


class TextView(Protocol):
    """The part of a tokenizer that stop strings need. Every `PreTrainedTokenizerBase` has it."""

    def decode(self, token_ids: list[int], *, skip_special_tokens: bool, clean_up_tokenization_spaces: bool) -> str: ...


def end_tokens(*declared: int | Sequence[int] | None) -> tuple[int, ...]:
    """Join what a generation config, a model config and a tokenizer declare: one id, several or none.

    Example:
        >>> end_tokens([5, 7], None, 7)
        (5, 7)
    """
    ids: set[int] = set()
    for entry in declared:
        ids.update(() if entry is None else (entry,) if isinstance(entry, int) else entry)
    return tuple(sorted(ids))


class StopStrings:
    """Looks for a set of stop strings at the end of growing responses."""

    def __init__(self, tokenizer: TextView | None, stop: Sequence[str]) -> None:
        if tokenizer is None:
            raise RolloutError(f"stop strings {list(stop)} need a tokenizer; give the engine one, or stop=()")
        self._tokenizer = tokenizer
        self._stop = tuple(stop)
        self._longest = max(map(len, stop))
        self._last_characters = {text[-1] for text in stop}
        self._suspects: dict[int, bool] = {}  # token -> may_complete, as far as asked

    def _text(self, token_ids: Sequence[int], *, skip_special: bool = False) -> str:
        return self._tokenizer.decode(
            list(token_ids), skip_special_tokens=skip_special, clean_up_tokenization_spaces=False
        )

    def _suspect(self, token_id: int) -> bool:
        whole = self._text((token_id,))
        if whole and not self._text((token_id,), skip_special=True):
            return any(stop.endswith(whole) for stop in self._stop)
        # Twice: some decoders drop the space before the first token of a text.
        text = self._text((token_id, token_id))
        return REPLACEMENT in text or not self._last_characters.isdisjoint(text)

    def may_complete(self, token_id: int) -> bool:
        """Could this token, as the newest, complete one of the strings? Cheap; looks each token up once."""
        known = self._suspects.get(token_id)
        if known is None:
            known = self._suspects[token_id] = self._suspect(token_id)
        return known

    def completed(self, token_ids: Sequence[int]) -> bool:
        """Does the text of these tokens hold a stop string that was not there before the last token?

        Looks at a tail only: what an earlier token completed was found when that token was the last.
        """
        count = min(len(token_ids), self._longest + 1)
        while True:
            tail = token_ids[-count:]
            text = self._text(tail)
            if any(stop in text for stop in self._stop):
                settled = len(self._text(tail[:-1]).rstrip(REPLACEMENT))
                return any(text.rfind(stop) + len(stop) > settled for stop in self._stop if stop in text)
            # One character more than the longest string: the first may be a torn one or have lost its space.
            if count == len(token_ids) or len(text.lstrip(REPLACEMENT)) > self._longest:
                return False
            count = min(2 * count, len(token_ids))
