"""First-stage pools: BM25 top-100 of a BEIR-format folder."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import dataclass
from pathlib import Path

import bm25s


@dataclass(frozen=True)
class Pool:
    """One query, its candidates best first, and the judgements of the query."""

    query: str
    ids: list[str]
    texts: list[str]
    judged: dict[str, int]


def read_pools(folder: Path, queries: int, depth: int = 100, seed: int = 1) -> list[Pool]:
    """BM25 (k1 = 0.9, b = 0.4, English stop words, no stemming) over title and text, for `queries` shuffled queries."""
    corpus = {row['_id']: f"{row.get('title') or ''} {row['text']}".strip() for row in _rows(folder / 'corpus.jsonl')}
    judged = _judgements(folder / 'qrels' / 'test.tsv')
    asked = [(row['_id'], row['text']) for row in _rows(folder / 'queries.jsonl') if row['_id'] in judged]
    random.Random(seed).shuffle(asked)
    asked = asked[:queries]
    ids = list(corpus)
    index = bm25s.BM25(k1=0.9, b=0.4)
    index.index(bm25s.tokenize(list(corpus.values()), stopwords='en', show_progress=False), show_progress=False)
    tokens = bm25s.tokenize([text for _, text in asked], stopwords='en', show_progress=False)
    found, _ = index.retrieve(tokens, k=min(depth, len(ids)), show_progress=False)
    rows = [[ids[i] for i in row] for row in found]
    return [Pool(text, row, [corpus[i] for i in row], judged[query]) for (query, text), row in zip(asked, rows)]


def _rows(path: Path):
    with path.open(encoding='utf-8') as file:
        yield from map(json.loads, file)


def _judgements(path: Path) -> dict[str, dict[str, int]]:
    judged: dict[str, dict[str, int]] = {}
    with path.open(encoding='utf-8') as file:
        for row in list(csv.reader(file, delimiter='\t'))[1:]:
            judged.setdefault(row[0], {})[row[1]] = int(row[2])
    return {query: grades for query, grades in judged.items() if any(grade > 0 for grade in grades.values())}
