"""In the checker: what tests set up around the program. Folders, scripts, streams, clocks, patches, modules.

Modules, each of which imports only those before it:

    folders, beside, fake_modules, patched, scripts, commands, logged, forwarding, variables, whereabouts, surroundings
"""
