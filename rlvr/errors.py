"""Errors of training.

ToolkitError
└── TrainError
    ├── ConfigError        (ValueError)    an invalid key or value; names keys and values
    ├── MissingExtra       (ImportError)   an optional package is absent; names the extra to install
    ├── CheckpointError    (OSError)       a checkpoint cannot be written or read; the previous one is intact
    ├── RolloutError       (RuntimeError)  the engine cannot sample (a prompt that does not fit, a bad parameter)
    └── RunStopped         (RuntimeError)  the run cannot go on usefully; carries the diagnosis
"""

from __future__ import annotations

from sandbox.errors import ToolkitError


class TrainError(ToolkitError):
    """Root of the errors of this package."""


class ConfigError(TrainError, ValueError):
    """An invalid configuration. The message names the keys, the values and what to set."""


class MissingExtra(TrainError, ImportError):
    """An optional package is not installed. The message names the extra: `pip install 'rlvr[train]'`."""


class CheckpointError(TrainError, OSError):
    """A checkpoint cannot be written or read. The previous one is intact."""


class RolloutError(TrainError, RuntimeError):
    """The rollout engine cannot serve a request."""


class RunStopped(TrainError, RuntimeError):
    """Training stopped itself; the message is the diagnosis (ungraded share, nothing informative, non-finite loss)."""
