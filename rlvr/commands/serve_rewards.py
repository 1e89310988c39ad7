"""`rlvr serve-rewards`: grade over HTTP, for trainers on other machines or in other languages.

Exit status: 1 an error with a message (no such reward, no workers, the port is taken), 130 and 143 ended by Ctrl-C and
SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import re
from contextlib import ExitStack

from rewards.pool import GraderPool
from rewards.registry import names
from rewards.spec import RewardSpec
from rlvr.commands.argument_types import add_pool_options
from rlvr.commands.server_options import add_bounds, add_listening, token_of
from rlvr.errors import ConfigError

_TOKEN = "RLVR_REWARDS_TOKEN"
# NAME=REWARD; a composition begins with a brace and may contain "=".
_NAMED = re.compile(r"([\w.-]+)=(.+)", re.DOTALL)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `serve-rewards`."""
    parser = commands.add_parser(
        "serve-rewards",
        help="grade over HTTP",
        description="Serve rewards over HTTP: POST /v1/grade with {'reward': NAME, 'rows': [{'response', "
        f"'reference'}}]}}. The token is read from --token or {_TOKEN}. Only the rewards named here are served.",
        epilog="Exit status: 1 a mistake, 130 and 143 ended by Ctrl-C and SIGTERM.",
    )
    parser.add_argument(
        "--reward",
        action="append",
        required=True,
        metavar="[NAME=]REWARD",
        help=f"a reward ({', '.join(names())}), one in a file (./my_rewards.py:concise) or a composition as YAML, and "
        "the name that clients use for it (default: its own); repeatable",
    )
    add_listening(parser, port=8290, token=_TOKEN)
    add_pool_options(parser, workers="processes for each reward")
    add_bounds(parser, waiting=65_536, what="responses")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until a signal, which is re-raised as KeyboardInterrupt."""
    token = token_of(options, _TOKEN)
    try:
        from rewards.serve import create_app
        from rlvr.offline.progress import show
        from sandbox.http import listen, serve
    except ModuleNotFoundError as error:
        raise ConfigError(f"serving needs {error.name}: pip install 'rlvr[serve]'") from error
    specs = named_specs(options.reward)
    with listen(options.host, options.port) as listening, ExitStack() as open_pools:
        pools = {
            name: open_pools.enter_context(GraderPool(spec, workers=options.workers, deadline=options.deadline))
            for name, spec in specs.items()
        }
        for pool in pools.values():
            pool.start()
        app = create_app(pools, token=token, most_waiting=options.waiting, most_bytes=options.most_mb << 20)
        port = listening.getsockname()[1]
        show(f"serving {', '.join(pools)} on http://{options.host}:{port}\n")

        async def until_stopped() -> None:
            await serve(app, listening)

        asyncio.run(until_stopped())
    return 0


def named_specs(given: list[str]) -> dict[str, RewardSpec]:
    """The rewards by the names that clients use. Raises ConfigError, InvalidReward."""
    from rlvr.commands.grade import reward_spec

    specs: dict[str, RewardSpec] = {}
    for text in given:
        found = None if text.lstrip().startswith("{") else _NAMED.fullmatch(text)
        spec = reward_spec(found[2] if found else text)
        leaves = list(spec.leaves())
        name = found[1] if found else leaves[0].label
        if not found and len(leaves) > 1:
            raise ConfigError(
                f"--reward {text!r} is a composition; give it a name for its clients: --reward NAME='{text}'"
            )
        if name in specs:
            raise ConfigError(f"two rewards would be served as {name!r}; give one another name: --reward NAME=REWARD")
        specs[name] = spec
    return specs
