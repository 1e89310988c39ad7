"""In the checker: what keeps an assertion from holding for the wrong reason.

Arguments that the program spoiled, empty or unbounded answers, texts that tests evaluate, modules they load, pickles.

Modules, each of which imports only those before it:

    unbounded     NaN and infinities
    wrapping      integers that overflow, complex numbers in order
    emptiness     empty arrays
    counted       the content of containers, and changes that a test asked for
    databases     data bases that the program empties
    cells         objects that hold their content where no attribute shows it
    inside        what is inside a value of the tests
    roles         each expression of a test: the answer, what was changed, or its own
    expecting     whether an answer is judged by what was changed
    destinations  where else an answer may be
    changes       what the program has changed
    spoiling      what is put back, and when
    own_files     files of the tests, hidden from paths that the program returned
    templates     evaluated text that is the test's own but for a name
    evaluation    text that a test evaluates
    loading       modules that a test loads
    running       what the standard library runs for a test
    unpickling    pickles
"""
