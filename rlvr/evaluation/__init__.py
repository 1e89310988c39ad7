"""Evaluation: what a model can do on a set of problems, measured by the graders that train it."""
