"""In the candidate: the program, the objects it keeps for the tests, and what the tests may ask of them.

`candidate` and `function` are what a run is started as.

Modules, each of which imports only those before it:

    awaiting    its coroutines, on an event loop of its own
    standing    stand-ins for classes of the tests
    stubs       stubs for objects of the tests
    exports     its objects by number; how values are written and read
    mirror      state that tests change for it; its output
    host        its end of the conversation
    companions  several threads of the tests at once
    joining     one program of a prompt and a response
    borrowing   names that the tests lend
    given       names that a method may use without import
    rerunning   the program again, as a module, script or process
    operations  what may be asked for, by name
    candidate   the process in which it is asked about its objects
    function    the process in which it is called case by case
"""
