"""Code graders: is a program right? Five styles of tests, one verdict rule; see docs/design/code_grading.md."""
