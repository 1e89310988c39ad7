"""One judge for each style of tests: stdio, function, asserts, check, pytest."""
