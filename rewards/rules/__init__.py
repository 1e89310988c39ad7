"""Rewards by rule: formats, patterns, choices, JSON, short text, and terms for length, repetition and language.

Each module registers its reward when it is first asked for by name; `docs/guides/rules.md` says what each decides. All
are linear in the length of the response, none evaluates it, and none knows of another: they meet in sums and gates.
"""
