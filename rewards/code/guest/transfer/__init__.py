"""In the checker: its end of the link. What goes to the program, and what its answers become.

Modules, each of which imports only those before it:

    ours, weakly, served, theirs, crossing, identity, link, turns
"""
