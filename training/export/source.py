"""The model folders that can be exported, whichever of the two kinds they hold, and the graph of the plain one: a BERT whose
last layer computes [CLS] alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx

from split.shape import is_split, read_split_shape

from .layer import Encoder
from .linear import word_rows, word_table
from .names import classifier_sizes, split_sizes
from .nodes import Graph
from .recipe import Recipe
from .shape import BertShape, ExportError, read_shape
from .split_graph import build_split
from .weights import Weights, load_weights

@dataclass(frozen=True)
class Source:
    """A model whose weights are read, and what makes a graph of it."""

    max_positions: int
    build: Callable[[Recipe, dict[str, str], bool], onnx.ModelProto]
    """From the recipe, the properties of the file, and whether calibration reads along."""
    properties: dict[str, str] = field(default_factory=dict)
    """What the file says about this kind of model."""
    reads_apart: bool = False
    """Whether there are layers that read a text by itself, whose work can be kept."""


def open_source(model_dir: Path) -> Source:
    """Reads a BertForSequenceClassification or a SplitReranker, both with one logit. DataError for anything else."""
    if is_split(model_dir):
        return _open_split(model_dir)
    shape = read_shape(model_dir)
    weights = load_weights(model_dir, classifier_sizes(shape), 'BertForSequenceClassification')
    return Source(shape.max_positions, lambda *how: build_lean(shape, weights, *how))


def _open_split(model_dir: Path) -> Source:
    shape = read_split_shape(model_dir)
    if shape.layers < 0 or shape.hidden_size % shape.heads:
        found = f'{shape.layers} layers of {shape.hidden_size} in {shape.heads} heads'
        raise ExportError(f'{model_dir / "config.json"}: {found} is no BERT')
    weights = load_weights(model_dir, split_sizes(shape), 'SplitReranker')
    properties = {'secondpass.architecture': 'split'}
    return Source(shape.max_positions, lambda *how: build_split(shape, weights, *how), properties, shape.layers > 0)


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
    words = word_table(graph, weights[prefix + 'word_embeddings.weight'], recipe)
    return graph.add('Add', word_rows(graph, words, 'token_ids'), graph.add('Gather', graph.constant(merged), 'position_type_ids'))
