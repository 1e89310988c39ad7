"""Whether an answer is the gold answer: by its text, by a rule for each pair of kinds, by normal forms, by proof.

sympy (`engine`, `symbolic`) and mpmath (`numeric`) are loaded when they are first needed.
"""
