"""Which passages and queries are mined together.

A slice is made of runs of neighbouring passages, since neighbours (the same chapter, the same page) are the hardest
negatives, taken from all over the set. Everything in a slice is embedded once and then serves all its queries: on a CPU
this is what makes bi-encoder candidates affordable. With `passages_per_slice = 0` the slice is the whole set.
"""

from __future__ import annotations

from dataclasses import dataclass

from mine.config import MineConfig
from prepare.beir import Passage, Query, RelevanceSet
from prepare.text import fraction, rng


@dataclass(frozen=True)
class Slice:
    passages: list[Passage]
    queries: list[Query]
    positives: dict[str, dict[str, float]]


def take_slice(found: RelevanceSet, number: int, split: str, config: MineConfig) -> Slice:
    """Slice `number` of a set with the queries of one split that it answers; empty when the set is used up."""
    passages = _passages(found, number, config)
    inside = {one.id for one in passages}
    positives = {}
    for query, grades in found.positives(split).items():
        here = {passage: grade for passage, grade in grades.items() if passage in inside}
        if here:
            positives[query] = here
    chosen = sorted(positives, key=lambda id: fraction(config.seed, 'query', found.name, id))
    limit = config.queries.get(found.name, config.queries_per_slice)
    chosen = chosen[:limit] if limit else chosen
    return Slice(passages, [found.queries[id] for id in chosen], {id: positives[id] for id in chosen})


def _passages(found: RelevanceSet, number: int, config: MineConfig) -> list[Passage]:
    everything = list(found.passages.values())
    if not config.passages_per_slice:
        return everything if number == 0 else []
    runs = [everything[at : at + config.run_length] for at in range(0, len(everything), config.run_length)]
    rng(config.seed, 'runs', found.name).shuffle(runs)
    size = max(1, config.passages_per_slice // config.run_length)
    return [one for run in runs[number * size : (number + 1) * size] for one in run]
