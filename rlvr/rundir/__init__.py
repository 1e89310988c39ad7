"""The run directory: the output of a run, and the state it resumes from."""

from rlvr.rundir.checkpoints import Checkpoints
from rlvr.rundir.metrics import MetricsFile, read_metrics
from rlvr.rundir.samples import SamplesFolder

__all__ = ["Checkpoints", "MetricsFile", "SamplesFolder", "read_metrics"]
