"""CUDA graphs of decode steps: a step's kernels are recorded once for each shape and then launched together.

A step of a small model is hundreds of kernels of a few microseconds, and launching them one by one from Python takes
ten times as long as they do. What is recorded are addresses and shapes, so a step can be replayed as long as all that
it reads and writes stays where it was; `Decoder` sees to that. The first step of a shape runs plainly, which also sets
up what the libraries need, and is recorded after it.

Where a model's step cannot be recorded (it looks at a value on the host: routers with data-dependent sizes, rotations
that grow with the longest row), all of its steps run plainly, and a warning says why.

Example:
    graphs = Graphs(device)
    graphs.run((rows, columns), compute)      # compute: reads and writes the same tensors each time
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Any

import torch

MOST = 256  # graphs kept; one takes a megabyte or so


class Graphs:
    """The recorded steps of one model and one set of buffers.

    recording: whether steps are recorded; False once one could not be.
    """

    def __init__(self, device: torch.device) -> None:
        self.recording = device.type == "cuda"
        self._device = device
        self._graphs: dict[Hashable, torch.cuda.CUDAGraph] = {}
        self._stream: torch.cuda.Stream | None = None
        # One memory pool for all graphs: they are replayed one at a time, and a step's results lie outside of the pool.
        self._pool: Any = None

    def holds(self, key: Hashable) -> bool:
        """Whether the step of this shape is recorded."""
        return key in self._graphs

    def replay(self, key: Hashable) -> None:
        """Launch a recorded step."""
        self._graphs[key].replay()

    def run(self, key: Hashable, compute: Callable[[], None]) -> None:
        """Take a step: replayed where it is recorded, else computed, and recorded for the next time."""
        if key in self._graphs:
            self._graphs[key].replay()
            return
        compute()
        if self.recording:
            self._record(key, compute)

    def clear(self) -> None:
        """Forget what is recorded: something that it reads or writes has moved."""
        self._graphs.clear()
        self._pool = None  # torch frees a pool with its last graph, so a new one is made

    def give_up(self, why: str) -> None:
        """Never replay again."""
        self.recording = False
        self.clear()
        warnings.warn(
            f"decode steps of this model are launched kernel by kernel, right but slower: as a CUDA graph, {why}",
            RuntimeWarning,
            stacklevel=2,
        )

    def _record(self, key: Hashable, compute: Callable[[], None]) -> None:
        if len(self._graphs) >= MOST:
            self.clear()
        try:
            self._graphs[key] = self._recorded(compute)
        except Exception as error:  # whatever a model's code raises when it asks for a value that is not there yet
            self.give_up(f"one cannot be recorded ({type(error).__name__}: {error!s:.300})")

    def _recorded(self, compute: Callable[[], None]) -> torch.cuda.CUDAGraph:
        """The kernels of a step, none of which runs. Raises what recording it raises."""
        if self._stream is None:
            self._stream = torch.cuda.Stream(self._device)  # type: ignore[no-untyped-call]
        if self._pool is None:
            self._pool = torch.cuda.graph_pool_handle()
        current = torch.cuda.current_stream(self._device)
        generator = torch.cuda.default_generators[current.device_index]
        random = generator.clone_state()
        graph = torch.cuda.CUDAGraph()
        self._stream.wait_stream(current)
        try:
            with torch.cuda.stream(self._stream):
                # Other threads may use the device meanwhile
                graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
                try:
                    compute()
                except BaseException:  # an interrupt, too: a recording that is left open breaks the stream
                    with suppress(RuntimeError):  # it raises the same error again
                        graph.capture_end()
                    raise
                graph.capture_end()
        except BaseException:  # whatever ended it, the generator must not stay bound to a graph
            generator.graphsafe_set_state(random)  # else the generator stays in recording mode for ever
            raise
        finally:
            current.wait_stream(self._stream)
        return graph
