"""What runs inside the sandbox beside a candidate or a test. Standard library only, relative imports only.

The folder is shown to a run read-only under the package name `rlvr_guest`, and its modules are preloaded there; the
parent imports the same files as `rewards.code.guest` for the codec that both ends speak.

A module imports only what stands before it in this table, and the sides of the program and of the tests import nothing
of each other (tests/test_architecture.py). Imports inside of functions are for what is dear and rarely needed.

    both: bytes         bounds, arrays, extended, encoder, decoder, codec, channel
    both: the link      wire, standard, hints, signatures, likeness, containers, sharing, remade, files
    program: objects    awaiting, standing, stubs, exports
    program: asked      mirror, host, companions, joining, borrowing, rerunning, operations, candidate
    program: called     function
    tests: sources      context, names, truth, lending, counting
    tests: proxies      proxies, shapes, yardsticks, derived, classes, uses, refusing, views, handles, operators
    tests: awaiting     awaited
    tests: classes      plain, raised, ancestry, described
    tests: guards       unbounded, wrapping, emptiness, counted, roles, expecting, spoiling, own_files, templates
    tests: texts        evaluation, loading, running, unpickling
    tests: the link     ours, served, theirs, crossing, link, turns
    tests: around       folders, beside, fake_modules, scripts, logged, whereabouts, surroundings
    tests: verdict      verdicts, importable, suite, checker, output_checker
    one zygote          rehearsal
"""
