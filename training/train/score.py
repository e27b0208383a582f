"""Logits and losses of drawn lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from transformers import BertForSequenceClassification

from .cache import TokenCache
from .device import Device
from .errors import TrainingError
from .forward import logits_of
from .losses import losses_of
from .pairs import chunks_of, join
from .sampler import ListDraw
from .settings import Config

Pair = tuple[TokenCache, int, int]
"""A cache, and the numbers of the query and the passage among its texts."""


@dataclass(frozen=True)
class Scored:
    """Tensors of [lists, candidates]; `there` is False beyond the end of a list."""

    parts: tuple[Tensor, ...]
    """The logits: one tensor, or one for each part of the model that learns by itself."""
    labels: Tensor
    teacher: Tensor
    there: Tensor
    pairs: int
    tokens: int

    @property
    def logits(self) -> Tensor:
        return sum(self.parts[1:], self.parts[0])


class PairScorer(Protocol):
    """A model and how its pairs are made."""

    device: Device

    def prepare(self, caches: list[TokenCache], say: Callable[[str], None]) -> None:
        """What is better done once for all texts, before the first pair."""

    def logits(self, pairs: list[Pair], chunk_tokens: int) -> tuple[Tensor, int]:
        """One logit a pair, in their order, and the tokens read; the graph is kept unless gradients are off."""


class BertScorer:
    """Both texts in one sequence, in chunks of similar length."""

    def __init__(self, model: BertForSequenceClassification, device: Device, max_tokens: int):
        if max_tokens > model.config.max_position_embeddings:
            most = model.config.max_position_embeddings
            raise TrainingError(f'data.max_tokens is {max_tokens}; this model reads at most {most}')
        self.model, self.device, self._max = model, device, max_tokens

    def prepare(self, caches: list[TokenCache], say: Callable[[str], None]) -> None:
        """Nothing is kept: every layer sees both texts."""

    def logits(self, pairs: list[Pair], chunk_tokens: int) -> tuple[Tensor, int]:
        joined = [join(cache.text(query), cache.text(text), self._max, cache.marks) for cache, query, text in pairs]
        parts, places = [], []
        for chunk in chunks_of(joined, chunk_tokens):
            tensors = [torch.from_numpy(array).to(self.device.name) for array in (chunk.ids, chunk.types, chunk.lengths)]
            with self.device.autocast():
                parts.append(logits_of(self.model, *tensors))
            places.append(chunk.places)
        return in_order(parts, places), sum(len(ids) for ids, _ in joined)


def in_order(parts: list[Tensor], places: list[np.ndarray]) -> Tensor:
    """The logits of chunks, back at the places of their pairs."""
    flat = torch.cat(parts)
    index = torch.from_numpy(np.concatenate(places)).to(flat.device)
    return torch.zeros_like(flat).index_put((index,), flat)


def score_lists(scorer: PairScorer, lists: list[ListDraw], chunk_tokens: int) -> Scored:
    """One forward pass over all pairs of the lists."""
    pairs = [(one.cache, one.query, int(text)) for one in lists for text in one.texts]
    flat, tokens = scorer.logits(pairs, chunk_tokens)
    name, sizes = scorer.device.name, [len(one.texts) for one in lists]
    labels, teacher = (_table([getattr(one, column) for one in lists], name) for column in ('labels', 'teacher'))
    there = torch.arange(max(sizes), device=name)[None] < torch.tensor(sizes, device=name)[:, None]
    columns = flat.unbind(-1) if flat.ndim > 1 else (flat,)
    parts = tuple(torch.zeros(there.shape, device=name).masked_scatter(there, one) for one in columns)
    return Scored(parts, labels, teacher, there, len(pairs), tokens)


class StepLosses(nn.Module):
    """The losses of a step's lists: one forward pass, however many chunks it takes, which is what torch can distribute."""

    def __init__(self, model: nn.Module, scorer: PairScorer, config: Config):
        super().__init__()
        self.model, self._scorer, self._config = model, scorer, config

    def forward(self, lists: list[ListDraw]) -> tuple[dict[str, Tensor], dict[str, int]]:
        """The losses by name, and how many pairs and tokens were read."""
        scored = score_lists(self._scorer, lists, self._config.optimiser.chunk_tokens)
        each = [losses_of(one, scored.labels, scored.teacher, scored.there, self._config.loss) for one in scored.parts]
        losses = {name: sum(one[name] for one in each) for name in each[0]}
        return losses, {'pairs': scored.pairs, 'tokens': scored.tokens}


def _table(rows: list[np.ndarray], device: str) -> Tensor:
    table = np.zeros((len(rows), max(len(row) for row in rows)), np.float32)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
    return torch.from_numpy(table).to(device)
