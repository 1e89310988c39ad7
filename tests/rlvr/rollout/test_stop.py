"""Stop strings that span tokens, end inside one, or consist of split characters; and end tokens."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from rlvr.errors import RolloutError
from rlvr.rollout.stop import StopStrings, end_tokens
from rlvr.tokenizers import load_tokenizer


def byte_tokenizer(*merged: str) -> PreTrainedTokenizerFast:
    """Byte-level BPE whose tokens are the 256 bytes and the given strings."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: index for index, letter in enumerate(letters)}
    merges = []
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    for text in merged:
        pieces = [*level.pre_tokenize_str(text)[0][0]]
        while len(pieces) > 1:
            joined = pieces[0] + pieces[1]
            if joined not in vocabulary:
                vocabulary[joined] = len(vocabulary)
                merges.append((pieces[0], pieces[1]))
            pieces = [joined, *pieces[2:]]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.pre_tokenizer = level
    tokenizer.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False)


def stopped_at(stop: StopStrings, ids: list[int]) -> int | None:
    """How many tokens a growing response has when the stop is noticed; None = never."""
    for count in range(1, len(ids) + 1):
        if stop.may_complete(ids[count - 1]) and stop.completed(ids[:count]):
            return count
    return None


def first_by_full_decoding(tokenizer: PreTrainedTokenizerFast, ids: list[int], stop: tuple[str, ...]) -> int | None:
    for count in range(1, len(ids) + 1):
        if any(text in tokenizer.decode(ids[:count]) for text in stop):
            return count
    return None


def test_a_stop_string_may_span_tokens() -> None:
    tokenizer = byte_tokenizer()
    ids = tokenizer.encode("so <answer>5</answer> and more")
    assert tokenizer.decode(ids[: stopped_at(StopStrings(tokenizer, ("</answer>",)), ids)]) == "so <answer>5</answer>"


def test_the_token_that_completes_a_stop_string_may_carry_more_text() -> None:
    tokenizer = byte_tokenizer(">\n\nNow")
    ids = tokenizer.encode("<answer>5</answer>\n\nNow then")
    end = stopped_at(StopStrings(tokenizer, ("</answer>",)), ids)
    assert tokenizer.decode(ids[:end]) == "<answer>5</answer>\n\nNow"


def test_a_stop_string_may_lie_in_the_middle_of_a_token() -> None:
    tokenizer = byte_tokenizer("abcd")
    assert stopped_at(StopStrings(tokenizer, ("bc",)), tokenizer.encode("xxabcd")) == 3


def test_characters_torn_over_tokens_are_found_when_they_are_whole() -> None:
    tokenizer = byte_tokenizer()
    ids = tokenizer.encode("答案：五。以上")  # three bytes, so three tokens, a character
    assert len(ids) == 21
    assert stopped_at(StopStrings(tokenizer, ("。",)), ids) == 15
    assert stopped_at(StopStrings(tokenizer, ("五。",)), ids) == 15


def test_the_first_of_several_stop_strings_counts() -> None:
    tokenizer = byte_tokenizer()
    ids = tokenizer.encode("one\ntwo</answer>")
    assert stopped_at(StopStrings(tokenizer, ("</answer>", "\n")), ids) == 4


def test_a_special_token_is_text_as_a_whole() -> None:
    tokenizer = byte_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_end|>"]})
    ids = tokenizer.encode("hi<|im_end|>|é end")
    assert len(ids) == 10
    assert stopped_at(StopStrings(tokenizer, ("<|im_end|>",)), ids) == 3
    assert stopped_at(StopStrings(tokenizer, ("i<|im_end|>",)), ids) == 3
    assert stopped_at(StopStrings(tokenizer, (">|",)), ids) == 4
    assert stopped_at(StopStrings(tokenizer, ("end",)), ids) == 10


def test_a_space_at_the_end_of_a_stop_string_counts() -> None:
    tokenizer = byte_tokenizer(" and")
    ids = tokenizer.encode("this and that")
    assert tokenizer.decode(ids[: stopped_at(StopStrings(tokenizer, ("this ",)), ids)]) == "this and"


def test_metaspace_tokens_keep_the_space_that_a_text_loses_at_its_start() -> None:
    vocabulary = {token: index for index, token in enumerate(["▁stop", "▁now", "▁", "x", "<unk>"])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.decoder = decoders.Metaspace()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False)
    assert fast.decode([0, 1]) == "stop now"
    assert stopped_at(StopStrings(fast, ("x now",)), [0, 3, 1, 3]) == 3
    assert stopped_at(StopStrings(fast, ("stop ",)), [3, 0, 1, 3]) == 3


def test_only_a_bounded_tail_is_decoded_however_long_the_response() -> None:
    class Counting:
        longest = 0

        def decode(self, token_ids: list[int], **_options: bool) -> str:
            Counting.longest = max(Counting.longest, len(token_ids))
            return "".join(map(chr, token_ids))

    stop = StopStrings(Counting(), ("</answer>",))
    assert not stop.completed([ord("x")] * 5000 + [ord(">")])
    assert Counting.longest <= 2 * (len("</answer>") + 1)


def test_most_tokens_are_dismissed_without_decoding_the_response() -> None:
    tokenizer = byte_tokenizer()
    stop = StopStrings(tokenizer, ("</answer>",))
    suspects = [i for i in range(256) if stop.may_complete(i)]
    texts = {tokenizer.decode([i]) for i in suspects}
    assert texts == {">", "\ufffd"}, "the last character, and the bytes that are no character alone"


@given(
    text=st.text(alphabet="ab<>/\n é答😀", max_size=30),
    stop=st.lists(st.text(alphabet="ab<>/\n é答😀", min_size=1, max_size=4), min_size=1, max_size=2),
)
def test_incremental_search_agrees_with_decoding_everything(text: str, stop: list[str]) -> None:
    ids = BYTES.encode(text)
    assert stopped_at(StopStrings(BYTES, stop), ids) == first_by_full_decoding(BYTES, ids, tuple(stop))


BYTES = byte_tokenizer("ab", "</a", ">\n", " b", "é答", "a😀")


@pytest.mark.parametrize("stop", ["</answer>", "\n\n", "。", "the end"])
def test_gpt2_tokens_stop_where_full_decoding_says(shared_data: Path, stop: str) -> None:
    tokenizer = load_tokenizer(shared_data / "tokenizers" / "gpt2" / "tokenizer.json")
    text = "I think.\n It is 5。 <answer>5</answer>\n\nThis is the end。 of it😀"
    ids = tokenizer.encode(text)
    assert stopped_at(StopStrings(tokenizer, (stop,)), ids) == first_by_full_decoding(tokenizer, ids, (stop,))


def test_end_tokens_join_single_ids_lists_and_none() -> None:
    assert end_tokens([9, 7], None, 7, 3) == (3, 7, 9)
    assert end_tokens(None) == ()


def test_stop_strings_without_a_tokenizer_are_refused() -> None:
    with pytest.raises(RolloutError, match="tokenizer"):
        StopStrings(None, ("x",))
