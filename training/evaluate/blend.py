"""Scores mixed as the library mixes them, and a cascade as its stages make one."""

from __future__ import annotations

import numpy as np


def min_max(values: np.ndarray) -> np.ndarray:
    """Spread over 0 to 1; equal values all become 0."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.zeros(len(values))


def blend(scores: np.ndarray, first_stage: np.ndarray, weight: float) -> np.ndarray:
    """`weight` of the scores and the rest of the first stage, both normalised within the pool."""
    return weight * min_max(scores) + (1 - weight) * min_max(first_stage)


def cascade(
    first: np.ndarray, second: np.ndarray, first_stage: np.ndarray, keep: int, weights: tuple[float, float] | None
) -> np.ndarray:
    """Scores that order a pool as two stages do: the first model over all, the second over the `keep` best of those.

    Both stages blend with the first-stage scores if there are weights, the share of each model. What the second does not look at stays below,
    in the order of the first.
    """
    early = first if weights is None else blend(first, first_stage, weights[0])
    order = np.argsort(-early, kind='stable')
    head, tail = order[:keep], order[keep:]
    late = second[head] if weights is None else blend(second[head], first_stage[head], weights[1])
    final = np.concatenate([head[np.argsort(-late, kind='stable')], tail])
    scores = np.empty(len(first))
    scores[final] = -np.arange(len(first), dtype=float)
    return scores
