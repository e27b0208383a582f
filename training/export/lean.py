"""The lean graph: embeddings, encoder layers, and a last layer that computes [CLS] alone."""

from __future__ import annotations

import numpy as np
import onnx

from .embed import word_rows
from .layer import Encoder
from .nodes import Graph
from .recipe import Recipe
from .shape import BertShape
from .weights import Weights


def build_lean(shape: BertShape, weights: Weights, recipe: Recipe, metadata: dict[str, str], tap: bool = False) -> onnx.ModelProto:
    """The model with inputs token_ids and position_type_ids (int32 [L]) and output logits (float32 [1, 1]).

    position_type_ids is position + token_type * max_position_embeddings. With `tap`, the largest absolute input of
    every linear layer that int8 would quantise is an output too, one number per channel, under the layer's name.
    """
    graph = Graph(halve=recipe.int8_words)
    encoder = Encoder(graph, shape, weights, recipe, tap)
    x = encoder.norm(_embed(graph, shape, weights, recipe), 'bert.embeddings.LayerNorm')
    for layer in range(shape.layers - 1):
        x = encoder.full_layer(x, f'bert.encoder.layer.{layer}.')
    x = encoder.cls_layer(x, f'bert.encoder.layer.{shape.layers - 1}.')
    pooled = graph.add('Tanh', graph.gemm(x, *weights.linear('bert.pooler.dense')))
    weight, bias = weights.linear('classifier')
    graph.add('Gemm', pooled, graph.constant(weight), graph.constant(bias), output='logits')
    return graph.model('secondpass-lean', encoder.linear.taps, metadata)


def _embed(graph: Graph, shape: BertShape, weights: Weights, recipe: Recipe) -> str:
    prefix = 'bert.embeddings.'
    positions, types = weights[prefix + 'position_embeddings.weight'], weights[prefix + 'token_type_embeddings.weight']
    merged = np.concatenate([positions + types[i] for i in range(shape.token_types)])
    return graph.add('Add', word_rows(graph, weights[prefix + 'word_embeddings.weight'], 'token_ids', recipe),
                     graph.add('Gather', graph.constant(merged), 'position_type_ids'))
