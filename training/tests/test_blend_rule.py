"""The blend by the kind of the first stage's scores."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from evaluate.blend import blend
from evaluate.rule import BUNDLED, CASES, LOGITS, BlendRule, golden, rule_of

RULE = BlendRule(lexical=0.85, other=0.3, fused=0.45)


def order(first: list[float], logits: list[float]) -> list[int]:
    return np.argsort(-RULE.blend(np.array(first, float), np.array(logits, float)), kind='stable').tolist()


@pytest.mark.parametrize(
    ('name', 'share'),
    [
        ('BM25', 0.85),
        ('BM25 of a long query, in a short list', 0.85),
        ('BM25 that ends in a passage without any of the words', 0.85),
        ('BM25 whose last is nearly as good as the best', 0.3),
        ('cosines', 0.3),
        ('cosines of another encoder, down to nothing', 0.3),
        ('cosines of equal vectors, a little above one', 0.3),
        ('cosines as percentages', 0.3),
        ('reciprocal rank fusion', 0.45),
        ('reciprocal rank fusion of six lists', 0.45),
        ('small cosines, one of them none', 0.3),
        ('small cosines, one above a fused rank', 0.3),
        ('log-probabilities', 0.3),
    ],
)
def test_counted_words_leave_the_model_the_larger_share(name, share):
    first = np.array(CASES[name], float)
    assert RULE.share(first) == share
    assert RULE.blend(first, np.array(LOGITS)).tolist() == blend(np.array(LOGITS), first, share).tolist()


def test_nothing_is_mixed_where_a_score_is_missing_and_where_scores_are_distances():
    nothing, distances = [np.nan] * 5, [0.21, 0.3, 0.34, 0.5, 0.8]
    assert order(nothing, LOGITS) == order(distances, LOGITS) == order([9, 8, np.nan, 6, 5], LOGITS) == [4, 1, 2, 0, 3]


def test_equal_scores_let_the_model_decide_and_ties_keep_their_order():
    assert order([0.5] * 5, LOGITS) == [4, 1, 2, 0, 3]
    assert order([7], [1]) == [0]


def test_scaling_does_not_change_an_order():
    random = np.random.default_rng(5)
    for _ in range(50):
        first, logits = -np.sort(-random.random(20)), random.normal(size=20)
        assert order(first, logits) == order(first, logits * 3 + 7) == order(first * 0.5, logits)


def test_golden_cases_follow_from_the_definition():
    for case in golden(RULE):
        assert case['order'] == sorted(range(5), key=lambda at: -case.get('mixed', case['logits'])[at])


def test_a_model_says_its_shares_in_its_config(tmp_path):
    assert rule_of(tmp_path) == BUNDLED == rule_of(Path(__file__).parents[2] / 'packages' / 'model-en-mini')
    fused = np.array(CASES['reciprocal rank fusion'])
    for weight, rule, share in (
        ({'lexical': 0.7, 'other': 0.1}, BlendRule(0.7, 0.1), 0.1),
        ({'lexical': 0.7, 'other': 0.1, 'fused': 0.4}, BlendRule(0.7, 0.1, 0.4), 0.4),
        (0.6, BlendRule(0.6, 0.6), 0.6),
    ):
        said = {'secondpass': {'blend': {'weight': weight}, 'scripts': ['Latin']}}
        (tmp_path / 'config.json').write_text(json.dumps(said))
        assert rule_of(tmp_path) == rule
        assert rule_of(tmp_path).share(fused) == share
