"""Texts of a token cache as the split reranker reads them: each with a [CLS] and a [SEP] of its own."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from train.cache import TokenCache


def text_ids(cache: TokenCache, number: int, max_text_tokens: int) -> np.ndarray:
    """[CLS] text [SEP], at most `max_text_tokens` long, int64."""
    cls, sep = cache.marks
    return np.concatenate([[cls], cache.text(number)[: max_text_tokens - 2], [sep]]).astype(np.int64)


def text_lengths(cache: TokenCache, max_text_tokens: int) -> np.ndarray:
    """Of every text of the cache, [CLS] and [SEP] counted."""
    return np.minimum(np.diff(cache.text_starts), max_text_tokens - 2) + 2


def padded(rows: list[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Rows of ids as one tensor, and their lengths."""
    lengths = np.array([len(row) for row in rows])
    ids = np.zeros((len(rows), lengths.max()), np.int64)
    for place, row in enumerate(rows):
        ids[place, : len(row)] = row
    return torch.from_numpy(ids), torch.from_numpy(lengths)
