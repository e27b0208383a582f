"""The rule by which a model's scores are mixed with those of the first stage; packages/core has the same."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from .blend import blend

#: Above it no cosine lies. Scores beyond it that fall to half of the best or below are counted words.
_HIGHEST_COSINE = 1.0
_LEXICAL_FALL = 0.5


@dataclass(frozen=True)
class BlendRule:
    """The model's share behind a search by words (`lexical`) and behind any other (`other`): what is not clearly counted
    words may be a good search by vectors, whose order a smaller model must not undo."""

    lexical: float = 0.8
    other: float = 0.8

    def constants(self) -> dict:
        return asdict(self)

    def share(self, first: np.ndarray) -> float:
        high, low = float(first.max()), float(first.min())
        counted = high > _HIGHEST_COSINE and 0 <= low <= _LEXICAL_FALL * high
        return self.lexical if counted else self.other

    def blend(self, first: np.ndarray, scores: np.ndarray) -> np.ndarray:
        return blend(scores, first, self.share(first))


def rule_of(folder: Path) -> BlendRule:
    """The `defaults.blend` of a model's config.json; today's share where it says nothing."""
    path = folder / 'config.json'
    config = json.loads(path.read_text(encoding='utf-8')) if path.is_file() else {}
    given = config.get('defaults', {}).get('blend', {})
    return BlendRule(**{name: given[name] for name in BlendRule.__dataclass_fields__ if name in given})
