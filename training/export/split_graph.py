"""The graph of a split reranker: layers that read query and passage apart, matches of the two, layers that read both.

Inputs and output are those of `build_lean`: one pair as [CLS] query [SEP] passage [SEP]. Inside, the passage gets a [CLS] in
front (a copy of the query's) and positions from 0, which is how the bi-encoder reads a text. All rows of both texts,
the query's first, pass every matrix in one product; only attention is done text by text. Where no token has type 1,
the passage is [CLS] alone, and the logit is that of such a passage.
"""

from __future__ import annotations

import onnx

from split.shape import SplitShape

from .layer import Encoder
from .linear import word_rows, word_table
from .match_graph import Matching
from .nodes import Graph
from .recipe import Recipe
from .state_graph import EARLY, WORDS, build_states, read_together
from .texts import Texts, read_texts
from .weights import Weights


def build_split(
    shape: SplitShape, weights: Weights, recipe: Recipe, metadata: dict[str, str], tap: bool = False
) -> onnx.ModelProto:
    """The model with inputs token_ids and position_type_ids (int32 [L]) and output logits (float32 [1, 1]).

    position_type_ids is position + token_type * max_position_embeddings. `tap` is that of `build_lean`.
    """
    if recipe.rounding is not None:
        return build_states(shape, weights, recipe, metadata)
    graph = Graph(halve=recipe.int8_words)
    encoder = Encoder(graph, shape, weights, recipe, tap)
    texts = read_texts(graph, shape.max_positions)
    words = word_rows(graph, word_table(graph, weights[WORDS], recipe), texts.ids)
    early, late = _apart(encoder, texts, words)
    by_text = [graph.add('Split', rows, texts.sizes, outputs=2, axis=0) for rows in (words, late)]
    matched = Matching(graph, weights, texts, shape.match_stretches).add(*by_text)
    if shape.joint_layers:
        weight, _ = weights.linear('classifier')
        graph.add('Gemm', read_together(encoder, graph.add('Split', early, texts.sizes, outputs=2, axis=0)), graph.constant(weight), matched, output='logits')
    else:
        graph.add('Identity', matched, output='logits')
    if tap:
        graph.add('Identity', early, output=EARLY)
        encoder.linear.taps[EARLY] = ['T', shape.hidden_size]
    return graph.model('secondpass-split', encoder.linear.taps, metadata)


def _apart(encoder: Encoder, texts: Texts, words: str) -> tuple[str, str]:
    """The rows after layer `joint_from` and after the last."""
    shape, weights, graph = encoder.shape, encoder.weights, encoder.graph
    prefix = 'bert.embeddings.'
    table = weights[prefix + 'position_embeddings.weight'] + weights[prefix + 'token_type_embeddings.weight'][0]
    places = graph.add('Gather', graph.constant(table), texts.places)
    early = x = encoder.norm(graph.add('Add', words, places), prefix + 'LayerNorm')
    for number in range(1, shape.layers + 1):
        x = encoder.full_layer(x, f'bert.encoder.layer.{number - 1}.', apart=texts.sizes)
        early = x if number == shape.joint_from else early
    return early, x
