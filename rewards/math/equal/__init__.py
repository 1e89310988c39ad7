"""Decides whether an answer equals the gold. Begin with `equality`.

Modules, by what they do:

    by text                 by_text, plain_values
    kinds of values         matching, with a rule for each pair: scalars, rows, matrix_products, sets, quadratics,
                            branches, equations, formulas, zeros, statements, families, assignments, choices,
                            named_functions
    names that may differ   constants, bound
    expressions             decide, with complex_names, transcendental, whole_numbers, integration; values: numeric
    what a gold requires    finished
    sympy, in a process     engine asks symbolic, by transfer
"""
