"""A small BERT whose embeddings are the principal components of a large one's."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor
from transformers import AutoConfig, BertForSequenceClassification

from train.config import Model
from train.errors import TrainingError
from train.start import plain_config


def make_student(folder: Path, settings: Model) -> BertForSequenceClassification:
    """Layers at random but for the first attention, embeddings projected from the model in `folder`, scaled to the spread a fresh BERT would have."""
    large = plain_config(AutoConfig.from_pretrained(folder))
    _check(settings, large.hidden_size)
    source = BertForSequenceClassification.from_pretrained(folder, config=large, dtype=torch.float32).bert.embeddings
    small = plain_config(AutoConfig.from_pretrained(folder), hidden_size=settings.width, num_hidden_layers=settings.layers,
                         num_attention_heads=settings.heads, intermediate_size=settings.intermediate)
    model = BertForSequenceClassification(small)
    tables = ('word_embeddings', 'position_embeddings', 'token_type_embeddings')
    with torch.no_grad():
        words = getattr(source, tables[0]).weight
        center, axes = principal_axes(words, settings.width)
        scale = model.bert.embeddings.LayerNorm.weight.new_tensor(1.0) / ((words - center) @ axes).std()
        for name in tables:
            table = getattr(source, name).weight
            shift = center if name == 'word_embeddings' else table.mean(0)
            getattr(model.bert.embeddings, name).weight.copy_((table - shift) @ axes * scale)
        _let_equal_words_meet(model)
    return model


def _let_equal_words_meet(model: BertForSequenceClassification) -> None:
    """Identity matrices, with BERT's noise on top, in the attention of the first layer: a token looks at tokens like it.

    From noise alone, a model this small takes long to find out that query and text can be compared at all.
    """
    attention = model.bert.encoder.layer[0].attention
    for part in (attention.self.query, attention.self.key, attention.self.value, attention.output.dense):
        part.weight.add_(torch.eye(len(part.weight)))


def principal_axes(rows: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """The mean of the rows and, as columns, the `width` directions along which they vary most; signs are fixed."""
    center = rows.mean(0)
    spread = (rows - center).double()
    _, vectors = torch.linalg.eigh(spread.T @ spread)
    axes = vectors.flip(1)[:, :width]
    largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))
    return center, (axes * largest.sign()).float()


def _check(settings: Model, large_width: int) -> None:
    if not 0 < settings.width <= large_width:
        raise TrainingError(f'model.width is {settings.width}; principal components of {large_width} channels give at most {large_width}')
    if settings.heads < 1 or settings.width % settings.heads:
        raise TrainingError(f'model.heads is {settings.heads}; it must divide model.width, {settings.width}')
    if settings.layers < 1:
        raise TrainingError(f'model.layers is {settings.layers}; at least 1')
