"""Grade mathematics, in five steps that `grader` connects: find the answer (`extract`), normalise its notation
(`notation`), parse it to typed values (`parse`), compute normal forms (`normalise`), decide equality (`equal`).

Importing `grader` registers the reward `math`. This package imports nothing: the process that runs sympy, which takes
most of a second to start, needs few of its modules.
"""
