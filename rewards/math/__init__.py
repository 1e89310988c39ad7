"""Mathematics: find the answer (`extract`), give it one spelling (`spell`), read it as a typed value (`parse`), bring
it to a normal form (`normalise`), decide (`equal`). `grader` is that line.

Importing this registers the reward `math`; sympy and mpmath are loaded when they are first needed.
"""

from rewards.math.extract import Extracted, Form, extract, visible
from rewards.math.grader import grade_math

__all__ = ["Extracted", "Form", "extract", "grade_math", "visible"]
