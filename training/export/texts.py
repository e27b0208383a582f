"""One pair, taken apart into two texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from .nodes import Graph


@dataclass(frozen=True)
class Text:
    """One of the two texts, as names of a graph's values."""

    ids: str
    """int32 [tokens], from [CLS] to [SEP]."""
    inside: str
    """1 for tokens between [CLS] and [SEP], 0 for those two, float32 [tokens]."""
    length: str
    """How many are inside, float32 [1]."""


@dataclass(frozen=True)
class Texts:
    query: Text
    passage: Text
    ids: str
    """Of both, the query first."""
    places: str
    """The position of every token in its own text, int64."""
    sizes: str
    """Tokens of each text, int64 [2]."""


def read_texts(graph: Graph, max_positions: int) -> Texts:
    """Query and passage of the inputs `token_ids` and `position_type_ids`. The query lends the passage its [CLS]."""
    limit = graph.constant(np.array(max_positions, np.int32))
    first = graph.add('Cast', graph.add('Less', 'position_type_ids', limit), to=TensorProto.INT64)
    query_size = graph.add('ReduceSum', first, keepdims=1)
    rest = graph.add('Sub', graph.add('Shape', 'token_ids'), query_size)
    given = graph.add('Concat', query_size, rest, axis=0)
    query_ids, rest_ids = graph.add('Split', 'token_ids', given, outputs=2, axis=0)
    cls = graph.add('Slice', 'token_ids', graph.shape(0), graph.shape(1))
    passage_ids = graph.add('Concat', cls, rest_ids, axis=0)
    sizes = query_size, graph.add('Add', rest, graph.shape(1))
    counted = graph.constant(np.arange(max_positions, dtype=np.int64))
    places = [graph.add('Slice', counted, graph.shape(0), size) for size in sizes]
    query, passage = (_text(graph, *each) for each in zip((query_ids, passage_ids), places, sizes))
    joined = [graph.add('Concat', *each, axis=0) for each in ((query_ids, passage_ids), places, sizes)]
    return Texts(query, passage, *joined)


def _text(graph: Graph, ids: str, places: str, size: str) -> Text:
    begun = graph.add('Greater', places, graph.shape(0))
    inside = graph.add('And', begun, graph.add('Less', places, graph.add('Sub', size, graph.shape(1))))
    inside = graph.add('Cast', inside, to=TensorProto.FLOAT)
    return Text(ids, inside, graph.add('ReduceSum', inside, keepdims=1))
