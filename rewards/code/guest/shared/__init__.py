"""What both ends of the link know: the numbers of operations, containers that both sides hold, files that both see.

Modules, each of which imports only those before it:

    wire, standard, hints, signatures, likeness, records, containers, sharing, remade, files
"""
