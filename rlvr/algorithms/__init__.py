"""Algorithms: pure functions from tensors to tensors, composed into recipes."""
