"""Normalises notation before parsing: Unicode, LaTeX and layout become plain tokens. Begin with `standard`.

Modules, by what they do:

    steps of `standard`     layout, decorations, characters, siunitx, events, han
    behind it               tokens, words
"""
