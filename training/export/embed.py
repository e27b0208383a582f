"""Rows of the word table."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto

from .nodes import Graph
from .quantise import quantise_rows
from .recipe import Recipe


def word_rows(graph: Graph, table: np.ndarray, ids: str, recipe: Recipe) -> str:
    """The rows of `ids` in float32, from a table in float32 or in bytes, as the recipe says."""
    if not recipe.int8_words:
        return graph.add('Gather', graph.constant(table), ids)
    rows, scale = quantise_rows(table)
    bytes_ = graph.add('Gather', graph.constant(rows), ids)
    return graph.add('Mul', graph.add('Cast', bytes_, to=TensorProto.FLOAT),
                     graph.add('Gather', graph.constant(scale), ids))
