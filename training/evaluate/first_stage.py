"""What is reranked: the first 100 of a search over the whole collection, title and text."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bm25s
import numpy as np
import Stemmer

from prepare.beir import RelevanceSet, read_set
from prepare.errors import DataError
from prepare.text import full_text

DEPTH = 100
Found = list[tuple[str, float]]
#: Passages by id, and queries, to the best passages of each with their scores, best first.
Search = Callable[[dict[str, str], list[str]], list[Found]]


@dataclass(frozen=True)
class Pool:
    """One question with its candidates, best first, and all of its judgements."""

    id: str
    query: str
    ids: list[str]
    texts: list[str]
    first: np.ndarray
    """What the first stage scored them, descending."""
    judged: dict[str, int]


@dataclass(frozen=True)
class PoolSet:
    name: str
    pools: list[Pool]
    available: int
    """Questions with a relevant passage in the collection; `pools` are the first of them in a fixed shuffle."""


def bm25(corpus: dict[str, str], queries: list[str]) -> list[Found]:
    """k1 = 0.9, b = 0.4, English stop words and stemmer."""
    ids, index = list(corpus), _index(list(corpus.values()))
    found, scores = index.retrieve(_tokens(queries), k=min(DEPTH, len(ids)), show_progress=False)
    return [[(ids[place], float(score)) for place, score in zip(*row)] for row in zip(found, scores)]


def bm25_scores(texts: list[str], queries: list[str]) -> np.ndarray:
    """The same of every text, [queries, texts]."""
    index, words = _index(texts), _tokens(queries, return_ids=False)
    return np.stack([index.get_scores(one) if one else np.zeros(len(texts), np.float32) for one in words])


def _index(texts: list[str]) -> bm25s.BM25:
    index = bm25s.BM25(k1=0.9, b=0.4)
    index.index(_tokens(texts), show_progress=False)
    return index


def _tokens(texts: list[str], **options):
    stemmer = Stemmer.Stemmer('english')
    return bm25s.tokenize(texts, stopwords='en', stemmer=stemmer, show_progress=False, **options)


def read_pools(folder: Path, limit: int | None = None, split: str = 'test', search: Search = bm25) -> PoolSet:
    """The pools of a folder with corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv."""
    data = read_set(folder)
    judged = data.positives(split)
    chosen = [query for query in data.queries if query in judged]
    if not chosen:
        has = ', '.join(sorted(data.judged)) or 'none'
        raise DataError(f'{folder}: no question has a relevant passage in qrels/{split}.tsv; it has judgements of: {has}')
    random.Random(1).shuffle(chosen)
    available, chosen = len(chosen), chosen[:limit]
    corpus = {passage.id: full_text(passage.title, passage.text) for passage in data.passages.values()}
    rows = search(corpus, [data.queries[query].text for query in chosen])
    return PoolSet(data.name, [_pool(data, split, corpus, query, row) for query, row in zip(chosen, rows)], available)


def _pool(data: RelevanceSet, split: str, corpus: dict[str, str], query: str, row: Found) -> Pool:
    ids = [passage for passage, _ in row]
    grades = data.judged[split][query]
    if broken := [grade for grade in grades.values() if grade != int(grade)]:
        fix = 'nDCG is taken over whole numbers here'
        raise DataError(f'{data.name}, qrels/{split}.tsv: {query} has the grade {broken[0]:g}; {fix}')
    return Pool(
        query,
        data.queries[query].text,
        ids,
        [corpus[one] for one in ids],
        np.array([score for _, score in row]),
        {passage: int(grade) for passage, grade in grades.items()},
    )

