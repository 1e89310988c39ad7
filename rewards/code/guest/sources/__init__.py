"""In the checker: what the text of the tests says, and which of their names the program may have.

Modules, each of which imports only those before it:

    context       the sources of the tests, and which part of them is running
    shapes        statements and expressions, by their syntax
    names         which of their names mean globals of the program
    truth         whether a truth value would be the verdict
    defined_data  classes of plain data in a prompt or setup
    lending       which of their names the program may use
    counting      which test functions there are, and which may be skipped
"""
