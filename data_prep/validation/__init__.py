"""Validate data for training: inspect each row, and grade known answers with the intended reward."""
