"""Learners: they turn batches into gradients."""
