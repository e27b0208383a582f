"""Logits of drawn lists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from transformers import BertForSequenceClassification

from .device import Device
from .forward import logits_of
from .pairs import chunks_of, join
from .sampler import ListDraw


@dataclass(frozen=True)
class Scored:
    """Tensors of [lists, candidates]; `there` is False beyond the end of a list."""

    logits: Tensor
    labels: Tensor
    teacher: Tensor
    there: Tensor
    pairs: int
    tokens: int


def score_lists(
    model: BertForSequenceClassification, lists: list[ListDraw], device: Device, max_tokens: int, chunk_tokens: int
) -> Scored:
    """One forward pass over all pairs, in chunks of similar length; the graph is kept unless gradients are off."""
    pairs = [
        join(one.cache.text(one.query), one.cache.text(text), max_tokens, one.cache.marks)
        for one in lists
        for text in one.texts
    ]
    flat = torch.zeros(len(pairs), device=device.name)
    parts, places = [], []
    for chunk in chunks_of(pairs, chunk_tokens):
        tensors = [torch.from_numpy(array).to(device.name) for array in (chunk.ids, chunk.types, chunk.lengths)]
        with device.autocast():
            parts.append(logits_of(model, *tensors))
        places.append(chunk.places)
    index = torch.from_numpy(np.concatenate(places)).to(device.name)
    flat = flat.index_put((index,), torch.cat(parts))
    sizes = [len(one.texts) for one in lists]
    labels, teacher = (_table([getattr(one, name) for one in lists], device.name) for name in ('labels', 'teacher'))
    there = torch.arange(max(sizes), device=device.name)[None] < torch.tensor(sizes, device=device.name)[:, None]
    logits = torch.zeros(there.shape, device=device.name).masked_scatter(there, flat)
    return Scored(logits, labels, teacher, there, len(pairs), sum(len(ids) for ids, _ in pairs))


def _table(rows: list[np.ndarray], device: str) -> Tensor:
    table = np.zeros((len(rows), max(len(row) for row in rows)), np.float32)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
    return torch.from_numpy(table).to(device)
