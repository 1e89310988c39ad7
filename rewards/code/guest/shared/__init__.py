"""What both ends of the link know: the numbers of operations, containers that both sides hold, files that both see.

Modules, each of which imports only those before it:

    wire        the messages of the link, and tables of names that both ends know
    standard    types, exceptions and functions of the standard library, by name
    hints       annotations that are no classes
    signatures  the parameters of functions that a test hands over
    likeness    whether two definitions of a class are the same
    records     classes of immutable data that both ends have under one name
    containers  how each kind of container is remembered, compared, sent and changed
    sharing     containers that both ends hold, and their changes
    remade      standard library objects of a test, rebuilt for the program
    files       files of a folder, told to the other end
"""
