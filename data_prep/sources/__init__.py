"""Sources of problems: one module per data set, each yielding `Problem` rows."""
