"""Parses the normalised text of an answer to typed values (`rewards.math.values`), without computing anything.

Begin with `reading`, which recognises the kinds of answers in a text, and `structure`, which parses its tokens.

    around an answer        bared, clauses
    by the text alone       worded, number_sets, pieces, listed, progressions, boolean, statements, congruences,
                            quantities
    structure               cutting, left_sides, steps, set_builders, matrices, vectors, signs
    one value               measured; expressions: grammar, which `commands` completes, with names, series,
                            geometric
"""

from rewards.math.parse.reading import gold_readings, readings

__all__ = ["gold_readings", "readings"]
