"""The process of the program that is judged: loads `solution.py` and does what the checker asks of its objects.

It contains no test and no expected value.
"""

from __future__ import annotations

import os

from ..encoding.channel import LINK, Channel, Ended
from .host import Host
from .operations import OPERATIONS


def serve(channel: Channel) -> None:
    """Answer requests. Raises Ended when the checker is gone."""
    Host(channel, OPERATIONS).serve()


def main() -> None:
    """Serve the link until the checker closes it; then exit at once, whatever threads are left."""
    status = 0
    try:
        serve(Channel(LINK))
    except Ended:
        pass
    except BaseException:  # a program that broke the code it runs on
        import traceback

        os.write(2, traceback.format_exc().encode("utf-8", "replace"))
        status = 1
    os._exit(status)


if __name__ == "__main__":
    main()
