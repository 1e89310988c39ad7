"""Normal forms of expressions: quotients of sums of monomials."""

from rewards.math.normalise.exact import normal
from rewards.math.normalise.polynomials import Form, TooHard, Undefined, same_form

__all__ = ["Form", "TooHard", "Undefined", "normal", "same_form"]
