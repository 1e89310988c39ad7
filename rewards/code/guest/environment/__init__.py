"""In the checker: what tests set up around the program. Folders, scripts, streams, clocks, patches, modules.

Modules, each of which imports only those before it:

    folders, beside, fake_modules, scripts, commands, logged, variables, whereabouts, surroundings
"""
