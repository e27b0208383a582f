"""The ways to order a pool that the table compares."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from prepare.errors import DataError

from .blend import blend, cascade
from .first_stage import PoolSet
from .scores import encoder_scores, model_scores

FUSION_WEIGHT, CASCADE_KEEP = 0.7, 20
#: The model's share, as config.json of packages/model-en-mini recommends it; a test holds them together.
BLEND_WEIGHT = 0.8
Scores = list[np.ndarray]


def check_blend(said: str, name: str, share: float, models: Collection[str]) -> None:
    """Throws DataError, which begins with what was said, unless it is a share and one of a model."""
    if name not in models or not 0 < share <= 1:
        raise DataError(f'{said}; name a model, and a share above 0 to 1')


@dataclass(frozen=True)
class Choice:
    """What to compare. `models`: name -> exported folder. `cascades`: names of the first and the second model."""

    models: dict[str, Path]
    encoder: Path | None = None
    cascades: list[tuple[str, str]] = field(default_factory=list)
    max_tokens: int = 256
    keep: int = CASCADE_KEEP
    blends: dict[str, float] = field(default_factory=dict)
    """The share of a model where it is not BLEND_WEIGHT, by its name."""

    def blend_of(self, name: str) -> float:
        return self.blends.get(name, BLEND_WEIGHT)


def all_systems(choice: Choice, pool_set: PoolSet, cache: Path) -> dict[str, Scores]:
    """Scores by name of the system, BM25 first."""
    pools = pool_set.pools
    found: dict[str, Scores] = {'BM25': [pool.first for pool in pools]}

    def each(mix: Callable[..., np.ndarray], *columns: Scores) -> Scores:
        return [mix(*row, pool.first) for *row, pool in zip(*columns, pools, strict=True)]

    if choice.encoder is not None:
        found['bi-encoder'] = encoder_scores(choice.encoder, pool_set, cache, choice.max_tokens)
        found['bi-encoder + BM25'] = each(lambda scores, bm25: blend(scores, bm25, FUSION_WEIGHT), found['bi-encoder'])
    for name, folder in choice.models.items():
        found[name] = model_scores(folder, pool_set, cache, choice.max_tokens)
        share = choice.blend_of(name)
        found[f'{name} + BM25'] = each(lambda scores, bm25: blend(scores, bm25, share), found[name])
    for second in dict.fromkeys(second for _, second in choice.cascades):
        # What a cascade has to be better than: the same model over as many, as the first stage has them.
        shares = (1.0, choice.blend_of(second))
        found[f'{second} over the best {choice.keep}, + BM25'] = each(
            lambda late, bm25: cascade(bm25, late, bm25, choice.keep, shares), found[second]
        )
    for first, second in choice.cascades:
        shares = (choice.blend_of(first), choice.blend_of(second))
        found[f'{first} → {second}, + BM25'] = each(
            lambda early, late, bm25: cascade(early, late, bm25, choice.keep, shares), found[first], found[second]
        )
    return found
