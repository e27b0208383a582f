"""Searches one slice of a set with BM25 and the bi-encoder, and makes the pools of its queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import bm25s
import numpy as np
import Stemmer

from mine.candidates import Found, choose
from mine.config import MineConfig
from mine.encoder import Embed
from mine.slices import Slice, take_slice
from prepare.beir import Passage, Query, RelevanceSet
from prepare.pools import Candidate, Pool
from prepare.text import full_text, rng, words

#: Split of the set -> what the files of its pools are called.
SPLITS = {'train': 'pools', 'held-out': 'held-out'}
#: Queries compared with all passages at a time: bounds the memory.
_BLOCK = 256


class Search:
    """The passages of a slice, indexed and embedded once. BM25 with k1 = 0.9, b = 0.4 over title and text, stemmed."""

    def __init__(self, passages: list[Passage], embed: Embed):
        self.texts = [full_text(one.title, one.text) for one in passages]
        self.place = {one.id: place for place, one in enumerate(passages)}
        self._embed, self._stemmer = embed, Stemmer.Stemmer('english')
        self._index = bm25s.BM25(k1=0.9, b=0.4)
        self._index.index(bm25s.tokenize(self.texts, stopwords='en', stemmer=self._stemmer, show_progress=False), show_progress=False)
        self._vectors = embed(self.texts)
        self._words = [frozenset(words(text)) for text in self.texts]

    def find(self, part: Slice) -> Iterator[tuple[Query, Found]]:
        """For each query of the slice, the scores of all passages."""
        asked = self._embed([query.text for query in part.queries]) if part.queries else None
        for at in range(0, len(part.queries), _BLOCK):
            block = part.queries[at : at + _BLOCK]
            for query, similar in zip(block, asked[at : at + _BLOCK] @ self._vectors.T):
                positives = [self.place[id] for id in part.positives[query.id]]
                yield query, Found(self._lexical(query.text), similar, positives, self._words)

    def _lexical(self, query: str) -> np.ndarray:
        """BM25 of every passage; zeros when the query is nothing but stop words."""
        tokens = bm25s.tokenize([query], stopwords='en', stemmer=self._stemmer, return_ids=False, show_progress=False)[0]
        return self._index.get_scores(tokens) if tokens else np.zeros(len(self.texts), np.float32)


@dataclass(frozen=True)
class _Maker:
    """Turns what was found into pools of one set."""

    name: str
    ids: list[str]
    texts: list[str]
    config: MineConfig

    def pool(self, query: Query, grades: dict[str, float], found: Found, places: list[int]) -> Pool:
        """Grades above 1 become shares of the highest."""
        highest = max(1.0, *grades.values())
        candidates = []
        for place in places:
            id, text = self.ids[place], self.texts[place][: self.config.max_pool_characters]
            label = grades[id] / highest if id in grades else None
            candidates.append(Candidate(id, text, label, _scores(found, place)))
        return Pool(f'{self.name}/{query.id}', self.name, query.text, candidates, query.style)


def _scores(found: Found, place: int) -> dict[str, float]:
    return {'bm25': round(float(found.lexical[place]), 4), 'bi-encoder': round(float(found.similar[place]), 4)}


def pools_of_slice(one: RelevanceSet, number: int, config: MineConfig, embed: Embed, counts: Counter) -> dict[str, list[Pool]]:
    """Pools of both splits; `counts` is told why queries were left out."""
    slices = {split: take_slice(one, number, split, config) for split in SPLITS}
    made: dict[str, list[Pool]] = {split: [] for split in SPLITS}
    passages = slices['train'].passages
    if len(passages) <= config.candidates:
        return made
    config = replace(config, false_negative_ratio=config.false_negative_ratios.get(one.name, config.false_negative_ratio))
    search = Search(passages, embed)
    maker = _Maker(one.name, list(search.place), search.texts, config)
    for split, part in slices.items():
        for query, found in search.find(part):
            chosen = choose(found, config, rng(config.seed, 'candidates', one.name, query.id))
            if isinstance(chosen, str):
                counts[chosen] += 1
            else:
                made[split].append(maker.pool(query, part.positives[query.id], found, [*chosen[0], *chosen[1]]))
    return made
