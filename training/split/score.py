"""Logits of pairs by a split reranker, for training and for measuring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from train.cache import TokenCache
from train.device import Device
from train.errors import TrainingError

from .model import SplitReranker
from .reading import Readings
from .states import StateStore, store_name
from .texts import batches, padded, text_ids, text_lengths

Pair = tuple[TokenCache, int, int]


class SplitScorer:
    """Reads the texts of each pair, or takes what was kept of them: only while the layers that read apart are frozen."""

    def __init__(self, model: SplitReranker, device: Device, max_text_tokens: int, states: str = ''):
        if max_text_tokens > model.shape.max_positions:
            most = model.shape.max_positions
            raise TrainingError(f'data.max_text_tokens is {max_text_tokens}; this model reads at most {most}')
        self.model, self.device = model, device
        self._max, self._folder = max_text_tokens, Path(states) if states else None
        self._stores: dict[int, StateStore] = {}
        self._lengths: dict[int, np.ndarray] = {}

    def prepare(self, caches: list[TokenCache], say: Callable[[str], None]) -> None:
        """Reads every text of the caches once, if states are kept."""
        for cache in caches if self._folder else []:
            path = self._folder / store_name(cache, self.model, self._max)
            store = StateStore(cache, path, self._max, self.model.shape.hidden_size)
            store.fill(self.model, self.device, say)
            self._stores[id(cache)] = store

    def logits(self, pairs: list[Pair], chunk_tokens: int) -> tuple[Tensor, int]:
        """One a pair, in their order, and how many tokens were read."""
        lengths = np.array([self._length(cache, query) + self._length(cache, text) for cache, query, text in pairs])
        parts, places = [], []
        for chunk in batches(lengths, chunk_tokens):
            query, passage = self.readings([pairs[place] for place in chunk])
            with self.device.autocast():
                parts.append(self.model(query, passage).float())
            places.append(chunk)
        index = torch.from_numpy(np.concatenate(places)).to(self.device.name)
        flat = torch.zeros(len(pairs), device=self.device.name).index_put((index,), torch.cat(parts))
        return flat, int(lengths.sum())

    def readings(self, pairs: list[Pair]) -> tuple[Readings, Readings]:
        """Queries and passages of the pairs, a row each."""
        return self._readings([one[:2] for one in pairs]), self._readings([one[::2] for one in pairs])

    def _length(self, cache: TokenCache, number: int) -> int:
        if id(cache) not in self._lengths:
            self._lengths[id(cache)] = text_lengths(cache, self._max)
        return int(self._lengths[id(cache)][number])

    def _readings(self, texts: list[tuple[TokenCache, int]]) -> Readings:
        """Texts of one cache come from its store; others, or those of several caches, are read now."""
        caches = {id(cache) for cache, _ in texts}
        store = self._stores.get(caches.pop()) if len(caches) == 1 else None
        if store:
            return store.readings([number for _, number in texts], self.device)
        if all(id(cache) in self._stores for cache, _ in texts):
            return _stacked([self._stores[id(cache)].readings([number], self.device) for cache, number in texts])
        ids, lengths = padded([text_ids(cache, number, self._max) for cache, number in texts])
        return self.model.read(ids.to(self.device.name), lengths.to(self.device.name))


def _stacked(rows: list[Readings]) -> Readings:
    """Readings of single texts as one batch."""
    longest = max(row.ids.shape[1] for row in rows)

    def stack(name: str) -> Tensor:
        values = [getattr(row, name)[0] for row in rows]
        made = values[0].new_zeros((len(rows), longest, *values[0].shape[1:]))
        for place, value in enumerate(values):
            made[place, : len(value)] = value
        return made

    lengths = torch.cat([row.lengths for row in rows])
    return replace(rows[0], ids=stack('ids'), lengths=lengths, early=stack('early'), late=stack('late'))
