"""Pools as numbers: every distinct text once, and lists that point to them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from prepare.pools import Pool

UNJUDGED = -1.0


@dataclass
class PoolTable:
    """Candidate i of all: its text, label, and a row of scores with a column a teacher; NaN where it gave none."""

    texts: dict[str, int]
    queries: np.ndarray
    list_starts: np.ndarray
    candidates: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    hashes: np.ndarray
    set_numbers: np.ndarray
    sets: list[str]
    teachers: list[str]


@dataclass
class _Rows:
    texts: dict[str, int] = field(default_factory=dict)
    sets: dict[str, int] = field(default_factory=dict)
    queries: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=lambda: [0])
    candidates: list[int] = field(default_factory=list)
    labels: list[float] = field(default_factory=list)
    scores: list[dict[str, float]] = field(default_factory=list)
    hashes: list[int] = field(default_factory=list)
    set_numbers: list[int] = field(default_factory=list)


def table_of(pools: Iterable[Pool]) -> PoolTable:
    """All pools with at least two candidates."""
    rows = _Rows()
    for pool in pools:
        if len(pool.candidates) > 1:
            _add(rows, pool)
    teachers = sorted({name for known in rows.scores for name in known})
    scores = np.array([[known.get(name, np.nan) for name in teachers] for known in rows.scores], np.float32)
    return PoolTable(
        rows.texts,
        np.array(rows.queries, np.int64),
        np.array(rows.starts, np.int64),
        np.array(rows.candidates, np.int64),
        np.array(rows.labels, np.float16),
        scores.reshape(len(rows.scores), len(teachers)),
        np.array(rows.hashes, np.uint64),
        np.array(rows.set_numbers, np.int16),
        list(rows.sets),
        teachers,
    )


def _add(rows: _Rows, pool: Pool) -> None:
    rows.queries.append(rows.texts.setdefault(pool.query, len(rows.texts)))
    rows.hashes.append(list_hash(pool.set, pool.id))
    rows.set_numbers.append(rows.sets.setdefault(pool.set, len(rows.sets)))
    for candidate in pool.candidates:
        rows.candidates.append(rows.texts.setdefault(candidate.text, len(rows.texts)))
        rows.labels.append(UNJUDGED if candidate.label is None else candidate.label)
        rows.scores.append(candidate.scores)
    rows.starts.append(len(rows.candidates))


def list_hash(name: str, identifier: str) -> int:
    """The same 64 bits for the same list in any file: decides what is held out."""
    return int.from_bytes(hashlib.sha256(f'{name}\0{identifier}'.encode()).digest()[:8], 'little')
