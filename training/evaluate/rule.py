"""The rule by which a model's scores are mixed with those of the first stage; packages/core has the same.

python -m evaluate.rule prints golden cases for the library's tests as JSON.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from .blend import blend

#: No cosine, probability or fused rank lies above it, give or take what a sum of 32-bit floats is off: scores that do are
#: counted words, unless the last has most of the best one's, as cosines in percent have.
_HIGHEST_SIMILARITY = 1.001
_LEXICAL_FALL = 0.8
#: No rank that was fused by 1 / (60 + rank) lies above it: the best of six lists has 6 / 61.
_HIGHEST_FUSED_RANK = 0.1


@dataclass(frozen=True)
class BlendRule:
    """The model's share behind a search by words (`lexical`), behind lists fused by their ranks (`fused`; None: as behind any
    other), and behind any other (`other`): what is neither clearly may be a good search by vectors, whose order a small model must
    not undo."""

    lexical: float
    other: float
    fused: float | None = None

    def constants(self) -> dict:
        return {name: share for name, share in asdict(self).items() if share is not None}

    @property
    def behind_fusions(self) -> float:
        return self.other if self.fused is None else self.fused

    def share(self, first: np.ndarray) -> float:
        """`first`: the first stage's scores, in any order."""
        high, low = float(first.max()), float(first.min())
        if high > _HIGHEST_SIMILARITY and 0 <= low <= _LEXICAL_FALL * high:
            return self.lexical
        return self.behind_fusions if low > 0 and high <= _HIGHEST_FUSED_RANK else self.other

    def mixes(self, first: np.ndarray) -> bool:
        """Whether anything is mixed: not where a score is missing (NaN), nor where three or more scores only rise, as
        distances do."""
        if not np.isfinite(first).all():
            return False
        return len(first) < 3 or not ((np.diff(first) >= 0).all() and first[-1] > first[0])

    def blend(self, first: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """What a pool is ordered by, descending, ties as the first stage had them. `first` in the first stage's order, best
        first."""
        return blend(scores, first, self.share(first)) if self.mixes(first) else scores


#: What the bundled model ships with.
BUNDLED = BlendRule(lexical=0.8, other=0.25, fused=0.35)


def rule_of(folder: Path) -> BlendRule:
    """The `secondpass.blend.weight` of a model's config.json, one share or several; the bundled model's where it says nothing."""
    path = folder / 'config.json'
    config = json.loads(path.read_text(encoding='utf-8')) if path.is_file() else {}
    weight = config.get('secondpass', {}).get('blend', {}).get('weight')
    if weight is None:
        return BUNDLED
    return BlendRule(**weight) if isinstance(weight, dict) else BlendRule(weight, weight)


CASES = {
    'BM25': [21.4, 15.0, 9.2, 8.8, 6.1],
    'BM25 of a long query, in a short list': [21.4, 20.9, 18.0, 17.2, 17.12],
    'BM25 whose last is nearly as good as the best': [21.4, 20.9, 20.0, 19.2, 18.5],
    'BM25 that ends in a passage without any of the words': [7.5, 3.0, 0.0, 0.0, 0.0],
    'cosines': [0.83, 0.81, 0.8, 0.72, 0.66],
    'cosines of another encoder, down to nothing': [0.71, 0.4, 0.12, 0.02, -0.03],
    'cosines of equal vectors, a little above one': [1.0000002, 0.7, 0.41, 0.4, 0.2],
    'cosines as percentages': [83.0, 81.0, 80.0, 76.0, 72.0],
    'reciprocal rank fusion': [2 / 61, 1 / 61 + 1 / 63, 2 / 62, 1 / 64, 1 / 65],
    'reciprocal rank fusion of six lists': [6 / 61, 5 / 61, 4 / 62, 1 / 64, 1 / 160],
    'small cosines, one of them none': [0.09, 0.04, 0.02, 0.01, 0.0],
    'small cosines, one above a fused rank': [0.11, 0.04, 0.02, 0.01, 0.01],
    'log-probabilities': [-0.1, -1.2, -2.0, -4.5, -7.0],
    'equal scores': [0.5, 0.5, 0.5, 0.5, 0.5],
    'distances, nearest first': [0.21, 0.3, 0.34, 0.5, 0.8],
    'one score is missing': [21.4, None, 9.2, 8.8, 6.1],
    'no score is there': [None, None, None, None, None],
}
LOGITS = [-1.5, 2.0, 2.0, -4.0, 3.1]


def golden(rule: BlendRule) -> list[dict]:
    """For each case the order, as positions, and where anything is mixed the share and the mixed numbers."""
    found = []
    for name, given in CASES.items():
        first = np.array([np.nan if one is None else one for one in given], float)
        key = rule.blend(first, np.array(LOGITS))
        order = np.argsort(-key, kind='stable').tolist()
        mix = {'share': rule.share(first), 'mixed': key.tolist()} if rule.mixes(first) else {}
        found.append({'name': name, 'first': given, 'logits': LOGITS, **mix, 'order': order})
    return found


if __name__ == '__main__':
    example = BlendRule(lexical=0.85, other=0.3, fused=0.45)
    print(json.dumps({'rule': example.constants(), 'cases': golden(example)}, indent=1))
