"""What reads a matrix in a graph. A linear layer is float32, or int8 with its widest input channels apart in float32; a word
table is float32 or bytes."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from .nodes import MICROSOFT, Graph, Sizes
from .recipe import Recipe, quantise_columns, quantise_rows

Parameters = tuple[np.ndarray, np.ndarray]


class Linear:
    """Adds x @ weight + bias to a graph, as the recipe says. With `tap`, the range of its input is an output of the model."""

    def __init__(self, graph: Graph, recipe: Recipe, tap: bool = False):
        self.graph, self.recipe, self.tap = graph, recipe, tap
        self.taps: dict[str, Sizes] = {}

    def add(self, x: str, parameters: Parameters, name: str, outliers: int = 0) -> str:
        """One layer under the name that calibration knows it by, with that many outlier channels."""
        weight, bias = parameters
        self._tap(x, name, len(weight))
        if not self.recipe.int8:
            return self.graph.gemm(x, weight, bias)
        wide = self.recipe.outliers(name, outliers)
        if not len(wide):
            return self.quantised(x, parameters)
        narrow, keep = weight.copy(), np.ones(len(weight), np.float32)
        narrow[wide], keep[wide] = 0, 0
        masked = self.graph.add('Mul', x, self.graph.constant(keep))
        picked = self.graph.add('Gather', x, self.graph.constant(wide.astype(np.int32)), axis=1)
        return self.graph.gemm(picked, weight[wide], self.quantised(masked, (narrow, bias)))

    def quantised(self, x: str, parameters: Parameters) -> str:
        """Activations to uint8 with one scale for the whole pair, found at run time; weights int8 per output."""
        weight, bias = parameters
        constants = [self.graph.constant(array) for array in quantise_columns(weight, self.recipe.limit)]
        return self.graph.add('DynamicQuantizeMatMul', x, *constants, '', self.graph.constant(bias), domain=MICROSOFT)

    def _tap(self, x: str, name: str, size: int) -> None:
        if self.tap:
            self.taps[name] = [size]
            self.graph.add('ReduceMax', self.graph.add('Abs', x), output=name, axes=[0], keepdims=0)


def word_table(graph: Graph, table: np.ndarray, recipe: Recipe) -> tuple[str, ...]:
    """The table in float32, or as bytes with the scale of each row, as the recipe says; for `word_rows`."""
    return tuple(graph.constant(part) for part in (quantise_rows(table) if recipe.int8_words else (table,)))


def word_rows(graph: Graph, table: tuple[str, ...], ids: str) -> str:
    """The rows of `ids` in float32."""
    rows, *scale = [graph.add('Gather', part, ids) for part in table]
    return graph.add('Mul', graph.add('Cast', rows, to=TensorProto.FLOAT), *scale) if scale else rows


def word_directions(graph: Graph, table: tuple[str, ...], ids: str) -> str:
    """The rows of `ids`, each up to a factor of its own, which no cosine notices."""
    rows = graph.add('Gather', table[0], ids)
    return graph.add('Cast', rows, to=TensorProto.FLOAT) if len(table) > 1 else rows
