"""In the checker: runs the tests and makes the verdict.

`checker` and `output_checker` are what a run is started as.

Modules, each of which imports only those before it:

    verdicts, importable, suite, checker, output_checker
"""
