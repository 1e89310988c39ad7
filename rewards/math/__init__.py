"""Mathematics: find the answer (`extract`), spell it one way (`normalise`), compare it (`equal`, `numbers`).

Importing this registers the reward `math`. sympy and math-verify are loaded in `symbolic` when first needed.
"""

from rewards.math.extract import Extracted, Form, extract, visible
from rewards.math.grader import grade_math

__all__ = ["Extracted", "Form", "extract", "grade_math", "visible"]
