"""Searches one slice of a set with BM25 and the bi-encoder, and makes the pools of its queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import bm25s
import numpy as np
import Stemmer

from mine.candidates import Chooser, Found
from mine.config import MineConfig
from mine.encoder import QUERY, Embed
from mine.slices import Slice, slices_of
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
        self.ids = [one.id for one in passages]
        self.texts = [full_text(one.title, one.text) for one in passages]
        self._place = {id: place for place, id in enumerate(self.ids)}
        self._embed, self._stemmer = embed, Stemmer.Stemmer('english')
        self._index = bm25s.BM25(k1=0.9, b=0.4)
        self._index.index(self._tokens(self.texts), show_progress=False)
        self._vectors = embed(self.texts)
        self._words = [frozenset(words(text)) for text in self.texts]

    def find(self, part: Slice) -> Iterator[tuple[Query, Found]]:
        """For each query of the slice, the scores of all passages."""
        asked = self._embed([query.text for query in part.queries], QUERY) if part.queries else None
        for at in range(0, len(part.queries), _BLOCK):
            block = part.queries[at : at + _BLOCK]
            for query, similar in zip(block, asked[at : at + _BLOCK] @ self._vectors.T):
                positives = [self._place[id] for id in part.positives[query.id]]
                yield query, Found(self._lexical(query.text), similar, positives, self._words)

    def _lexical(self, query: str) -> np.ndarray:
        """BM25 of every passage; zeros when the query is nothing but stop words."""
        tokens = self._tokens([query], return_ids=False)[0]
        return self._index.get_scores(tokens) if tokens else np.zeros(len(self.texts), np.float32)

    def _tokens(self, texts: list[str], **options):
        return bm25s.tokenize(texts, stopwords='en', stemmer=self._stemmer, show_progress=False, **options)


@dataclass
class SliceMiner:
    """`left_out` counts why queries have no pool."""

    config: MineConfig
    embed: Embed
    left_out: Counter = field(default_factory=Counter)

    def pools(self, one: RelevanceSet, number: int) -> dict[str, list[Pool]]:
        """The pools of slice `number`, by split."""
        slices = slices_of(one, number, self.config)
        if len(slices['train'].passages) <= self.config.candidates:
            return {split: [] for split in SPLITS}
        search = Search(slices['train'].passages, self.embed)
        return {split: list(self._pools_of(one.name, part, search)) for split, part in slices.items()}

    def _pools_of(self, name: str, part: Slice, search: Search) -> Iterator[Pool]:
        ratio = self.config.false_negative_ratios.get(name, self.config.false_negative_ratio)
        config = replace(self.config, false_negative_ratio=ratio)
        for query, found in search.find(part):
            chosen = Chooser(config, rng(config.seed, 'candidates', name, query.id)).choose(found)
            if isinstance(chosen, str):
                self.left_out[chosen] += 1
                continue
            grades = part.positives[query.id]
            highest = max(1.0, *grades.values())
            labels = {id: grade / highest for id, grade in grades.items()}
            yield Pool(
                f'{name}/{query.id}', name, query.text, self._candidates(chosen, labels, (search, found)), query.style
            )

    def _candidates(self, places: list[int], labels: dict[str, float], where: tuple[Search, Found]) -> list[Candidate]:
        search, found = where
        made = []
        for place in places:
            scores = {
                'bm25': round(float(found.lexical[place]), 4),
                'bi-encoder': round(float(found.similar[place]), 4),
            }
            text = search.texts[place][: self.config.max_pool_characters]
            made.append(Candidate(search.ids[place], text, labels.get(search.ids[place]), scores))
        return made
