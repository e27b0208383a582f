"""What is kept of a text: the states of its tokens, rounded to four bits a number, a row of bytes a token."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from .nodes import MICROSOFT, Graph

#: Steps of four bits, and how wide they are for numbers that are spread normally: the least squared error (Max 1960).
LEVELS, STEP = 16, 0.3352
#: The length of a row of the last layer in one byte: from e^-4 to e^5.1, to 2 %.
LENGTH_STEPS, LENGTH_FROM = 28.0, -4.0


@dataclass(frozen=True)
class Rounding:
    """Means and spreads are those of `export/calibrate.py`; numbers far off them are cut to the outermost step."""

    early_mean: np.ndarray
    early_spread: np.ndarray
    """By channel, of the rows that are read together."""
    axes: np.ndarray
    """[channels, kept]: the directions in which the unit rows of the last layer are kept."""
    late_mean: np.ndarray
    late_spread: np.ndarray
    """By direction."""

    @property
    def width(self) -> int:
        """Bytes of a token."""
        return _bytes(len(self.early_mean)) + _bytes(len(self.late_mean)) + 1

    def pack(self, graph: Graph, early: str, late: str) -> str:
        """uint8 [tokens, width]."""
        length = graph.add('ReduceL2', late, axes=[1], keepdims=1)
        length = graph.add('Max', length, _float(graph, 1e-6))
        unit = graph.add('Div', late, length)
        turned = graph.gemm(unit, self.axes, np.zeros(len(self.late_mean), np.float32))
        steps = graph.add('Mul', graph.add('Sub', graph.add('Log', length), _float(graph, LENGTH_FROM)), _float(graph, LENGTH_STEPS))
        code = graph.add('Clip', graph.add('Round', steps), _float(graph, 0), _float(graph, 255))
        parts = [_nibbles(graph, early, self.early_mean, self.early_spread), _nibbles(graph, turned, self.late_mean, self.late_spread)]
        return graph.add('Cast', graph.add('Concat', *parts, code, axis=1), to=TensorProto.UINT8)

    def unpack(self, graph: Graph, states: str) -> tuple[str, str]:
        """The rows that are read together, and those of the last layer in the kept directions."""
        sizes = graph.shape(_bytes(len(self.early_mean)), _bytes(len(self.late_mean)), 1)
        rows = graph.add('Cast', states, to=TensorProto.FLOAT)
        early, late, code = graph.add('Split', rows, sizes, outputs=3, axis=1)
        early = _numbers(graph, early, self.early_mean, self.early_spread)
        late = _numbers(graph, late, self.late_mean, self.late_spread)
        steps = graph.add('Add', graph.add('Div', code, _float(graph, LENGTH_STEPS)), _float(graph, LENGTH_FROM))
        unit = graph.add('Div', late, graph.add('ReduceL2', late, axes=[1], keepdims=1))
        return early, graph.add('Mul', unit, graph.add('Exp', steps))


def measured(early: np.ndarray, late: np.ndarray, kept: int) -> Rounding:
    """From rows of many texts, [tokens, channels] each."""
    early, late = early.astype(np.float64), late.astype(np.float64)
    unit = late / np.maximum(np.linalg.norm(late, axis=1, keepdims=True), 1e-6)
    _, axes = np.linalg.eigh(np.cov(unit.T))
    axes = axes[:, ::-1][:, :kept]
    turned = unit @ axes
    parts = early.mean(0), _spread(early), axes, turned.mean(0), _spread(turned)
    return Rounding(*(part.astype(np.float32) for part in parts))


def _spread(rows: np.ndarray) -> np.ndarray:
    return np.maximum(rows.std(0), 1e-6)


def _bytes(numbers: int) -> int:
    return (numbers + 1) // 2


def _nibbles(graph: Graph, x: str, mean: np.ndarray, spread: np.ndarray) -> str:
    """The first half of the numbers in the upper four bits, the second in the lower; float32 [tokens, bytes]."""
    step = spread.astype(np.float64) * STEP
    factor, offset = (1 / step).astype(np.float32), (LEVELS / 2 - mean / step).astype(np.float32)
    codes = graph.add('Floor', graph.add('Add', graph.add('Mul', x, graph.constant(factor)), graph.constant(offset)))
    codes = graph.add('Clip', codes, _float(graph, 0), _float(graph, LEVELS - 1))
    half, rest = _bytes(len(mean)), len(mean) // 2
    if half != rest:
        codes = graph.add('Pad', codes, graph.shape(0, 0, 0, 1))
    upper, lower = graph.add('Split', codes, graph.shape(half, half), outputs=2, axis=1)
    return graph.add('Add', graph.add('Mul', upper, _float(graph, LEVELS)), lower)


def _numbers(graph: Graph, packed: str, mean: np.ndarray, spread: np.ndarray) -> str:
    """The middle of each step, float32 [tokens, numbers]."""
    step = spread.astype(np.float64) * STEP
    upper = graph.add('Floor', graph.add('Mul', packed, _float(graph, 1 / LEVELS)))
    lower = graph.add('Sub', packed, graph.add('Mul', upper, _float(graph, LEVELS)))
    codes = graph.add('Concat', upper, lower, axis=1)
    if len(mean) % 2:
        codes = graph.add('Slice', codes, graph.shape(0), graph.shape(len(mean)), graph.shape(1))
    offset = (mean - step * (LEVELS / 2 - 0.5)).astype(np.float32)
    scaled = graph.add('Mul', codes, graph.constant(step.astype(np.float32)))
    return graph.add('Add', scaled, graph.constant(offset))


def _float(graph: Graph, number: float) -> str:
    return graph.constant(np.array(number, np.float32))
