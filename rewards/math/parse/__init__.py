"""What an answer is: a spelled text as typed values (`rewards.math.values`). Nothing is computed."""

from rewards.math.parse.reading import gold_readings, readings

__all__ = ["gold_readings", "readings"]
