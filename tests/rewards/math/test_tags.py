"""A text that has no tags at first sight has none for anyone who looks for them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rewards.math.extract import answer_tag, turn, visible
from rewards.math.extract.thoughts import outside_thoughts
from rewards.math.extract.tidied import may_have_tags, tidied
from tests.shares import examples

PIECES = st.sampled_from(
    (
        *(
            "<",
            "</",
            "<|",
            "|>",
            ">",
            "[",
            "[/",
            "]",
            "<!--",
            "-->",
            "◁",
            "▷",
            "｜",
            "/",
            "|",
            " ",
            "\n",
            ":",
            "12",
            "~~",
        ),
        *("think", "THINK", "seed:think", "begin_of_thought", "end_of_thought", "reasoning", "scratchpad", "answer"),
        *("im_end", "s", "eos", "end_of_turn", "end▁of▁sentence", "channel", "message", "final", "start", "user"),
        *("INST", "b", "br", "p", "del", "strong", "result", "\\boxed{3}", "#### 4"),
    )
)


@settings(max_examples=examples(2000), deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_a_text_without_tags_is_left_as_it_is_by_all_who_look_for_them(text: str) -> None:
    if may_have_tags(text):
        return
    assert turn(text) == visible(text) == outside_thoughts(text) == text
    assert answer_tag(text) is None
    assert tidied(text, has_tags=False) == tidied(text)


def test_the_tags_and_tokens_of_models_are_seen() -> None:
    for tag in ("<think>", "</think>", "<answer>", "<|im_end|>", "</s>", "<eos>", "<!-- a -->", "[INST]", "[THINK]"):
        assert may_have_tags(f"It is {tag} 12."), tag
    for tag in ("◁think▷", "<｜end▁of▁sentence｜>", "<br>", "<b>12</b>"):
        assert may_have_tags(f"It is {tag} 12."), tag
    assert not may_have_tags("<<3*4=12>>12 eggs, as 3 < 4 and 5 > 4\n#### 12")
