"""Reinforcement learning with verifiable rewards: turns graded samples into gradients."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("rlvr")
except PackageNotFoundError:  # a source tree that is not installed
    __version__ = "0+unknown"
