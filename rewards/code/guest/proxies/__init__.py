"""In the checker: objects and classes that stand for the program's.

Modules, each of which imports only those before it:

    proxies, ancestry, controlled, said, marks, witnessed, yardsticks, derived, attributes, membership, classes, uses,
    assertions, operands, refusing, views, contents, handles, operators, awaited, plain_operators, plain, raised,
    described
"""
