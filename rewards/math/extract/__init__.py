"""Finds the answer in a response. Begin with `answer`, which tries one kind of place after another.

Modules, by what they do:

    what is left out        turns, thoughts, tidied; behind an answer: remarks
    kinds of places         bare, boxes with box_positions, fields, announced with opening, options, written;
                            lists: listed, parallel, sides
    around a box            refused, leading_on, pairs, offered, replaced, surroundings, in_formula
    around a value          one_part, beside, modified, on_the_way, results
    what a sentence claims  claims with claim_words, attributed, assertion, abroad
    what all of these use   sentences, spans, plain_words
"""

from rewards.math.extract.answer import Extracted, Form, answer_tag, extract
from rewards.math.extract.boxes import last_box
from rewards.math.extract.thoughts import visible
from rewards.math.extract.turns import turn, without_end_of_turn

__all__ = ["Extracted", "Form", "answer_tag", "extract", "last_box", "turn", "visible", "without_end_of_turn"]
