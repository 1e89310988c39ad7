"""CUDA graphs of decode steps: the kernels of a step are recorded once per shape and then launched together.

A step of a small model is hundreds of kernels of a few microseconds, and launching them one by one from Python takes
ten times as long as they do. A graph records addresses and shapes, so a step can be replayed as long as all tensors
that it reads and writes stay in place; `Decoder` ensures that. The first step of a shape runs normally, which also
initialises the libraries, and is then recorded.

If a step cannot be recorded (it reads a value on the host: routers with data-dependent sizes, rotations that grow with
the longest row), all steps run normally, and a warning says why.

Example:
    graphs = Graphs(device)
    graphs.run((rows, columns), compute)      # compute: reads and writes the same tensors each time
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
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
        # One memory pool for all graphs: they are replayed one at a time, and results are outside the pool.
        self._pool: Any = None

    def holds(self, key: Hashable) -> bool:
        """Whether the step of this shape has been recorded."""
        return key in self._graphs

    def replay(self, key: Hashable) -> None:
        """Launch a recorded step."""
        self._graphs[key].replay()

    def run(self, key: Hashable, compute: Callable[[], None]) -> None:
        """Run a step: replay it if recorded; otherwise compute it and record it for the next time."""
        if key in self._graphs:
            self._graphs[key].replay()
            return
        compute()
        if self.recording:
            self._record(key, compute)

    def clear(self) -> None:
        """Discard all graphs: a tensor that they use has moved."""
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
        except Exception as error:  # a model may raise anything when it reads a value during capture
            self.give_up(f"one cannot be recorded ({type(error).__name__}: {error!s:.300})")

    def _recorded(self, compute: Callable[[], None]) -> torch.cuda.CUDAGraph:
        """Record the kernels of a step without running them. Raises what recording raises."""
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
            with torch.cuda.stream(self._stream), _own_workspace():
                # Other threads may use the device meanwhile
                graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
                try:
                    compute()
                except BaseException:  # interrupts too: an open recording breaks the stream
                    with suppress(RuntimeError):  # it raises the same error again
                        graph.capture_end()
                    raise
                graph.capture_end()
        except BaseException:  # in any case, unbind the generator from the graph
            generator.graphsafe_set_state(random)  # else the generator stays in recording mode for ever
            raise
        finally:
            current.wait_stream(self._stream)
        return graph


@contextmanager
def _own_workspace() -> Iterator[None]:
    """Within, cuBLAS takes a new workspace, from the pool that is recorded into, and nobody else gets it afterwards.

    torch keeps one for each stream. A recorded product writes to the one that it found, which could lie in the pool of
    graphs that are gone: when torch frees it (compiled models with graphs of their own ask for that), the address is
    nobody's, and replaying the product is an illegal access.
    """
    torch._C._cuda_clearCublasWorkspaces()
    try:
        yield
    finally:
        torch._C._cuda_clearCublasWorkspaces()
