"""Options shared by `rlvr serve-rewards` and `rlvr sandbox serve`: address, token and bounds."""

from __future__ import annotations

import argparse
import os
from ipaddress import ip_address

from rlvr.commands.argument_types import not_negative, positive
from rlvr.errors import ConfigError

_MOST_PORT = 65_535


def add_listening(parser: argparse.ArgumentParser, *, port: int, token: str) -> None:
    """Add the address and the token. port: default. token: environment variable that may contain it."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=port, help="port; 0 = any free port (default: %(default)s)")
    parser.add_argument("--token", default=None, help=f"the token that clients must send (default: {token})")
    parser.add_argument("--no-token", action="store_true", help="serve anyone who can connect")


def add_bounds(parser: argparse.ArgumentParser, *, waiting: int, what: str) -> None:
    """Add the bounds. waiting: default queue length. what: plural noun for what is queued."""
    parser.add_argument(
        "--waiting",
        type=not_negative,
        default=waiting,
        metavar="N",
        help=f"{what} that may wait; beyond that 429 (default: %(default)s)",
    )
    parser.add_argument(
        "--most-mb", type=positive, default=256, metavar="N", help="largest request in MB (default: %(default)s)"
    )


def token_of(options: argparse.Namespace, variable: str) -> str:
    """The token that clients must send; empty = none. Raises ConfigError if it is required and missing."""
    token: str = options.token if options.token is not None else os.environ.get(variable, "")
    if not token and not options.no_token and not _is_loopback(options.host):
        raise ConfigError(
            f"--host {options.host} lets others in and there is no token; set {variable} (or say --no-token)"
        )
    return token


def _is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _port(text: str) -> int:
    value = not_negative(text)
    if value > _MOST_PORT:
        raise argparse.ArgumentTypeError(f"{value} is no port: at most {_MOST_PORT}")
    return value
