"""Which candidates a query gets of what BM25 and the bi-encoder found."""

from collections import Counter
from pathlib import Path
from random import Random

import numpy as np

from mine.candidates import Chooser, Found
from mine.config import MineConfig


def found(similar: list[float], positives: list[int], texts: dict[int, str] | None = None) -> Found:
    bags = [frozenset((texts or {}).get(place, f'only{place}').split()) for place in range(len(similar))]
    return Found(np.array(similar[::-1], np.float32), np.array(similar, np.float32), positives, bags)


def options(**given) -> MineConfig:
    return MineConfig(Path('.'), Path('.'), candidates=4, random_share=0.0, max_positive_rank=4, **given)


def choose(given: Found, config: MineConfig, seed: int = 1) -> list[int] | str:
    return Chooser(config, Random(seed)).choose(given)


def test_likely_false_negatives_and_near_copies_are_left_out():
    texts = {0: 'a b c d e f', 3: 'a b c d e f g'}
    _, *negatives = choose(found([0.9, 0.89, 0.88, 0.5, 0.4, 0.3, 0.2], [0], texts), options())
    assert len(negatives) == 3 and set(negatives) <= {4, 5, 6}, (
        '1 and 2 are as similar as the positive, 3 says the same'
    )


def test_a_ratio_above_one_keeps_what_only_the_bi_encoder_prefers():
    similar = [0.5, 0.7, 0.59, 0.3, 0.2]
    assert set(choose(found(similar, [0]), options())) == {0, 3, 4}
    assert set(choose(found(similar, [0]), options(false_negative_ratio=1.2))) == {0, 2, 3, 4}


def test_doubtful_positives_are_left_out():
    assert choose(found([0.9, 0.1, 0.2], [1]), options()) == 'positive too unlike the query'
    crowd = Found(np.arange(10.0)[::-1], np.linspace(0.9, 0.5, 10), [9], [frozenset()] * 10)
    assert choose(crowd, options()) == 'positive found by neither search'


def test_at_most_so_many_positives_in_no_fixed_order():
    similar = [0.9, 0.8, 0.7, 0.1, 0.1, 0.1]
    chosen = [tuple(choose(found(similar, [0, 1, 2]), options(), seed)[:2]) for seed in range(30)]
    assert Counter(chosen).keys() == {(0, 1), (1, 0)}
