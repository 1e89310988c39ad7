"""Offline grading of data sets: rows in, graded rows and a summary out, in bounded memory."""
