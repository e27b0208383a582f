"""What is kept of a passage: the states of its tokens, rounded to four bits a number, a row of bytes a token.

A row has a scale of its own, for the rows that are read together and for those of the last layer; the former are evened out by
channel first, the latter turned in random directions, so that no number stands out. The first and the last token, [CLS] and
[SEP], are far off all others and matter most: two rows more hold what rounding took from them, rounded in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
from onnx import TensorProto

from .nodes import Graph

#: Four bits are -8 to 7 and stand for the middles of steps, -7.5 to 7.5.
LEVELS = 16
#: A row's scale in one byte: e^(code / 24 - 8), from 0.0003 to 13, never too small and at most 4.3 % too large.
SCALE_STEPS, SCALE_FROM, SCALE_CODES = 24.0, -8.0, 256
#: Most channels that are turned together.
BLOCK = 128
#: Rows more than tokens.
EXTRA_ROWS = 2


@dataclass(frozen=True)
class Rounding:
    """Mean and spread are those of `export/calibrate.py`."""

    mean: np.ndarray
    spread: np.ndarray
    """By channel, of the rows that are read together."""
    axes: np.ndarray
    """[block, block], orthogonal: what turns rows of the last layer, a block of channels at a time."""

    @property
    def width(self) -> int:
        """Bytes of a row."""
        return self.channels + 2

    @property
    def channels(self) -> int:
        return len(self.mean)

    @property
    def turning(self) -> np.ndarray:
        """What turns whole rows, [channels, channels]."""
        return np.kron(np.eye(self.channels // len(self.axes), dtype=np.float32), self.axes)

    def turn(self, graph: Graph, late: str) -> str:
        """Rows of the last layer in the directions in which they are kept: cosines stay what they are."""
        blocks = graph.add('Reshape', late, graph.shape(-1, len(self.axes)))
        return graph.add('Reshape', graph.add('MatMul', blocks, graph.matrix(self.axes)), graph.shape(-1, self.channels))

    def pack(self, graph: Graph, early: str, turned: str, size: str) -> str:
        """uint8 [tokens + 2, width], from the rows of one text; `turned` are those of the last layer along the axes."""
        even = graph.add('Mul', graph.add('Sub', early, graph.constant(self.mean)), graph.constant(1 / self.spread))
        rows = [self._with_rest(graph, part, size) for part in (even, turned)]
        codes = graph.add('Concat', *(part for pair in rows for part in pair), axis=1)
        return graph.add('Cast', codes, to=TensorProto.UINT8)

    def unpack(self, graph: Graph, states: str) -> tuple[str, str]:
        """The rows that are read together and those of the last layer along the axes, float32 [tokens, channels]."""
        half = self.channels // 2
        columns = graph.add('Cast', states, to=TensorProto.FLOAT)
        early, scale, late, late_scale = graph.add('Split', columns, graph.shape(half, 1, half, 1), outputs=4, axis=1)
        size = graph.add('Sub', graph.add('Shape', states, end=1), graph.shape(EXTRA_ROWS))
        ends = _ends(graph, size)
        even, late = (self._whole(graph, _numbers(graph, *part), size, ends) for part in ((early, scale), (late, late_scale)))
        return graph.add('Add', graph.add('Mul', even, graph.constant(self.spread)), graph.constant(self.mean)), late

    def _with_rest(self, graph: Graph, x: str, size: str) -> tuple[str, str]:
        """Bytes and scales of the rows, and of what is left of the first and the last."""
        packed, scales = _rounded(graph, x)
        off = graph.add('Sub', x, _numbers(graph, packed, scales))
        last = graph.add('Sub', size, graph.shape(1))
        ends = graph.add('Gather', off, graph.add('Concat', graph.shape(0), last, axis=0))
        rest, rest_scales = _rounded(graph, ends)
        return graph.add('Concat', packed, rest, axis=0), graph.add('Concat', scales, rest_scales, axis=0)

    def _whole(self, graph: Graph, rows: str, size: str, ends: str) -> str:
        parts = graph.add('Concat', size, graph.shape(EXTRA_ROWS), axis=0)
        tokens, rest = graph.add('Split', rows, parts, outputs=2, axis=0)
        return graph.add('Gemm', ends, rest, tokens)


def _ends(graph: Graph, size: str) -> str:
    """1 where a row of tokens is the one that a row more belongs to, float32 [tokens, 2]."""
    # Of a text of one token, the second row says what the first does.
    last = graph.add('Max', graph.add('Sub', size, graph.shape(1)), graph.shape(1))
    ends = graph.add('Concat', graph.shape(0), last, axis=0)
    places = graph.add('Range', _scalar(graph, 0), graph.add('Squeeze', size), _scalar(graph, 1))
    which = graph.add('Equal', graph.add('Unsqueeze', places, graph.shape(1)), ends)
    return graph.add('Cast', which, to=TensorProto.FLOAT)


def measured(early: np.ndarray) -> Rounding:
    """From the rows of many texts that are read together, [tokens, channels]."""
    block = gcd(early.shape[1], BLOCK)
    axes, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((block, block)))
    axes = axes.astype(np.float16)  # half the room in the file
    spread = np.maximum(early.astype(np.float64).std(0), 1e-6)
    return Rounding(*(part.astype(np.float32) for part in (early.astype(np.float64).mean(0), spread, axes)))


def _rounded(graph: Graph, x: str) -> tuple[str, str]:
    """Two numbers a byte, the first half of the channels in the upper four bits, and the code of each row's scale; float32."""
    most = graph.add('ReduceMax', graph.add('Abs', x), axes=[1], keepdims=1)
    most = graph.add('Max', graph.add('Div', most, _float(graph, LEVELS / 2 - 0.5)), _float(graph, 1e-9))
    codes = graph.add('Mul', graph.add('Sub', graph.add('Log', most), _float(graph, SCALE_FROM)), _float(graph, SCALE_STEPS))
    scales = graph.add('Clip', graph.add('Ceil', codes), _float(graph, 0), _float(graph, SCALE_CODES - 1))
    steps = graph.add('Floor', graph.add('Div', x, _scale(graph, scales)))
    steps = graph.add('Add', steps, _float(graph, LEVELS / 2))
    steps = graph.add('Clip', steps, _float(graph, 0), _float(graph, LEVELS - 1))
    upper, lower = graph.add('Split', steps, outputs=2, axis=1)
    return graph.add('Add', graph.add('Mul', upper, _float(graph, LEVELS)), lower), scales


def _numbers(graph: Graph, packed: str, scales: str) -> str:
    """The middle of each step, float32 [rows, channels]."""
    upper = graph.add('Floor', graph.add('Mul', packed, _float(graph, 1 / LEVELS)))
    lower = graph.add('Sub', packed, graph.add('Mul', upper, _float(graph, LEVELS)))
    steps = graph.add('Sub', graph.add('Concat', upper, lower, axis=1), _float(graph, LEVELS / 2 - 0.5))
    return graph.add('Mul', steps, _scale(graph, scales))


def _scale(graph: Graph, codes: str) -> str:
    exponents = graph.add('Add', graph.add('Mul', codes, _float(graph, 1 / SCALE_STEPS)), _float(graph, SCALE_FROM))
    return graph.add('Exp', exponents)


def _float(graph: Graph, number: float) -> str:
    return graph.constant(np.array(number, np.float32))


def _scalar(graph: Graph, number: int) -> str:
    return graph.constant(np.array(number, np.int64))
