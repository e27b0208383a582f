"""The graph of a split reranker that hands out what it made of a text, and takes it back.

What the layers that read apart make of a text depends on that text alone. So one file does three things, by what it is given:

- `token_ids` of one text, and nothing else: `states` are what those layers made of it, rounded to bytes, a row a token.
- `token_ids` and `position_type_ids` of a pair: the logit. Both texts are read and rounded one after the other.
- the same and `known_states` of both texts, the query's rows first: the logit, to the same bit, without reading either.

A text is always read by itself and always rounded before it is joined with another: that is why the bits are the same.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto

from split.shape import SplitShape

from .layer import Encoder
from .linear import word_rows, word_table
from .match_graph import Matching
from .nodes import Graph, value
from .recipe import Recipe
from .rounding import Rounding
from .texts import Texts, read_texts
from .weights import Weights

#: Outputs of a graph that calibration reads: the rows that are kept of a text.
EARLY, LATE = 'states.early', 'states.late'
WORDS = 'bert.embeddings.word_embeddings.weight'


def build_states(shape: SplitShape, weights: Weights, recipe: Recipe, metadata: dict[str, str]) -> onnx.ModelProto:
    """The model with inputs token_ids and position_type_ids (int32), known_states (uint8 [tokens, width]) and outputs logits
    (float32 [1, 1]) and states (uint8 [tokens, width]); inputs that are not given have no rows."""
    graph = Graph(halve=True)
    rounding = recipe.rounding
    texts = read_texts(graph, shape.max_positions)
    words = word_table(graph, weights[WORDS], recipe)
    is_pair = _has_rows(graph, 'position_type_ids')
    is_known = _has_rows(graph, 'known_states')
    count = graph.add('Where', is_pair, _number(graph, 2), _number(graph, 1))
    count = graph.add('Where', is_known, _number(graph, 0), count)
    # The passage's [CLS] is lent by the query; a text that comes alone has its own, and the one in front of it is left out.
    query, passage = graph.add('Split', texts.sizes, outputs=2, axis=0)
    total = graph.add('Add', query, passage)
    bounds = graph.add('Where', is_pair, graph.add('Concat', graph.shape(0), query, total, axis=0),
                       graph.add('Concat', graph.shape(1), total, total, axis=0))
    reading = _reading(graph.inner('read.'), (shape, weights, recipe), (texts.ids, bounds, words), rounding)
    graph.add('Loop', count, '', 'known_states', output='states', body=reading)
    joined = _joined(graph.inner('join.'), (shape, weights, recipe), texts, words, rounding)
    graph.add('If', is_pair, output='logits', then_branch=joined, else_branch=_nothing(graph.inner('none.')))
    rows = [value(name, TensorProto.UINT8, [n, rounding.width]) for name, n in (('known_states', 'K'), ('states', 'S'))]
    return graph.model('secondpass-split', {}, metadata, (rows[0], rows[1]))


Parts = tuple[SplitShape, Weights, Recipe]


def _reading(graph: Graph, parts: Parts, outer: tuple[str, str, tuple[str, ...]], rounding: Rounding) -> onnx.GraphProto:
    """Reads the text of that number and puts its states behind those that are there."""
    shape, weights, recipe = parts
    ids, bounds, words = outer
    encoder = Encoder(graph, shape, weights, recipe)
    number, going, before = (graph.prefix + name for name in ('number', 'going', 'before'))
    place = graph.add('Reshape', number, graph.shape(1))
    start = graph.add('Gather', bounds, place)
    end = graph.add('Gather', bounds, graph.add('Add', place, graph.shape(1)))
    text = graph.add('Slice', ids, start, end)
    early, late = read_apart(encoder, word_rows(graph, words, text), graph.add('Shape', text))
    after = graph.add('Concat', before, rounding.pack(graph, early, late), axis=0)
    goes_on = graph.add('Identity', going)
    inputs = [value(number, TensorProto.INT64, []), value(going, TensorProto.BOOL, []),
              value(before, TensorProto.UINT8, ['n', rounding.width])]
    return graph.body(inputs, [value(goes_on, TensorProto.BOOL, []), value(after, TensorProto.UINT8, ['m', rounding.width])])


def read_apart(encoder: Encoder, words: str, size: str) -> tuple[str, str]:
    """The rows of one text after layer `joint_from` and after the last."""
    shape, weights, graph = encoder.shape, encoder.weights, encoder.graph
    prefix = 'bert.embeddings.'
    table = weights[prefix + 'position_embeddings.weight'] + weights[prefix + 'token_type_embeddings.weight'][0]
    places = graph.add('Slice', graph.constant(table), graph.shape(0), size)
    early = x = encoder.norm(graph.add('Add', words, places), prefix + 'LayerNorm')
    for number in range(1, shape.layers + 1):
        x = encoder.full_layer(x, f'bert.encoder.layer.{number - 1}.')
        early = x if number == shape.joint_from else early
    return early, x


def _joined(graph: Graph, parts: Parts, texts: Texts, words: tuple[str, ...], rounding: Rounding) -> onnx.GraphProto:
    """The logit of a pair from the states of both."""
    shape, weights, recipe = parts
    encoder = Encoder(graph, shape, weights, recipe)
    early, late = rounding.unpack(graph, 'states')
    matching = Matching(graph, weights, texts, shape.match_stretches, rounding.axes)
    matched = matching.add(word_rows(graph, words, texts.ids), late)
    if shape.joint_layers:
        weight, _ = weights.linear('classifier')
        logits = graph.add('Gemm', read_together(encoder, texts, early), graph.constant(weight), matched)
    else:
        logits = graph.add('Identity', matched)
    return graph.body([], [value(logits, TensorProto.FLOAT, [1, 1])])


def read_together(encoder: Encoder, texts: Texts, early: str) -> str:
    """The query's [CLS] after the layers that read both texts, [1, width]."""
    graph, segments = encoder.graph, encoder.weights['segment']
    parts = graph.add('Split', early, texts.sizes, outputs=2, axis=0)
    marked = [graph.add('Add', part, graph.constant(segment)) for part, segment in zip(parts, segments)]
    x = graph.add('Concat', *marked, axis=0)
    last = encoder.shape.joint_layers - 1
    for layer in range(last):
        x = encoder.full_layer(x, f'joint.{layer}.')
    return encoder.cls_layer(x, f'joint.{last}.')


def _nothing(graph: Graph) -> onnx.GraphProto:
    logits = graph.add('Identity', graph.constant(np.zeros((1, 1), np.float32)))
    return graph.body([], [value(logits, TensorProto.FLOAT, [1, 1])])


def _has_rows(graph: Graph, name: str) -> str:
    """Whether an input was given, bool []."""
    rows = graph.add('Gather', graph.add('Shape', name), _number(graph, 0))
    return graph.add('Greater', rows, _number(graph, 0))


def _number(graph: Graph, number: int) -> str:
    return graph.constant(np.array(number, np.int64))
