"""What runs inside the sandbox beside a candidate or a test. Standard library only, relative imports only.

The folder is shown to a run read-only under the package name `rlvr_guest`, and its modules are preloaded there; the
parent imports the same files as `rewards.code.guest` for the codec that both ends speak.

Folders are listed in the order in which they may import each other, and each lists its modules likewise. The program's
side and the tests' side import nothing of each other (tests/test_architecture.py). Imports inside functions are for
expensive modules that are rarely needed.

    both     encoding     plain data as bytes, and messages over a pipe
    both     shared       what both ends of the link know: operations, containers that both hold, files
    program  program      in the candidate: the program, and its objects as the tests may use them
    tests    sources      what the text of the tests says, and which names the program may have
    tests    proxies      objects and classes that stand for the program's in the tests
    tests    guards       against assertions that hold for wrong reasons: spoiled arguments, emptiness, evaluated text
    tests    transfer     the tests' end of the link: what goes to the program, and what its answers become
    tests    environment  what tests set up around the program: folders, scripts, streams, patches
    tests    judging      runs the tests and makes the verdict
    both     rehearsal    one zygote that holds both sides

Words, as these files use them:

    candidate, checker  the process of the program; that of the tests, which makes the verdict
    cross               go over the link, as data, or as a number if the object stays where it is
    proxy, handle       in the checker, what stands for an object of the program; a handle is one that is no data
    stub, stand-in      in the candidate, what stands for an object of the tests; for a class of theirs
    made, known         an object that a test created by calling its class; one whose class the tests name, or made
    lent                a name that the tests define for the program to use
    spoiling            the program changes an argument so that the test agrees with its answer
    yardstick           a class of the tests with which they measure answers
    refused             the program would have decided its own verdict: the case is wrong, whatever the test catches
    unsupported         the proxy cannot give what the test needs: the case is ungraded
"""

PACKAGE = __name__  # tells our own frames and classes from others
