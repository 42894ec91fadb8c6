"""What computes a forecast: torch as it is, or something faster that proves itself first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from importlib.util import find_spec
from itertools import pairwise
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from cachetools import LRUCache
from torch import Tensor
from torch.nn import functional

from dynst_core.errors import ConfigError
from dynst_core.forecasting.forecaster import Forecaster

MOST_SIZES = 8
"""Numbers of kept sites that fixed shapes are made for: each costs seconds to compile."""
TOLERANCE = 0.002
"""Largest change of RMSE that another runtime may cause, as a share."""
FIXED_BATCH = 32
"""Windows at once where shapes are fixed; a single window has a shape of its own."""

SHAPES_HELD = 2 * MOST_SIZES
"""Shapes that what was compiled or recorded is kept for: each size, of one window and of many."""

T = TypeVar("T")
Compute = Callable[[Tensor, Any, Tensor], Tensor]
"""History, prepared state and clock in, normalised forecast (b, horizon, s, c) out."""


@dataclass(frozen=True)
class Verdict:
    """Whether a runtime may be used at a level.

    Attributes:
        runtime: which one was tried.
        change: largest change of a channel's RMSE on selection windows, as a share; NaN where it
            could not compute the forecast at all.
        reason: what stopped it, when it could not.
    """

    runtime: str
    change: float
    reason: str = ""

    @property
    def accepted(self) -> bool:
        """Whether the change is small enough."""
        return self.change <= TOLERANCE

    def __str__(self) -> str:
        if self.reason:
            return f"{self.runtime}: refused, it cannot compute this forecaster ({self.reason})"
        reported = f"RMSE changes by {100 * self.change:.2g} %"
        limit = f"up to {100 * TOLERANCE:g} % is accepted"
        return f"{self.runtime}: {'used' if self.accepted else 'refused'}, {reported}, {limit}"


def bucket_sizes(counts: Iterable[int], most: int = MOST_SIZES) -> tuple[int, ...]:
    """Numbers of kept sites, at most 8, that every mask is filled up to one of.

    They are some of the numbers that masks usually keep, chosen so that the one of these that is
    filled up most, in proportion, is filled up least. Where these are few, further ones halve the
    widest gaps between them in proportion, for masks that keep other numbers.

    Args:
        counts: numbers of kept sites that are usual, that of all sites among them; each above 0.
        most: how many sizes at most.
    Returns:
        Rising to the largest of the counts.
    """
    usual = sorted(set(counts), reverse=True)
    factors = sorted({more / less for more in usual for less in usual if more >= less})
    sizes = next(found for x in factors if len(found := _fewest_buckets_within(x, usual)) <= most)
    while len(sizes) < most:
        gaps = [(more / less, less, more) for more, less in pairwise(sizes) if more > less + 1]
        if not gaps:
            break
        _, less, more = max(gaps)
        between = round(math.sqrt(less * more))
        sizes = sorted([*sizes, min(max(between, less + 1), more - 1)], reverse=True)
    return tuple(reversed(sizes))


def _fewest_buckets_within(factor: float, falling: Sequence[int]) -> list[int]:
    """The fewest of these numbers so that each is filled up to one by this factor at most."""
    sizes: list[int] = []
    for count in falling:
        if not sizes or sizes[-1] / count > factor:
            sizes.append(count)
    return sizes


def bucket_of(n_kept: int, sizes: tuple[int, ...]) -> int:
    """The smallest of the sizes that holds this many kept sites."""
    return next(size for size in sizes if size >= n_kept)


def eager_runtime(forecaster: Forecaster) -> Compute:
    """Torch as it is: every shape, every backbone, the reference for all others."""
    return forecaster


def bfloat16_runtime(forecaster: Forecaster) -> Compute:
    """Torch with matrix products in bfloat16."""

    def compute(history: Tensor, prepared: Any, clock: Tensor) -> Tensor:
        with torch.autocast(history.device.type, torch.bfloat16):
            return forecaster(history, prepared, clock).float()

    return compute


class PerShape(Generic[T]):
    """What was made for inputs of each shape, as many as all sizes of `attention` need.

    Other backbones have a shape for every mask, so that a service which meets many of them would
    hold ever more; the one that was not used for the longest time is forgotten.
    """

    def __init__(self) -> None:
        self._made: LRUCache[tuple[torch.Size, ...], T] = LRUCache(SHAPES_HELD)

    def get(self, inputs: Sequence[Tensor], make: Callable[[], T]) -> T:
        """What was made for the shapes of these inputs, or is made now."""
        shapes = tuple(x.shape for x in inputs)
        if shapes not in self._made:
            self._made[shapes] = make()
        return self._made[shapes]


class CudaGraph:
    """A forecaster's kernels recorded once for each shape and sent to the GPU in one piece.

    A small forecast on a GPU waits for its hundred kernels to be sent one after another. Masks of
    one shape share a recording; what depends on the mask alone is copied in when the mask changes.

    Args:
        compute: what is recorded, of shapes that stay and without a look at any value.
    """

    def __init__(self, compute: Compute) -> None:
        self._compute = compute
        self._recordings: PerShape[_Recording] = PerShape()

    def __call__(self, history: Tensor, prepared: Any, clock: Tensor) -> Tensor:
        """Normalised forecast (b, horizon, s, c)."""
        inputs = (history, clock, *tensors_in(prepared))
        recording = self._recordings.get(
            inputs, lambda: _Recording(self._compute, history, prepared, clock)
        )
        return recording.replay(inputs)


class _Recording:
    """One CUDA graph and the memory that it reads from and writes to."""

    def __init__(self, compute: Compute, history: Tensor, prepared: Any, clock: Tensor) -> None:
        self._inputs = [x.clone() for x in (history, clock, *tensors_in(prepared))]
        own = with_tensors(prepared, self._inputs[2:])
        self._held: list[Tensor | None] = [None] * len(self._inputs)
        aside = torch.cuda.Stream()
        aside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(aside):  # as torch asks: what is made at a first call is made here
            for _ in range(3):
                compute(self._inputs[0], own, self._inputs[1])
        torch.cuda.current_stream().wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._output = compute(self._inputs[0], own, self._inputs[1])

    def replay(self, inputs: Sequence[Tensor]) -> Tensor:
        """The recorded computation on other numbers; those it holds already are not copied."""
        for i, (place, value) in enumerate(zip(self._inputs, inputs, strict=True)):
            if self._held[i] is not value:
                place.copy_(value)
                # A mask's tensors stay as they are while it is held, a window's do not.
                self._held[i] = value if i > 1 else None
        self._graph.replay()
        return self._output.clone()


class OpenVino:
    """A forecaster compiled by OpenVINO, once for each shape; masks of that shape share it.

    Args:
        forecaster: whose weights are built in.
        precision: "f32" or "bf16". Left to itself, OpenVINO takes the lower one silently.
    """

    def __init__(self, forecaster: Forecaster, precision: str) -> None:
        import openvino

        self._openvino = openvino
        self._forecaster, self._precision = forecaster, precision
        self._requests: PerShape[_Request] = PerShape()

    def __call__(self, history: Tensor, prepared: Any, clock: Tensor) -> Tensor:
        """Normalised forecast (b, horizon, s, c)."""
        inputs = (history, clock, *tensors_in(prepared))
        request = self._requests.get(inputs, lambda: self._compile(inputs, prepared))
        forecast = request.infer(inputs)
        return forecast.permute(1, 2, 0, 3) if self._forecaster.has_sites_first else forecast

    def _compile(self, inputs: tuple[Tensor, ...], prepared: Any) -> _Request:
        # Tracing notes constants, which inference tensors refuse.
        example = tuple(x.clone() for x in inputs)
        model = self._openvino.convert_model(
            _Flat(self._forecaster, prepared).eval(),
            example_input=example,
            input=[tuple(x.shape) for x in example],
        )
        settings = {
            "INFERENCE_PRECISION_HINT": self._precision,
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        }
        compiled = self._openvino.Core().compile_model(model, "CPU", settings)
        return _Request(compiled.create_infer_request(), self._openvino.Tensor)


class _Request:
    """One compiled computation and the inputs that it holds."""

    def __init__(self, request: Any, tensor: Callable[..., Any]) -> None:
        self._request, self._tensor = request, tensor
        self._held: dict[int, Tensor] = {}

    def infer(self, inputs: Sequence[Tensor]) -> Tensor:
        """The computation on other numbers; those it holds already are not given again."""
        for i, value in enumerate(inputs):
            # A mask's tensors stay as they are while it is held, a window's do not.
            if i < 2 or self._held.get(i) is not value:
                array = np.ascontiguousarray(value.numpy())
                self._request.set_input_tensor(i, self._tensor(array, shared_memory=True))
                self._held[i] = value
        self._request.infer()
        return torch.from_numpy(self._request.get_output_tensor(0).data.copy())


class _Flat(torch.nn.Module):
    """A forecaster that takes its prepared state as plain tensors."""

    def __init__(self, forecaster: Forecaster, prepared: Any) -> None:
        super().__init__()
        self.forecaster, self.prepared = forecaster, prepared

    def forward(self, history: Tensor, clock: Tensor, *tensors: Tensor) -> Tensor:
        prepared = with_tensors(self.prepared, list(tensors))
        if self.forecaster.has_sites_first:
            return self.forecaster.sites_first(history, prepared, clock)
        return self.forecaster(history, prepared, clock)


def tensors_in(state: Any) -> list[Tensor]:
    """Tensors of a prepared state in the order of its fields, those of inner states among them."""
    if isinstance(state, Tensor):
        return [state]
    if isinstance(state, tuple):
        return [x for part in state for x in tensors_in(part)]
    if not is_dataclass(state):
        return []
    return [x for field in fields(state) for x in tensors_in(getattr(state, field.name))]


def with_tensors(state: Any, tensors: list[Tensor]) -> Any:
    """The same state with other tensors, taken from the front of the list."""
    if isinstance(state, Tensor):
        return tensors.pop(0)
    if isinstance(state, tuple):
        return tuple(with_tensors(part, tensors) for part in state)
    if not is_dataclass(state) or isinstance(state, type):
        return state
    changes = {f.name: with_tensors(getattr(state, f.name), tensors) for f in fields(state)}
    return replace(state, **changes)


@dataclass(frozen=True)
class Runtime:
    """One way to compute forecasts.

    Attributes:
        make: binds it to a forecaster and its weights.
        fixed_shapes: whether it is compiled for fixed numbers of windows and kept sites.
    """

    make: Callable[[Forecaster], Compute]
    fixed_shapes: bool = False


RUNTIMES = {
    "eager": Runtime(eager_runtime),
    "bf16": Runtime(bfloat16_runtime),
    "cuda-graph": Runtime(
        lambda forecaster: CudaGraph(eager_runtime(forecaster)), fixed_shapes=True
    ),
    "cuda-graph-bf16": Runtime(
        lambda forecaster: CudaGraph(bfloat16_runtime(forecaster)), fixed_shapes=True
    ),
    "openvino": Runtime(lambda forecaster: OpenVino(forecaster, "f32"), fixed_shapes=True),
    "openvino-bf16": Runtime(lambda forecaster: OpenVino(forecaster, "bf16"), fixed_shapes=True),
}


def runtimes_on(device: str) -> list[str]:
    """Names of the runtimes that can be had on a device: of a processor's kind, and installed."""
    elsewhere = "cuda" if device == "cpu" else "openvino"
    return [
        name
        for name in RUNTIMES
        if not name.startswith(elsewhere)
        and (find_spec("openvino") is not None or not name.startswith("openvino"))
    ]


def choose_runtime(wish: str, device: str) -> str:
    """The runtime to try first: eager, unless another is named.

    The others pay only in a process that lives long: OpenVINO after its seconds of compiling, a
    CUDA graph after its second of recording. Half precision by itself pays on some CPUs, and on
    no GPU that was measured, where small forecasts wait for their kernels to be sent.

    Raises:
        ConfigError: the wish is unknown, or is not installed, or does not run on the device.
    """
    has_openvino = find_spec("openvino") is not None
    if wish == "auto":
        return "eager"
    if wish not in RUNTIMES:
        raise ConfigError(
            f"Expected a runtime out of auto, {', '.join(RUNTIMES)}, found {wish!r}; use auto."
        )
    if wish.startswith("cuda") and device != "cuda":
        raise ConfigError(
            f"Expected the device cuda for the runtime {wish!r}, found {device}; use auto."
        )
    if wish.startswith("openvino") and (device != "cpu" or not has_openvino):
        raise ConfigError(
            f"Expected OpenVINO installed and the device cpu for the runtime {wish!r}, found "
            f"{'it installed' if has_openvino else 'it missing'} and {device}; "
            f"install dynst-planner[openvino], or use auto."
        )
    return wish


def fill_batch(history: Tensor, clock: Tensor) -> tuple[Tensor, Tensor]:
    """Windows filled up with zeros to a batch of fixed size: one, or 32."""
    more = 0 if len(history) == 1 else -len(history) % FIXED_BATCH
    return (
        functional.pad(history, (0, 0, 0, 0, 0, 0, 0, more)),
        functional.pad(clock, (0, 0, 0, more)),
    )
