"""In the candidate: the program, the objects it keeps for the tests, and what the tests may ask of them.

`candidate` and `function` are what a run is started as.

Modules, each of which imports only those before it:

    awaiting, standing, stubs, exports, mirror, host, companions, joining, borrowing, rerunning, operations,
    candidate, function
"""
