"""Options shared by `rlvr eval` and `rlvr sample`: model, sampling and machine."""

from __future__ import annotations

import argparse

from data_prep.templates import TEMPLATES


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the model argument."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a run directory (its newest checkpoint), a checkpoint, a Hugging Face folder, or a name on the hub",
    )


def add_sampling(group: argparse._ArgumentGroup, *, temperature: str, seed: str) -> None:
    """Add the sampling options. temperature, seed: their help texts."""
    group.add_argument("--temperature", type=float, metavar="T", help=temperature)
    group.add_argument("--top-p", type=float, default=1.0, metavar="P", help="nucleus sampling (default: 1, off)")
    group.add_argument(
        "--max-tokens", type=int, metavar="N", help="most tokens of a response (default: the run's, or 1024)"
    )
    group.add_argument(
        "--template",
        choices=list(TEMPLATES),
        help="prompt template (default: the run's; else chat_boxed if the tokenizer has a chat template, or boxed)",
    )
    group.add_argument(
        "--stop", action="append", metavar="TEXT", help="a string that ends a response; repeatable (default: the run's)"
    )
    group.add_argument("--seed", type=int, default=0, metavar="N", help=f"{seed} (default: 0)")


def add_machine(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the machine options; returns their group."""
    group = parser.add_argument_group("machine")
    group.add_argument("--device", help="cpu, cuda, cuda:1, ... (default: a GPU if there is one)")
    group.add_argument(
        "--dtype",
        choices=["auto", "float32", "bfloat16"],
        default="auto",
        help="auto is bfloat16 on a GPU and float32 on a CPU (default: auto)",
    )
    return group
