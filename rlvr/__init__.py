"""Reinforcement learning with verifiable rewards: turns graded samples into gradients."""

__version__: str


def __getattr__(name: str) -> str:
    """The version, when it is asked for: looking it up takes as long as all that a command imports at first."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("rlvr")
    except PackageNotFoundError:  # a source tree that is not installed
        return "0+unknown"
