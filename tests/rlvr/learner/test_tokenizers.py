"""Character tokenizers are exact and ordinary; others load by folder or by file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from rlvr.errors import ConfigError
from rlvr.prompts import Prompter
from rlvr.tokenizers import TokenizerConfig, character_tokenizer, encode, load_tokenizer

CHARACTERS = "0123456789+-=<>/?abcdefghijklmnopqrstuvwxyzABC .,'!\n\t\ré中🙂\u0301"
TOKENIZER = character_tokenizer(CHARACTERS)


@given(st.text(alphabet=CHARACTERS, max_size=60))
def test_decoding_gives_back_what_was_encoded_byte_for_byte(text: str) -> None:
    ids = TOKENIZER.encode(text)
    assert TOKENIZER.decode(ids).encode() == text.encode()
    assert len(ids) == len(text.replace("<eos>", "1").replace("<pad>", "0"))  # the special tokens are one each


@pytest.mark.parametrize("text", ["", " ", "  a  ", "a .\n b", "<think>3 + 4\r\n=7</think>", "<eo", "don't, a !"])
def test_spaces_and_tags_survive(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


def test_ids_follow_the_characters() -> None:
    tokenizer = character_tokenizer("ba")
    assert (tokenizer.pad_token_id, tokenizer.eos_token_id) == (0, 1)
    assert tokenizer.encode("ab<eos>") == [3, 2, 1]
    assert tokenizer.decode([3, 1], skip_special_tokens=True) == "a"


def test_an_unknown_character_is_an_error_and_never_dropped() -> None:
    with pytest.raises(Exception, match="WordLevel"):
        TOKENIZER.encode("1 + Z")


def test_a_saved_folder_is_read_by_auto_tokenizer(tmp_path: Path) -> None:
    TOKENIZER.save_pretrained(tmp_path)
    for again in (AutoTokenizer.from_pretrained(tmp_path), load_tokenizer(tmp_path)):
        text = "a  .b\n<think> é中🙂"
        assert again.encode(text) == TOKENIZER.encode(text)
        assert again.decode(again.encode(text)) == text
        assert (again.pad_token_id, again.eos_token_id, len(again)) == (0, 1, len(TOKENIZER))


def test_a_config_names_characters_a_path_or_the_model_s_folder(tmp_path: Path) -> None:
    TOKENIZER.save_pretrained(tmp_path)
    assert len(load_tokenizer(TokenizerConfig(characters="abc"))) == 5
    assert len(load_tokenizer(TokenizerConfig(path=str(tmp_path)))) == len(TOKENIZER)
    assert len(load_tokenizer(TokenizerConfig(), model_path=str(tmp_path))) == len(TOKENIZER)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (TokenizerConfig(), r"set tokenizer\.path"),
        (TokenizerConfig(path="x", characters="abc"), "set one of them"),
        (TokenizerConfig(characters=""), "characters is ''"),
        (TokenizerConfig(characters="abca"), r"doubled: \['a'\]"),
        (TokenizerConfig(path="/no/such/folder"), "'/no/such/folder'.* no such file or folder is here"),
    ],
)
def test_a_config_that_cannot_hold_says_what_and_why(config: TokenizerConfig, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_tokenizer(config)


def test_a_folder_without_a_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load_tokenizer(tmp_path)


def test_the_gpt2_file_loads_with_its_end_token(shared_data: Path) -> None:
    tokenizer = load_tokenizer(shared_data / "tokenizers" / "gpt2" / "tokenizer.json")
    assert (len(tokenizer), tokenizer.eos_token, tokenizer.pad_token_id) == (50257, "<|endoftext|>", 50256)
    text = "Hello  , world's 中🙂\n\n \t."
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_words_are_one_token_each_and_are_read_before_characters(tmp_path: Path) -> None:
    words = ("<think>", "</think>", "<th")
    tokenizer = load_tokenizer(TokenizerConfig(characters="<>/0123think", words=words))
    text = "01<think>2<th3</think><"
    ids = tokenizer.encode(text)
    assert tokenizer.convert_ids_to_tokens(ids) == ["0", "1", "<think>", "2", "<th", "3", "</think>", "<"]
    assert tokenizer.decode(ids) == text
    tokenizer.save_pretrained(tmp_path)
    assert load_tokenizer(str(tmp_path)).encode(text) == ids


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (TokenizerConfig(words=("ab",)), "words go with characters"),
        (TokenizerConfig(characters="ab", words=("ab", "ab")), "doubled"),
        (TokenizerConfig(characters="ab", words=("c",)), "two characters or more"),
    ],
)
def test_words_that_make_no_sense_are_refused(config: TokenizerConfig, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load_tokenizer(config)


@pytest.mark.parametrize("reloaded", [False, True])
def test_what_a_tokenizer_lacks_is_named_and_what_is_part_of_a_word_is_not(reloaded: bool, tmp_path: Path) -> None:
    tokenizer: PreTrainedTokenizerBase = character_tokenizer("12+ ", ("<think>",))
    if reloaded:
        tokenizer.save_pretrained(tmp_path)
        tokenizer = load_tokenizer(tmp_path)
    assert encode(tokenizer, "<think>1+2<eos>", "the prompt") == tokenizer.encode("<think>1+2<eos>")
    with pytest.raises(ConfigError, match=r"no token for 'é', '\\n', '<' of the prompt '<think>1é\+\\né<<eos>'"):
        encode(tokenizer, "<think>1é+\né<<eos>", "the prompt")


def test_a_response_to_imitate_with_an_unknown_character_is_named_too() -> None:
    prompter = Prompter(character_tokenizer("12+ "), template="plain")
    with pytest.raises(ConfigError, match=r"no token for 'x' of the response '1x2'.*tokenizer\.characters"):
        prompter.encode_response("1x2")


def test_a_response_is_graded_as_it_was_written_whatever_the_tokenizer_tidies_up() -> None:
    tokenizer = character_tokenizer("ab .,'")
    tokenizer.clean_up_tokenization_spaces = True  # takes the space before a full stop away
    prompter = Prompter(tokenizer, template="plain")
    assert prompter.decode(tokenizer.encode("a , b 'a' .")) == "a , b 'a' ."
