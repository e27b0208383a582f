"""nDCG@10 by ir_measures, and what chance does to a mean."""

from __future__ import annotations

import ir_measures
import numpy as np
from ir_measures import Qrel, ScoredDoc, nDCG

from .first_stage import Pool

RESAMPLES = 10_000


def ndcg_by_question(pools: list[Pool], scores: list[np.ndarray]) -> np.ndarray:
    """nDCG@10 of each pool in the order of its scores; ties keep the order of the first stage, as the library does."""
    judged = [Qrel(pool.id, passage, grade) for pool in pools for passage, grade in pool.judged.items()]
    run = []
    for pool, row in zip(pools, scores, strict=True):
        # Ranks, not scores: ir_measures breaks ties by name.
        for rank, place in enumerate(np.argsort(-row, kind='stable')):
            run.append(ScoredDoc(pool.id, pool.ids[place], float(-rank)))
    found = {one.query_id: one.value for one in ir_measures.iter_calc([nDCG @ 10], judged, run)}
    return np.array([found[pool.id] for pool in pools])


def ceiling(pools: list[Pool]) -> np.ndarray:
    """What a perfect order of the pool would reach."""
    return ndcg_by_question(
        pools, [np.array([max(pool.judged.get(one, 0), 0) for one in pool.ids], float) for pool in pools]
    )


def interval(differences: np.ndarray, seed: int = 1) -> tuple[float, float]:
    """95 % bootstrap interval of the mean of per-question differences, the two systems resampled together."""
    random = np.random.default_rng(seed)
    means = np.empty(RESAMPLES)
    for start in range(0, RESAMPLES, 500):
        drawn = random.integers(0, len(differences), (500, len(differences)))
        means[start : start + 500] = differences[drawn].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def interval_of_sets(differences: list[np.ndarray], seed: int = 1) -> tuple[float, float]:
    """The same for the mean of sets, every set resampled on its own."""
    random, total = np.random.default_rng(seed), np.zeros(RESAMPLES)
    for row in differences:
        for start in range(0, RESAMPLES, 500):
            total[start : start + 500] += row[random.integers(0, len(row), (500, len(row)))].mean(axis=1)
    low, high = np.percentile(total / len(differences), [2.5, 97.5])
    return float(low), float(high)
