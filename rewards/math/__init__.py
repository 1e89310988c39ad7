"""Mathematics: find the answer (`extract`), read it as a typed value (`reading`), decide (`equality`).

`spelling` brings texts to one form before they are read. Importing this registers the reward `math`; sympy (`engine`)
and mpmath (`numeric`) are loaded when they are first needed.
"""

from rewards.math.extract import Extracted, Form, extract, visible
from rewards.math.grader import grade_math

__all__ = ["Extracted", "Form", "extract", "grade_math", "visible"]
