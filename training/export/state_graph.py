"""The graph of a split reranker that hands out what it made of a text, and takes it back.

What the layers that read apart make of a text depends on that text alone. So one file does three things, by what it is given:

- `token_ids` of one text and nothing else: `query_states` or `passage_states`, what those layers made of it. A query is at hand
  while its passages are scored, and its states are floats; a passage's are to be kept, and are rounded to a few bits.
- `token_ids` and `position_type_ids` of a pair: the logit. Both texts are read, one after the other.
- the same with `known_query` and `known_passage`: the logit, to the same bit, without reading either.

A text is always read by itself, and a passage always rounded before it is joined with a query: hence the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import onnx
from onnx import TensorProto

from split.shape import SplitShape

from .layer import Encoder
from .linear import word_directions, word_rows, word_table
from .match_graph import Matching
from .nodes import Graph, value
from .recipe import Recipe
from .rounding import EXTRA_ROWS, Rounding
from .texts import Texts, read_texts
from .weights import Weights

#: The output of a graph for calibration: the rows that are read together.
EARLY = 'states.early'
WORDS = 'bert.embeddings.word_embeddings.weight'


@dataclass(frozen=True)
class _Parts:
    """What every part of the graph is made from."""

    shape: SplitShape
    weights: Weights
    recipe: Recipe
    rounding: Rounding

    def encoder(self, graph: Graph) -> Encoder:
        return Encoder(graph, self.shape, self.weights, self.recipe)


def build_states(shape: SplitShape, weights: Weights, recipe: Recipe, metadata: dict[str, str]) -> onnx.ModelProto:
    """The model with inputs token_ids [L] and position_type_ids [L or 0] (int32), known_query (float32 [query tokens or 0, 2 *
    width]) and known_passage (uint8 [passage tokens + 2 or 0, bytes]), and outputs logits (float32 [1, 1]), query_states and
    passage_states, which are what the other two inputs take."""
    graph = Graph(halve=True)
    parts = _Parts(shape, weights, recipe, recipe.rounding)
    texts = read_texts(graph, shape.max_positions)
    words = word_table(graph, weights[WORDS], recipe)
    is_pair, is_known = (_has_rows(graph, name) for name in ('position_type_ids', 'known_passage'))
    count = graph.add('Where', is_pair, _number(graph, 2), _number(graph, 1))
    count = graph.add('Where', is_known, _number(graph, 0), count)
    # The passage's [CLS] is lent by the query; a text that comes alone has its own, and the one in front of it is left out.
    query, passage = graph.add('Split', texts.sizes, outputs=2, axis=0)
    total = graph.add('Add', query, passage)
    bounds = graph.add('Where', is_pair, graph.add('Concat', graph.shape(0), query, total, axis=0),
                       graph.add('Concat', graph.shape(1), total, total, axis=0))
    kinds = [(TensorProto.FLOAT, 2 * shape.hidden_size), (TensorProto.UINT8, parts.rounding.width)]
    reading = _reading(graph.inner('read.'), parts, (texts.ids, bounds, words), kinds)
    names = ['query_states', 'passage_states']
    graph.add('Loop', count, '', 'known_query', 'known_passage', output=names, body=reading)
    joined = _joined(graph.inner('join.'), parts, (texts, query, passage), words)
    graph.add('If', is_pair, output='logits', then_branch=joined, else_branch=_nothing(graph.inner('none.')))
    known, states = ([value(name, kind, [rows, width]) for (name, rows), (kind, width) in zip(group, kinds)]
                     for group in ((('known_query', 'KQ'), ('known_passage', 'KP')), zip(names, ('SQ', 'SP'))))
    return graph.model('secondpass-split', {}, metadata, known, states)


def _reading(
    graph: Graph, parts: _Parts, outer: tuple[str, str, tuple[str, ...]], kinds: list[tuple[int, int]]
) -> onnx.GraphProto:
    """Reads the text of that number and puts its states behind those that are there, as a query's and as a passage's."""
    ids, bounds, words = outer
    number, going, *before = (graph.prefix + name for name in ('number', 'going', 'query', 'passage'))
    place = graph.add('Reshape', number, graph.shape(1))
    start, end = (graph.add('Gather', bounds, at) for at in (place, graph.add('Add', place, graph.shape(1))))
    text = graph.add('Slice', ids, start, end)
    size = graph.add('Shape', text)
    early, late = read_apart(parts.encoder(graph), word_rows(graph, words, text), size)
    turned = parts.rounding.turn(graph, late)
    new = [graph.add('Concat', early, turned, axis=1), parts.rounding.pack(graph, early, turned, size)]
    after = [graph.add('Concat', *rows, axis=0) for rows in zip(before, new)]
    inputs = [value(number, TensorProto.INT64, []), value(going, TensorProto.BOOL, [])]
    outputs = [value(graph.add('Identity', going), TensorProto.BOOL, [])]
    for names, values in ((before, inputs), (after, outputs)):
        values += [value(name, kind, [f'{name} rows', width]) for name, (kind, width) in zip(names, kinds)]
    return graph.body(inputs, outputs)


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


def _joined(graph: Graph, parts: _Parts, pair: tuple[Texts, str, str], words: tuple[str, ...]) -> onnx.GraphProto:
    """The logit of a pair from the query's states, which come first, and the passage's, which come last."""
    texts, query, passage = pair
    shape, weights, width = parts.shape, parts.weights, parts.shape.hidden_size
    rows = graph.add('Slice', 'query_states', graph.shape(0), query)
    first = graph.add('Split', rows, graph.shape(width, width), outputs=2, axis=1)
    kept = graph.add('Neg', graph.add('Add', passage, graph.shape(EXTRA_ROWS)))
    rows = graph.add('Slice', 'passage_states', kept, graph.shape(np.iinfo(np.int64).max))
    early, late = zip(first, parts.rounding.unpack(graph, rows))
    matching = Matching(graph, weights, texts, shape.match_stretches, parts.rounding.turning)
    directions = [word_directions(graph, words, text.ids) for text in (texts.query, texts.passage)]
    matched = matching.add(directions, late)
    if shape.joint_layers:
        weight, _ = weights.linear('classifier')
        # A known passage costs no more than this, and channels kept apart would be a tenth of it. Without them logits change by a
        # hundredth of their deviation, less than by what rounding a passage takes.
        encoder = Encoder(graph, shape, weights, replace(parts.recipe, widest={}))
        logits = graph.add('Gemm', read_together(encoder, early), graph.constant(weight), matched)
    else:
        logits = graph.add('Identity', matched)
    return graph.body([], [value(logits, TensorProto.FLOAT, [1, 1])])


def read_together(encoder: Encoder, early: tuple[str, str]) -> str:
    """The query's [CLS] after the layers that read both texts, [1, width], from the rows of each."""
    graph = encoder.graph
    marked = [graph.add('Add', part, graph.constant(segment)) for part, segment in zip(early, encoder.weights['segment'])]
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
