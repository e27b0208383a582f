"""Logits of pairs by a split reranker, for training and for measuring."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from prepare.batches import batches
from train.cache import TokenCache
from train.device import Device
from train.errors import TrainingError
from train.score import Pair, in_order

from .model import SplitReranker
from .reading import Readings, read_on
from .states import StateStore, layers_digest, store_name
from .texts import padded, text_ids, text_lengths

Text = tuple[TokenCache, int]


class SplitScorer:
    """Reads the texts of each pair, or takes what was kept of them: only while the layers that read apart are frozen.

    Caches are told apart by their `source`, so that one which is read again from its file is the same.
    """

    def __init__(self, model: SplitReranker, device: Device, max_text_tokens: int, states: str = ''):
        if max_text_tokens > model.shape.max_positions:
            most = model.shape.max_positions
            raise TrainingError(f'data.max_text_tokens is {max_text_tokens}; this model reads at most {most}')
        self.model, self.device = model, device
        self._max, self._folder = max_text_tokens, Path(states) if states else None
        self._stores: dict[str, StateStore] = {}
        self._lengths: dict[str, np.ndarray] = {}

    def prepare(self, caches: list[TokenCache], say: Callable[[str], None]) -> None:
        """Reads every text of the caches once, if states are kept."""
        missing = [cache for cache in caches if cache.source not in self._stores]
        if self._folder is None or not missing:
            return
        early_alone = any(weight.requires_grad for weight in self.model.bert.parameters())
        layers = layers_digest(self.model, early_alone)
        for cache in missing:
            path = self._folder / store_name(cache, layers, self._max)
            store = StateStore(cache, path, self._max, self.model.shape.hidden_size, early_alone)
            store.fill(self.model, self.device, say)
            self._stores[cache.source] = store

    def logits(self, pairs: list[Pair], chunk_tokens: int) -> tuple[Tensor, int]:
        """One a pair (two, side by side, with `joint_beside`), in their order, and how many tokens were read."""
        lengths = np.array([self._length(cache, query) + self._length(cache, text) for cache, query, text in pairs])
        parts, places = [], []
        for chunk in batches(lengths, chunk_tokens):
            with self.device.autocast():
                query, passage = self.readings([pairs[place] for place in chunk])
                parts.append(self.model(query, passage).float())
            places.append(chunk)
        return in_order(parts, places), int(lengths.sum())

    def readings(self, pairs: list[Pair]) -> tuple[Readings, Readings]:
        """Queries and passages of the pairs, a row each."""
        return self._readings([one[:2] for one in pairs]), self._readings([one[::2] for one in pairs])

    def _length(self, cache: TokenCache, number: int) -> int:
        if cache.source not in self._lengths:
            self._lengths[cache.source] = text_lengths(cache, self._max)
        return int(self._lengths[cache.source][number])

    def _readings(self, texts: list[Text]) -> Readings:
        """From what is kept if all of it is, else read now."""
        ids, lengths = padded([text_ids(cache, number, self._max) for cache, number in texts])
        ids, lengths = ids.to(self.device.name), lengths.to(self.device.name)
        if any(cache.source not in self._stores for cache, _ in texts):
            return self.model.read(ids, lengths)
        kept = [self._stores[cache.source].states(number) for cache, number in texts]
        states = np.zeros((len(kept[0]), *ids.shape, self.model.shape.hidden_size), np.float32)
        for row, one in enumerate(kept):
            states[:, row, : one.shape[1]] = one
        early, *late = torch.from_numpy(states).to(self.device.name)
        if not late:
            # A query stands in every pair of its list: what has to be computed is computed once.
            places = {(cache.source, number): place for place, (cache, number) in enumerate(texts)}
            first = torch.tensor(list(places.values()))
            row = {key: place for place, key in enumerate(places)}
            back = torch.tensor([row[cache.source, number] for cache, number in texts])
            read = read_on(self.model.bert, ids[first], lengths[first], early[first], self.model.shape.joint_from)
            return Readings(ids, lengths, early, read.late[back])
        return Readings(ids, lengths, early, late[0])
