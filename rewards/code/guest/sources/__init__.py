"""In the checker: what the text of the tests says, and which of their names the program may have.

Modules, each of which imports only those before it:

    context, shapes, names, truth, defined_data, lending, counting
"""
