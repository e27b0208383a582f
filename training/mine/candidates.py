"""Chooses the candidates of one query from what BM25 and the bi-encoder found."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from mine.config import MineConfig

#: A random negative's cosine is at most this times the positive's: it should be easy, and surely wrong.
_EASY = 0.8


@dataclass(frozen=True)
class Found:
    """Scores of all passages of the slice for one query; `positives` are places in them; `words` their sets of words."""

    lexical: np.ndarray
    similar: np.ndarray
    positives: list[int]
    words: list[frozenset[str]]


@dataclass(frozen=True)
class Chooser:
    config: MineConfig
    random: random.Random

    def choose(self, found: Found) -> list[int] | str:
        """Places of the positives, then of the negatives; or in a few words why the query is left out."""
        config = self.config
        positives = sorted(found.positives, key=lambda place: (-found.similar[place], place))[: config.max_positives]
        best = float(found.similar[positives[0]])
        if best < config.min_positive_similarity:
            return 'positive too unlike the query'
        ahead = min((found.similar > best).sum(), (found.lexical > found.lexical[positives].max()).sum())
        if ahead >= config.max_positive_rank:
            return 'positive found by neither search'
        self.random.shuffle(positives)
        wanted = config.candidates - len(positives)
        hard = self._hard(found, best * config.false_negative_ratio, wanted - round(wanted * config.random_share))
        easy = self._easy(found, best * _EASY, wanted - len(hard))
        return positives + hard + [place for place in easy if place not in hard][: wanted - len(hard)]

    def _hard(self, found: Found, too_similar: float, wanted: int) -> list[int]:
        """BM25 and bi-encoder take turns; the first as they come, the others drawn from what is left of the depth."""
        lexical = [place for place in _top(found.lexical, self.config.depth) if found.lexical[place] > 0]
        turns = [place for pair in zip_longest(lexical, _top(found.similar, self.config.depth)) for place in pair]
        known = {None, *found.positives}
        likely = [place for place in dict.fromkeys(turns) if place not in known and found.similar[place] <= too_similar]
        open_to = [place for place in likely if not self._near_identical(found, place)]
        hardest = open_to[: round(wanted * self.config.hardest_share)]
        rest = open_to[len(hardest) :]
        return hardest + self.random.sample(rest, min(len(rest), wanted - len(hardest)))

    def _easy(self, found: Found, too_similar: float, wanted: int) -> list[int]:
        """Passages of the slice in random order, some more than wanted, since hard ones may be among them."""
        count = len(found.similar)
        tried = self.random.sample(range(count), min(count, wanted * 20))
        known = set(found.positives)
        return [place for place in tried if place not in known and found.similar[place] <= too_similar]

    def _near_identical(self, found: Found, place: int) -> bool:
        mine, jaccard = found.words[place], self.config.near_identical_jaccard
        return any(
            len(mine & found.words[other]) >= jaccard * len(mine | found.words[other]) for other in found.positives
        )


def _top(scores: np.ndarray, depth: int) -> list[int]:
    """Places by falling score; ties keep their order, so that the result is the same everywhere."""
    depth = min(depth, len(scores))
    enough = np.flatnonzero(scores >= np.partition(scores, -depth)[-depth])
    return enough[np.argsort(-scores[enough], kind='stable')[:depth]].tolist()
