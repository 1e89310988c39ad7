"""Rule-based rewards: formats, patterns, choices, JSON, short text, and terms for length, repetition and language.

A module registers its reward when the name is first used; `docs/guides/rules.md` describes them all. Every reward runs
in time linear in the response and never evaluates it. They do not depend on each other; combine them in sums and gates.
"""
