"""In the checker: its end of the link. What goes to the program, and what its answers become.

Modules, each of which imports only those before it:

    ours      objects of the tests by number, and what each may be used for
    weakly    objects that the tests have dropped
    served    what the program may do with an object of the tests
    theirs    objects of the program by number
    crossing  how values are written and read
    identity  immutable data that comes back as the same object
    link      the conversation: requests, answers, and what happens around them
    turns     several threads of the tests at once
"""
