"""Prompt templates and which prompts fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_prep import DataError, DataNotFound, Problem
from data_prep.length_filter import select_fitting
from data_prep.templates import TEMPLATES, prefill_of, render, template_named
from rewards.types import MathReference, Message

QUESTION = [Message(role="user", content="What is 3+5?")]
TALK = [
    Message(role="system", content="Be brief."),
    Message(role="user", content="Hi"),
    Message(role="assistant", content="Hello"),
    Message(role="user", content="What is 3+5?"),
]


class Chat:
    """A tokenizer as far as templates need one; it writes turns the way ChatML does."""

    def __init__(self, chat_template: str | None = "chatml", opening: str = "") -> None:
        self.chat_template = chat_template
        self.opening = opening

    def apply_chat_template(
        self, conversation: list[dict[str, str]], *, tokenize: bool, add_generation_prompt: bool
    ) -> str:
        assert not tokenize
        turns = "".join(f"<|{turn['role']}|>{turn['content']}\n" for turn in conversation)
        return turns + (f"<|assistant|>{self.opening}" if add_generation_prompt else "")


def test_plain_is_the_text_and_nothing_else() -> None:
    assert render("plain", QUESTION) == "What is 3+5?"
    assert render("plain", TALK) == "Be brief.\n\nHi\n\nHello\n\nWhat is 3+5?"


def test_boxed_asks_for_a_box_after_the_question() -> None:
    text = render("boxed", QUESTION)
    assert text.startswith("What is 3+5?\n")
    assert "\\boxed{}" in text


def test_r1_zero_is_a_conversation_that_asks_for_both_tags_in_order() -> None:
    text = render("r1_zero", QUESTION)
    assert text.endswith("\nUser: What is 3+5?\nAssistant:")
    example = text[text.rindex("<think>", 0, text.index("User: ")) :]
    positions = [example.index(tag) for tag in ("<think>", "</think>", "<answer>", "</answer>")]
    assert positions == sorted(positions)


def test_r1_zero_keeps_the_turns_of_a_conversation_apart() -> None:
    text = render("r1_zero", TALK)
    assert text.endswith("\nBe brief.\nUser: Hi\nAssistant: Hello\nUser: What is 3+5?\nAssistant:")


def test_chat_is_the_tokenizers_own_template_with_its_generation_prompt() -> None:
    assert render("chat", QUESTION, Chat()) == "<|user|>What is 3+5?\n<|assistant|>"
    boxed = render("chat_boxed", TALK, Chat())
    assert boxed.startswith("<|system|>Be brief.\n<|user|>Hi\n<|assistant|>Hello\n<|user|>What is 3+5?\n\n")
    assert "\\boxed{}.\n<|assistant|>" in boxed
    assert TALK[-1].content == "What is 3+5?"


def test_a_chat_template_without_a_tokenizer_that_has_one_says_what_to_do() -> None:
    with pytest.raises(DataError, match="none was given"):
        render("chat", QUESTION)
    with pytest.raises(DataError, match="r1_zero"):
        render("chat_boxed", QUESTION, Chat(chat_template=None))


def test_an_unknown_template_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(DataNotFound, match=r"'r1-zero'; did you mean 'r1_zero'\? Known: plain, boxed"):
        render("r1-zero", QUESTION)
    with pytest.raises(DataNotFound, match="Known: plain"):
        template_named("qqq")


@pytest.mark.parametrize("name", TEMPLATES)
def test_each_template_asks_for_the_answer_as_its_name_says(name: str) -> None:
    text = render(name, QUESTION, Chat())
    assert "What is 3+5?" in text
    assert prefill_of(text) == ("<think>" if name.endswith("prefilled") else "")
    assert ("\\boxed{}" in text) == ("boxed" in name)
    assert ("</answer>" in text) == name.startswith("r1_zero")
    assert TEMPLATES[name].special_tokens == (not name.startswith("chat"))


def test_what_a_models_own_chat_template_prefills_is_seen() -> None:
    assert prefill_of(render("chat", QUESTION, Chat(opening="<think>\n"))) == "<think>"
    assert prefill_of(render("chat", QUESTION, Chat(opening="<think>\n\n</think>\n"))) == ""


def test_a_question_about_the_tags_is_not_taken_for_a_prefill() -> None:
    assert prefill_of("Explain <think> please.") == ""


def test_a_real_tokenizer_of_transformers_will_do(shared_data: Path) -> None:
    transformers = pytest.importorskip("transformers")
    file = str(shared_data / "tokenizers" / "gpt2" / "tokenizer.json")
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_file=file)
    with pytest.raises(DataError, match="no chat template"):
        render("chat", QUESTION, tokenizer)
    turns = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    tokenizer.chat_template = turns + "{% if add_generation_prompt %}[assistant]{% endif %}"
    assert render("chat", TALK, tokenizer) == "[system]Be brief.[user]Hi[assistant]Hello[user]What is 3+5?[assistant]"


# --- fitting ----------------------------------------------------------------------------------------------------------


def problems(*lengths: int) -> list[Problem]:
    return [Problem.make(question="x" * length, reference=MathReference(answer="1")) for length in lengths]


def encode(problem: Problem) -> str:
    return problem.messages[0].content


def test_prompts_that_do_not_fit_are_dropped_counted_and_shown() -> None:
    rows = problems(5, 9, 8, 30, 12)
    fitting = select_fitting(rows, encode, 8)
    assert fitting.kept == (rows[0], rows[2])
    assert [(drop.id, drop.tokens) for drop in fitting.dropped] == [(rows[1].id, 9), (rows[3].id, 30), (rows[4].id, 12)]
    shown = fitting.describe()
    assert shown.startswith("3 of 5 prompts are longer than 8 tokens and were dropped")
    assert shown.index(rows[3].id) < shown.index(rows[4].id) < shown.index(rows[1].id)


def test_when_all_fit_it_says_so() -> None:
    fitting = select_fitting(problems(1, 2), encode, 2)
    assert fitting.describe() == "prompts of more than 2 tokens: none of 2"
    assert not fitting.dropped


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(DataError, match="max_prompt_tokens is 0"):
        select_fitting(problems(1), encode, 0)
