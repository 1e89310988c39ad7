"""Grading data sets offline: rows of files in, graded rows out, in bounded memory, and a summary of them."""
