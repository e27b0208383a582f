"""Which passages and queries are mined together.

A slice is made of runs of neighbouring passages, since neighbours (the same chapter, the same page) are the hardest
negatives, taken from all over the set. Everything in a slice is embedded once and then serves all its queries: on a CPU
this is what makes bi-encoder candidates affordable. With `passages_per_slice = 0` the slice is the whole set.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mine.config import MineConfig
from prepare.beir import Passage, Query, RelevanceSet
from prepare.text import fraction, rng


@dataclass(frozen=True)
class Slice:
    passages: list[Passage]
    queries: list[Query]
    positives: dict[str, dict[str, float]]


def slices_of(found: RelevanceSet, number: int, config: MineConfig) -> dict[str, Slice]:
    """Slice `number` of a set with the queries that it answers, by split; empty when the set is used up."""
    passages = _passages(found, number, config)
    inside = {one.id for one in passages}
    made = {}
    for split in ('train', 'held-out'):
        positives = {}
        for query, grades in found.positives(split).items():
            here = {passage: grade for passage, grade in grades.items() if passage in inside}
            if here:
                positives[query] = here
        chosen = _chosen(found.name, positives, config)
        made[split] = Slice(passages, [found.queries[id] for id in chosen], {id: positives[id] for id in chosen})
    return made


def _chosen(name: str, queries: Iterable[str], config: MineConfig) -> list[str]:
    """So many as the configuration wants, in an order that depends on nothing but their ids."""
    limit = config.queries.get(name, config.queries_per_slice) or None
    return sorted(queries, key=lambda id: fraction(config.seed, 'query', name, id))[:limit]


def _passages(found: RelevanceSet, number: int, config: MineConfig) -> list[Passage]:
    everything = list(found.passages.values())
    wanted = config.set_passages.get(found.name, config.passages_per_slice)
    if not wanted:
        return everything if number == 0 else []
    runs = [everything[at : at + config.run_length] for at in range(0, len(everything), config.run_length)]
    rng(config.seed, 'runs', found.name).shuffle(runs)
    size = max(1, wanted // config.run_length)
    return [one for run in runs[number * size : (number + 1) * size] for one in run]
