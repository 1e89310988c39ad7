"""Tokenizers: any Hugging Face folder or `tokenizer.json`, or a character tokenizer for small experiments.

Encoding is lossless: decoding restores the text. A character that a character tokenizer lacks is an error, not dropped.

Example:
    tokenizer = load_tokenizer(TokenizerConfig(characters="0123456789+= "))
    tokenizer.decode(tokenizer.encode("3 + 4"))  # "3 + 4"
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rlvr.errors import ConfigError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

PAD, EOS = "<pad>", "<eos>"
SHOWN = 10  # characters named in an error


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenizerConfig:
    """The tokenizer; with neither key, the one in the model's folder.

    path: a Hugging Face folder, a `tokenizer.json` file, or a name on the hub.
    characters: one token for each of these characters, plus `<pad>` and `<eos>`; in place of a path.
    words: with characters: strings that are one token each, such as `<think>`; matched before single characters.
    """

    path: str | None = None
    characters: str | None = None
    words: tuple[str, ...] = ()


def load_tokenizer(source: TokenizerConfig | str | Path, *, model_path: str | None = None) -> PreTrainedTokenizerBase:
    """Load the tokenizer that the config names, or else that of the model at `model_path`.

    A tokenizer without a padding token pads with its end token; padding is never in the loss.

    Raises:
        ConfigError: nothing is named, both keys are set, the path holds no tokenizer, or it has no end token.
    """
    config = source if isinstance(source, TokenizerConfig) else TokenizerConfig(path=str(source))
    if config.path is not None and config.characters is not None:
        raise ConfigError(
            f"tokenizer.path is {config.path!r} and tokenizer.characters is {config.characters!r}; set one of them"
        )
    if config.characters is not None:
        return character_tokenizer(config.characters, config.words)
    if config.words:
        raise ConfigError(
            f"tokenizer.words is {config.words} but tokenizer.characters is null; words go with characters"
        )
    path = config.path or model_path
    if path is None:
        raise ConfigError("no tokenizer: set tokenizer.path, tokenizer.characters, or a model.path that holds one")
    return _from_path(path)


def encode(tokenizer: PreTrainedTokenizerBase, text: str, what: str, *, special_tokens: bool = False) -> list[int]:
    """Token ids of a text. what: a name for the text in error messages.

    Raises:
        ConfigError: the tokenizer lacks characters of the text; names them.
    """
    try:
        ids: list[int] = tokenizer.encode(text, add_special_tokens=special_tokens)
    except Exception as error:  # the tokenizers package raises no narrower type for an unknown character
        shown = repr(text if len(text) <= 200 else f"{text[:200]}...")
        lacking = [repr(piece) for piece in _lacking(tokenizer, text)]
        if not lacking:
            raise ConfigError(f"the tokenizer cannot encode {what} {shown}: {error}") from error
        named = ", ".join(lacking[:SHOWN]) + (f" and {len(lacking) - SHOWN} more" if len(lacking) > SHOWN else "")
        raise ConfigError(
            f"the tokenizer has no token for {named} of {what} {shown}; leave them out, or train a model whose "
            "tokenizer has them (tokenizer.characters lists what a character tokenizer knows)"
        ) from error
    return ids


def _lacking(tokenizer: PreTrainedTokenizerBase, text: str) -> list[str]:
    """The pieces of a text without a token, each once, in order."""
    splitter = getattr(getattr(tokenizer, "backend_tokenizer", None), "pre_tokenizer", None)
    if splitter is None:
        return []
    special = "|".join(re.escape(token) for token in tokenizer.all_special_tokens)
    parts = re.split(special, text) if special else [text]
    known = tokenizer.get_vocab()
    pieces = [piece for part in parts for piece, _ in splitter.pre_tokenize_str(part)]
    return [piece for piece in dict.fromkeys(pieces) if piece not in known]


def _from_path(path: str) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    try:
        if Path(path).is_file():
            try:
                tokenizer = PreTrainedTokenizerFast(tokenizer_file=path, clean_up_tokenization_spaces=False)
            except Exception as error:  # `tokenizers` raises a bare Exception for an unreadable file
                raise ValueError(str(error)) from error
            if tokenizer.eos_token_id is None:
                _adopt_end_token(tokenizer)
        else:
            tokenizer = AutoTokenizer.from_pretrained(path)
    except (OSError, ValueError) as error:
        where = "" if Path(path).exists() else "no such file or folder is here, and on the hub: "
        raise ConfigError(f"the tokenizer at {path!r} cannot be loaded: {where}{error}") from error
    if tokenizer.eos_token_id is None:
        raise ConfigError(f"the tokenizer at {path!r} has no end token; save it with eos_token set")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def _adopt_end_token(tokenizer: PreTrainedTokenizerFast) -> None:
    """A bare tokenizer.json does not name its end token: use the one of the known families."""
    vocabulary = tokenizer.get_vocab()
    for candidate in ("<|endoftext|>", "</s>", "<|end_of_text|>", EOS):
        if candidate in vocabulary:
            tokenizer.eos_token = candidate
            return


def character_tokenizer(characters: str, words: Sequence[str] = ()) -> PreTrainedTokenizerFast:
    """A tokenizer of single characters, and of words that are one token each and matched first.

    Ids 0 and 1 are `<pad>` and `<eos>`, followed by the characters and the words in order. It is an ordinary fast
    tokenizer: `save_pretrained` writes a folder that `AutoTokenizer` reads.

    Raises:
        ConfigError: no characters, a duplicate among characters or words, or a word of fewer than two characters.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    tokens = [*characters, *words]
    doubled = sorted({token for token in tokens if tokens.count(token) > 1})
    if not characters or doubled:
        raise ConfigError(f"tokenizer.characters is {characters!r}; give each character once (doubled: {doubled})")
    if short := [word for word in words if len(word) < 2]:
        raise ConfigError(f"tokenizer.words has {short}; a word has two characters or more, others are characters")
    vocabulary = {token: index for index, token in enumerate((PAD, EOS, *tokens))}
    # No unknown token: an unknown character is an error, where byte-pair models would silently drop it.
    tokenizer = Tokenizer(models.WordLevel(vocabulary))
    pieces = [re.escape(word) for word in sorted(words, key=len, reverse=True)]
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("|".join([*pieces, r"[\s\S]"])), behavior="isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, eos_token=EOS, clean_up_tokenization_spaces=False
    )
