"""The model folders that can be exported, whichever of the two kinds they hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import onnx

from split.shape import is_split, read_split_shape

from .lean import build_lean
from .names import classifier_sizes, split_sizes
from .recipe import Recipe
from .shape import ExportError, read_shape
from .split_graph import build_split
from .weights import load_weights


@dataclass(frozen=True)
class Source:
    """A model whose weights are read, and what makes a graph of it."""

    max_positions: int
    build: Callable[[Recipe, dict[str, str], bool], onnx.ModelProto]
    """From the recipe, the properties of the file, and whether calibration reads along."""
    properties: dict[str, str] = field(default_factory=dict)
    """What the file says about this kind of model."""


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
    return Source(shape.max_positions, lambda *how: build_split(shape, weights, *how), properties)
