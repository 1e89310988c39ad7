"""In the checker: objects and classes that stand for the program's.

Modules, each of which imports only those before it:

    proxies          what a proxy is, and what is recorded about it
    ancestry         standard bases of the program's classes, for `isinstance`
    controlled       what the program answers in any case in a test
    said             names that only stand for values in a test's own text
    marks            attributes by which a class of the test shows what ran
    steady           classes of the test whose answers depend on nothing of the program
    yardsticks       classes of the test by which it measures answers
    attributes       the attributes that data has
    membership       what a test looks into: `x in bag`
    classes          names that the tests use as classes
    uses             whether a result is used as a value, and arguments are the test's own
    assertions       assertions that the program could keep from failing the test
    operands         whether an operand may be sent, by how the test uses the result
    witnessed        what an object of a class of the test shows, compared with what its code did
    derived          classes of the test that the program creates
    refusing         what fails the case, and what is unsupported
    views            lengths and items have to agree
    contents         comparison with data, by content
    handles          objects, classes and the module of the program
    operators        operators and builtins of handles
    awaited          coroutines of the program
    plain_operators  operators of subclasses of plain types
    plain            subclasses of plain types
    raised           exceptions
    described        proxy classes from the program's descriptions
    exact_types      `type(x)` where tests only compare it
"""
