"""nDCG@10 by ir_measures, and what chance does to a mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ir_measures
import numpy as np
from ir_measures import Qrel, ScoredDoc, nDCG

if TYPE_CHECKING:  # A run measures its held-out lists where there is no search.
    from .first_stage import Pool

RESAMPLES = 10_000


def ndcg_by_question(pools: list[Pool], scores: list[np.ndarray]) -> np.ndarray:
    """nDCG@10 of each pool in the order of its scores; ties keep the order of the first stage, as the library does."""
    orders = [np.argsort(-row, kind='stable') for row in scores]
    ranked = [[pool.ids[place] for place in order] for pool, order in zip(pools, orders, strict=True)]
    return ndcg(ranked, [pool.judged for pool in pools])


def ndcg(ranked: Sequence[Sequence[str]], judged: Sequence[dict[str, int]]) -> np.ndarray:
    """nDCG@10 of each ranked list of ids, as trec_eval defines it: the gain is the grade, the ideal counts all that is judged.

    0 for a list of which nothing is judged above 0.
    """
    # Ranks, not scores: ir_measures breaks ties by name.
    run = [ScoredDoc(str(at), one, float(-rank)) for at, row in enumerate(ranked) for rank, one in enumerate(row)]
    qrels = [Qrel(str(at), one, grade) for at, row in enumerate(judged) for one, grade in row.items()]
    found = {one.query_id: one.value for one in ir_measures.iter_calc([nDCG @ 10], qrels, run)}
    return np.array([found[str(at)] for at in range(len(judged))])


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
