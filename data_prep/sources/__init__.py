"""Where problems come from: one module a source, each yielding `Problem` rows."""
