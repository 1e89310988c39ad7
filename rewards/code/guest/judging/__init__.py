"""In the checker: runs the tests and makes the verdict.

`checker` and `output_checker` are what a run is started as.

Modules, each of which imports only those before it:

    verdicts        the outcome of a case, and how the caller is told
    importable      the module `solution` for test files
    suite           pytest files
    checker         the process of the tests; asserts and `check(candidate)`
    output_checker  the process of a reference's own checker of output
"""
