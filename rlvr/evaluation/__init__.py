"""Evaluation of a model on sets of problems, with the graders used for training."""
