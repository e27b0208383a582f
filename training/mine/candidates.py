"""Chooses the candidates of one query from what BM25 and the bi-encoder found."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from mine.config import MineConfig


@dataclass(frozen=True)
class Found:
    """Scores of all passages of the slice for one query; `positives` are places in them; `words` their sets of words."""

    lexical: np.ndarray
    similar: np.ndarray
    positives: list[int]
    words: list[frozenset[str]]


def choose(found: Found, config: MineConfig, generator: random.Random) -> tuple[list[int], list[int]] | str:
    """Places of positives and negatives, or in one word why the query is left out."""
    positives = sorted(found.positives, key=lambda place: (-found.similar[place], place))[: config.max_positives]
    best = float(found.similar[positives[0]])
    if best < config.min_positive_similarity:
        return 'positive too unlike the query'
    ahead = min(int((found.similar > best).sum()), int((found.lexical > found.lexical[positives].max()).sum()))
    if ahead >= config.max_positive_rank:
        return 'positive found by neither search'
    generator.shuffle(positives)
    wanted = config.candidates - len(positives)
    at_random = round(wanted * config.random_share)
    hard = _hard(found, best * config.false_negative_ratio, wanted - at_random, config, generator)
    return positives, hard + _random(found, {*hard, *found.positives}, best, wanted - len(hard), generator)


def _hard(found: Found, too_similar: float, wanted: int, config: MineConfig, generator: random.Random) -> list[int]:
    """BM25 and bi-encoder take turns; the first half as they come, the others drawn from what is left of the depth."""
    lexical = [place for place in _top(found.lexical, config.depth) if found.lexical[place] > 0]
    turns = [place for pair in zip_longest(lexical, _top(found.similar, config.depth)) for place in pair]
    known = {None, *found.positives}
    likely = [place for place in dict.fromkeys(turns) if place not in known and found.similar[place] <= too_similar]
    open_to = [place for place in likely if not _near_identical(found, place, config.near_identical_jaccard)]
    hardest = open_to[: round(wanted * config.hardest_share)]
    rest = open_to[len(hardest) :]
    return hardest + generator.sample(rest, min(len(rest), wanted - len(hardest)))


def _random(found: Found, taken: set[int], best: float, wanted: int, generator: random.Random) -> list[int]:
    """Passages of the slice that are less like the query than the positive."""
    chosen: list[int] = []
    for place in generator.sample(range(len(found.similar)), min(len(found.similar), wanted * 20)):
        if len(chosen) >= wanted:
            break
        if place not in taken and found.similar[place] <= best * 0.8:
            chosen.append(place)
    return chosen


def _top(scores: np.ndarray, depth: int) -> list[int]:
    """Places by falling score; ties keep their order, so that the result is the same everywhere."""
    depth = min(depth, len(scores))
    enough = np.flatnonzero(scores >= np.partition(scores, -depth)[-depth])
    return enough[np.argsort(-scores[enough], kind='stable')[:depth]].tolist()


def _near_identical(found: Found, place: int, jaccard: float) -> bool:
    mine = found.words[place]
    return any(len(mine & found.words[other]) >= jaccard * len(mine | found.words[other]) for other in found.positives)
