"""A student that can compare from its first step: weights that count which words of the query the text has.

A model this small, started from noise, needs thousands of steps before it finds out that query and text can be compared
at all. These weights say so at once, and training goes on from there: words of the embedding are similar as in the large
model, the first layer lets each query token look for its like in the text, and [CLS] where there is none; the second
lets [CLS] read how many did not find any, rare words counting more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import BertForSequenceClassification

# What equal words, unlike words and the place for "not found" score in the first layer, before the softmax.
EQUAL, NOT_FOUND, OTHER_SEGMENT = 18.0, 12.0, 14.0
# The head stays where tanh is steep.
FOUND_WEIGHT, STEEP, RARITY = 6.0, 0.3, 0.7


@dataclass(frozen=True)
class Channels:
    """Which channel of the hidden state says what. The first `words` are the word itself, a share of them for each head."""

    width: int
    heads: int

    @property
    def words(self) -> int:
        return self.heads * (self.width // self.heads - 2)

    @property
    def segment(self) -> int:
        return self.words

    @property
    def is_first(self) -> int:
        return self.words + 1

    @property
    def rarity(self) -> int:
        return self.words + 2

    def missing(self, head: int) -> int:
        """Where a head notes that a token found nothing like it."""
        return self.words + 3 + head


def fits(width: int, heads: int) -> bool:
    """Whether there is room for the channels."""
    return Channels(width, heads).missing(heads - 1) < width


@torch.no_grad()
def write_embeddings(model: BertForSequenceClassification, words: Tensor, cls: int) -> None:
    """`words`: a row a token of the vocabulary, as wide as the channels for words, variance 1."""
    tables, config = model.bert.embeddings, model.config
    at = Channels(config.hidden_size, config.num_attention_heads)
    mix = torch.linalg.qr(torch.randn(at.words, at.words, generator=torch.Generator().manual_seed(0)))[0]
    for table in (tables.word_embeddings, tables.position_embeddings, tables.token_type_embeddings):
        table.weight.mul_(0.1)
        table.weight[:, at.words :] = 0
    # Turned at random, so that every head gets as much of a word as any other.
    tables.word_embeddings.weight[:, : at.words] = words @ mix
    # The vocabulary is sorted by how common words are.
    order = torch.arange(len(words), dtype=torch.float32)
    tables.word_embeddings.weight[:, at.rarity] = torch.log1p((order - 1990).clamp(min=0)) / 5 - 1
    tables.word_embeddings.weight[cls, at.is_first] = 1
    tables.token_type_embeddings.weight[:, at.segment] = torch.tensor([1.0, -1.0])


@torch.no_grad()
def write_layers(model: BertForSequenceClassification) -> None:
    """The first layer looks for equal words, the last gathers at [CLS], the head reads."""
    config, layers = model.config, model.bert.encoder.layer
    at, size = (
        Channels(config.hidden_size, config.num_attention_heads),
        config.hidden_size // config.num_attention_heads,
    )
    # About where half of the words were found.
    model.classifier.bias.fill_(at.heads * FOUND_WEIGHT / 2)
    for head in range(at.heads):
        _look_for_equal(layers[0].attention, at, head, size)
        _gather(layers[-1].attention, at, head, size)
        missing = at.missing(head)
        model.bert.pooler.dense.weight[missing, missing] = STEEP
        model.classifier.weight[0, missing] = -FOUND_WEIGHT


def _look_for_equal(attention, at: Channels, head: int, size: int) -> None:
    part, start, root = attention.self, head * size, math.sqrt(size)
    scale = math.sqrt(EQUAL * root / (size - 2))
    for place in range(size - 2):
        for matrix in (part.query, part.key):
            matrix.weight[start + place, head * (size - 2) + place] = scale
    segment, sink = start + size - 2, start + size - 1
    part.query.weight[segment, at.segment] = math.sqrt(OTHER_SEGMENT * root / 2)
    part.key.weight[segment, at.segment] = -math.sqrt(OTHER_SEGMENT * root / 2)
    # [CLS] is of the query's own segment and must make up for that.
    part.query.bias[sink] = root
    part.key.weight[sink, at.is_first] = NOT_FOUND + OTHER_SEGMENT
    part.value.weight[start, at.is_first] = 1
    attention.output.dense.weight[at.missing(head), start] = 2


def _gather(attention, at: Channels, head: int, size: int) -> None:
    part, start = attention.self, head * size
    part.query.bias[start] = math.sqrt(size)
    part.key.weight[start, at.segment] = 3
    part.key.weight[start, at.is_first] = -6
    part.key.weight[start, at.rarity] = RARITY
    part.value.weight[start, at.missing(head)] = 1
    attention.output.dense.weight[at.missing(head), start] = 2
