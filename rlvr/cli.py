"""The entry of the command `rlvr`: it imports next to nothing, so that Ctrl-C ends it with one line from the start on.

`rlvr.command_line` is what it runs. While that and the commands are imported, Ctrl-C and SIGTERM end the process at
once: nothing is open yet, and an exception in the middle of an import may be swallowed or become another one.
"""

import os
import signal
import sys


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status. arguments: None = those of this process."""
    try:
        numbers = [] if arguments is not None else _not_handled()
        held = [(number, signal.signal(number, _end)) for number in numbers]
        from rlvr.command_line import main as run
        from rlvr.commands import commands

        list(commands())
        for number, handler in held:
            signal.signal(number, handler)
        return run(arguments)
    except KeyboardInterrupt:  # between any two of these lines
        print("rlvr: interrupted", file=sys.stderr)
        return 130


def _not_handled() -> list[int]:
    """The signals that nobody handles or ignores: whoever started this process may ignore them (nohup)."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}
    return [number for number, handler in usual.items() if signal.getsignal(number) is handler]


def _end(number: int, _frame: object) -> None:
    try:
        os.write(2, b"rlvr: interrupted\n")
    finally:
        os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
