"""One spelling for what means the same, before anything is read: Unicode, LaTeX and layout become plain tokens."""
