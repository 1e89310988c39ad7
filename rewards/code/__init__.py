"""Code graders: run a program against its tests. Five styles of tests, one verdict rule; see
docs/guides/code_grader.md.

How the tests are kept from the program is in docs/design/code_proxy.md.
"""
