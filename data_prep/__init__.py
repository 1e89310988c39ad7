"""Turn public data sets into `Problem` rows, and check them."""

from data_prep.errors import BadFile, BadRow, DataError, DataNotFound
from data_prep.files import BadRowFile, data_hash, iter_problems, read_problems, write_problems
from data_prep.problem import Problem

__all__ = [
    "BadFile",
    "BadRow",
    "BadRowFile",
    "DataError",
    "DataNotFound",
    "Problem",
    "data_hash",
    "iter_problems",
    "read_problems",
    "write_problems",
]
