"""Parse the normalised text of an answer to typed values (`rewards.math.values`), without computing anything."""

from rewards.math.parse.reading import gold_readings, readings

__all__ = ["gold_readings", "readings"]
