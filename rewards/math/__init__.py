"""Grade mathematics, in five steps that `grader` connects: find the answer (`extract`), normalise its notation
(`notation`), parse it to typed values (`parse`), compute normal forms (`normalise`), decide equality (`equal`).

Importing this package registers the reward `math`; sympy and mpmath are loaded when first needed.
"""

from rewards.math.extract import Extracted, Form, extract, visible
from rewards.math.grader import grade_math

__all__ = ["Extracted", "Form", "extract", "grade_math", "visible"]
