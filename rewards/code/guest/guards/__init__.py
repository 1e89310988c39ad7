"""In the checker: what keeps an assertion from holding for the wrong reason.

Arguments that the program spoiled, empty or unbounded answers, texts that tests evaluate, modules they load, pickles.

Modules, each of which imports only those before it:

    unbounded, wrapping, emptiness, counted, databases, cells, inside, roles, expecting, destinations, changes,
    spoiling, own_files, templates, evaluation, loading, running, unpickling
"""
