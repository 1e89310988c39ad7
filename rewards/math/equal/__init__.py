"""Decide whether an answer equals the gold: by text, by a rule for each pair of types, by normal forms, by proof.

sympy (`engine`, `symbolic`) and mpmath (`numeric`) are loaded when first needed.
"""
