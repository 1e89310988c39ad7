"""Normalise notation before parsing: Unicode, LaTeX and layout become plain tokens."""
