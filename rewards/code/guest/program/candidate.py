"""The process of the program that is judged: loads `solution.py` and does what the checker asks of its objects.

It contains no test and no expected value.
"""

from __future__ import annotations

from ..encoding.channel import LINK, Channel
from .host import Host, run_until_gone
from .operations import OPERATIONS


def serve(channel: Channel) -> None:
    """Answer requests. Raises Ended when the checker is gone."""
    Host(channel, OPERATIONS).serve()


def main() -> None:
    """Serve the link until the checker closes it."""
    run_until_gone(lambda: serve(Channel(LINK)))


if __name__ == "__main__":
    main()
