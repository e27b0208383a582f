"""How likely a user looks at rank k."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from prepare.errors import DataError

Propensity = Callable[[int], float]
ROUNDS = 50


@dataclass(frozen=True)
class Impression:
    query: str
    passage: str
    rank: int
    clicked: bool


def propensity_of(given: str, impressions: list[Impression]) -> Propensity:
    """`power:1` is (1/k)^1; `1,0.6,0.4` says it for each rank, the last for all below; `estimate` learns it."""
    if given == 'estimate':
        return _table(estimate(impressions))
    is_power = given.startswith('power:')
    try:
        table = [float(one) for one in given.removeprefix('power:').split(',')]
    except ValueError as cause:
        raise DataError(f'--propensity is {given!r}; write power:1, numbers such as 1,0.6,0.4, or estimate') from cause
    if is_power:
        exponent = table[0]
        if len(table) > 1 or not 0 <= exponent < math.inf:
            raise DataError(f'--propensity is {given!r}; write one exponent of 0 or more, such as power:1')
        return lambda rank: rank**-exponent
    if not all(0 < one <= 1 for one in table):
        raise DataError(f'--propensity is {given!r}; each number lies above 0 and at most at 1')
    return _table(table)


def _table(table: list[float]) -> Propensity:
    return lambda rank: table[min(rank, len(table)) - 1]


def estimate(impressions: list[Impression]) -> list[float]:
    """Propensities by rank, the first 1, with the position-based click model fitted by expectation maximisation.

    P(click) = p_rank * r_(query, passage); see Wang et al., Position Bias Estimation for Unbiased Learning to Rank in
    Personal Search, WSDM 2018, with a table instead of a regression. It needs passages that were seen at several ranks.
    """
    ranks = defaultdict(set)
    for one in impressions:
        ranks[one.query, one.passage].add(one.rank)
    if not any(len(seen) > 1 for seen in ranks.values()):
        raise DataError(
            '--propensity is estimate; no passage was shown at two ranks for one query: use power:1, or swap now and then'
        )
    depth = max(one.rank for one in impressions)
    look, relevant = [1 / (rank + 1) for rank in range(depth)], dict.fromkeys(ranks, 0.5)
    for _ in range(ROUNDS):
        look, relevant = _improve(impressions, look, relevant)
    return [min(1.0, max(1e-3, one / look[0])) if look[0] else 1.0 for one in look]


def _improve(impressions: list[Impression], look: list[float], relevant: dict) -> tuple[list[float], dict]:
    """One round: how likely each impression was looked at, and was relevant, given what was clicked."""
    looks, views = [0.0] * len(look), [0] * len(look)
    goods: dict[tuple[str, str], float] = defaultdict(float)
    shown: dict[tuple[str, str], int] = defaultdict(int)
    for one in impressions:
        pair, p = (one.query, one.passage), look[one.rank - 1]
        r = relevant[pair]
        not_clicked = max(1e-12, 1 - p * r)
        looks[one.rank - 1] += 1.0 if one.clicked else p * (1 - r) / not_clicked
        goods[pair] += 1.0 if one.clicked else r * (1 - p) / not_clicked
        views[one.rank - 1] += 1
        shown[pair] += 1
    return [a / b if b else 0.0 for a, b in zip(looks, views)], {pair: goods[pair] / shown[pair] for pair in shown}
