"""Finds the answer in a response: `answer` looks for its forms, and the other files read the prose around them."""

from rewards.math.extract.answer import Extracted, Form, answer_tag, extract
from rewards.math.extract.boxes import last_box
from rewards.math.extract.thoughts import visible
from rewards.math.extract.turns import turn, without_end_of_turn

__all__ = ["Extracted", "Form", "answer_tag", "extract", "last_box", "turn", "visible", "without_end_of_turn"]
