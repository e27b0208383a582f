"""A small BERT whose embeddings are the principal components of a large one's."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor
from transformers import AutoConfig, BertForSequenceClassification

from train.errors import TrainingError
from train.settings import Model
from train.start import plain_config

from .components import principal_axes
from .matcher import Channels, fits, write_embeddings, write_layers


def make_student(folder: Path, settings: Model) -> BertForSequenceClassification:
    """Embeddings from the model in `folder`, layers as `matcher` writes them; at random where there is no room for that."""
    large = plain_config(AutoConfig.from_pretrained(folder))
    _check(settings, large.hidden_size)
    source = BertForSequenceClassification.from_pretrained(folder, config=large, dtype=torch.float32).bert.embeddings
    small = plain_config(
        AutoConfig.from_pretrained(folder),
        hidden_size=settings.width,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        intermediate_size=settings.intermediate,
    )
    model = BertForSequenceClassification(small)
    with torch.no_grad():
        words = source.word_embeddings.weight
        if settings.layers > 1 and fits(settings.width, settings.heads):
            write_embeddings(model, _components(words, Channels(settings.width, settings.heads).words), _cls_of(folder))
            write_layers(model)
        else:
            model.bert.embeddings.word_embeddings.weight.copy_(_components(words, settings.width))
    return model


def _components(rows: Tensor, width: int) -> Tensor:
    """The rows along their principal axes, each of the same length.

    The first axes, along which all common words lie close together, count less than they would: half-way to whitening.
    """
    center, axes = principal_axes(rows, width)
    found = (rows - center) @ axes
    found = found / found.std(dim=0).sqrt()
    return found / found.norm(dim=1, keepdim=True) * width**0.5


def _cls_of(folder: Path) -> int:
    return Tokenizer.from_file(str(folder / 'tokenizer.json')).token_to_id('[CLS]')


def _check(settings: Model, large_width: int) -> None:
    if not 0 < settings.width <= large_width:
        raise TrainingError(
            f'model.width is {settings.width}; principal components of {large_width} channels give at most {large_width}'
        )
    if settings.heads < 1 or settings.width % settings.heads:
        raise TrainingError(f'model.heads is {settings.heads}; it must divide model.width, {settings.width}')
    if settings.layers < 1:
        raise TrainingError(f'model.layers is {settings.layers}; at least 1')
