"""In the checker: what tests set up around the program. Folders, scripts, streams, clocks, patches, modules.

Modules, each of which imports only those before it:

    folders       temporary folders
    beside        files with relative names
    fake_modules  what tests put into `sys.modules`
    patched       what tests patch in the standard library
    scripts       the program executed again
    commands      commands that tests run
    logged        loggers and warnings of the program
    forwarding    its output, and what inspects its objects
    variables     environment variables that the program sets
    whereabouts   its current folder
    surroundings  all of these, before and after each request
"""
