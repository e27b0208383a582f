"""Kendall's tau and nDCG@10."""

from __future__ import annotations

import numpy as np


def kendall_tau(left: np.ndarray, right: np.ndarray) -> float:
    """Tau-b of two score lists over the same candidates; 1 is the same order."""
    upper = np.triu_indices(len(left), 1)
    a, b = (np.sign(scores[:, None] - scores[None, :])[upper] for scores in (left, right))
    return float((a * b).sum() / np.sqrt((a != 0).sum() * (b != 0).sum()))


def ndcg_at_10(ids: list[str], scores: np.ndarray, judged: dict[str, int]) -> float:
    """Gain is the grade, discount log2(rank + 1), ideal over all judged documents; ties keep the given order."""
    order = np.argsort(-scores, kind='stable')[:10]
    gains = [max(judged.get(ids[i], 0), 0) for i in order]
    ideal = sorted((max(grade, 0) for grade in judged.values()), reverse=True)[:10]
    return _discounted(gains) / _discounted(ideal)


def _discounted(gains: list[int]) -> float:
    return float(sum(gain / np.log2(rank + 2) for rank, gain in enumerate(gains)))
