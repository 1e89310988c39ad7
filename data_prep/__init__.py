"""Turn public data sets into `Problem` rows, and check them."""

from data_prep.errors import BadRow, DataError, DataNotFound
from data_prep.problem import Problem

__all__ = ["BadRow", "DataError", "DataNotFound", "Problem"]
