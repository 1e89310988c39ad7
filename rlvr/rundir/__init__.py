"""The run directory: what a run leaves behind, and what it resumes from."""

from rlvr.rundir.checkpoints import Checkpoints
from rlvr.rundir.metrics import MetricsFile, read_metrics
from rlvr.rundir.samples import SamplesFolder

__all__ = ["Checkpoints", "MetricsFile", "SamplesFolder", "read_metrics"]
