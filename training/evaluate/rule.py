"""The rule by which a model's scores are mixed with those of the first stage; packages/core has the same.

python -m evaluate.rule prints golden cases for the library's tests as JSON.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from .blend import blend

#: No cosine and no fused rank lies above it: scores that do are counted words, unless the
#: last has most of the best one's: cosines as percentages.
_HIGHEST_COSINE = 1.0
_LEXICAL_FALL = 0.8
#: As reciprocal rank fusion counts ranks.
_RANK_OFFSET = 60


@dataclass(frozen=True)
class BlendRule:
    """The model's share behind a search by words (`lexical`) and behind any other (`other`): what is not clearly counted
    words may be a good search by vectors, whose order a small model must not undo."""

    lexical: float = 0.8
    other: float = 0.8

    def constants(self) -> dict:
        return asdict(self)

    def share(self, first: np.ndarray) -> float:
        """`first`: the first stage's scores, in any order."""
        high, low = float(first.max()), float(first.min())
        return self.lexical if high > _HIGHEST_COSINE and 0 <= low <= _LEXICAL_FALL * high else self.other

    def blend(self, first: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """What a pool is ordered by, descending, ties as the first stage had them. `first` in the first stage's order, best
        first; NaN where a score is missing, and then, as where scores rise, ranks stand in for all of them."""
        known = bool(np.isfinite(first).all())
        if not known or (len(first) > 1 and first[0] < first[-1]):
            first = 1 / (_RANK_OFFSET + 1 + np.arange(len(first), dtype=float))
        return blend(scores, first, self.share(first))


def rule_of(folder: Path) -> BlendRule:
    """The `defaults.blend` of a model's config.json; today's share where it says nothing."""
    path = folder / 'config.json'
    config = json.loads(path.read_text(encoding='utf-8')) if path.is_file() else {}
    given = config.get('defaults', {}).get('blend', {})
    return BlendRule(**{name: given[name] for name in BlendRule.__dataclass_fields__ if name in given})


CASES = {
    'BM25': [21.4, 15.0, 9.2, 8.8, 6.1],
    'BM25 of a long query, in a short list': [21.4, 20.9, 18.0, 17.2, 17.12],
    'BM25 whose last is nearly as good as the best': [21.4, 20.9, 20.0, 19.2, 18.5],
    'BM25 that ends in a passage without any of the words': [7.5, 3.0, 0.0, 0.0, 0.0],
    'cosines': [0.83, 0.81, 0.8, 0.72, 0.66],
    'cosines of another encoder, down to nothing': [0.71, 0.4, 0.12, 0.02, -0.03],
    'cosines as percentages': [83.0, 81.0, 80.0, 76.0, 72.0],
    'reciprocal rank fusion': [2 / 61, 1 / 61 + 1 / 63, 2 / 62, 1 / 64, 1 / 65],
    'log-probabilities': [-0.1, -1.2, -2.0, -4.5, -7.0],
    'equal scores': [0.5, 0.5, 0.5, 0.5, 0.5],
    'distances, nearest first': [0.21, 0.3, 0.34, 0.5, 0.8],
    'one score is missing': [21.4, None, 9.2, 8.8, 6.1],
    'no score is there': [None, None, None, None, None],
}
LOGITS = [-1.5, 2.0, 2.0, -4.0, 3.1]


def golden(rule: BlendRule) -> list[dict]:
    """For each case the share, the mixed numbers and the order, as positions."""
    found = []
    for name, given in CASES.items():
        first = np.array([np.nan if one is None else one for one in given], float)
        mixed = rule.blend(first, np.array(LOGITS))
        ranks = not np.isfinite(first).all() or first[0] < first[-1]
        share = rule.other if ranks else rule.share(first)
        order = np.argsort(-mixed, kind='stable').tolist()
        found.append({'name': name, 'first': given, 'logits': LOGITS, 'share': share, 'mixed': mixed.tolist(), 'order': order})
    return found


if __name__ == '__main__':
    example = BlendRule(0.85, 0.3)
    print(json.dumps({'rule': example.constants(), 'cases': golden(example)}, indent=1))
