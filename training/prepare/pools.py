"""The pool: one query and its candidates with labels and scores. What mining and labelling write, and training reads."""

from __future__ import annotations

import gzip
import io
import json
import math
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from prepare.errors import DataError


@dataclass(frozen=True)
class Candidate:
    """`label`: 1 relevant, 0 not, between for grades, None when nobody judged it. `scores`: scorer -> number."""

    id: str
    text: str
    label: float | None = None
    scores: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Pool:
    id: str
    set: str
    query: str
    candidates: list[Candidate]
    style: str = 'original'


def write_pools(path: Path, pools: Iterable[Pool]) -> int:
    """JSON lines, compressed when the name ends in .gz; returns how many.

    The file appears when it is whole; the same pools give the same bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + '.part')
    count = 0
    with part.open('wb') as raw:
        packed = gzip.GzipFile('', 'wb', 6, raw, mtime=0) if path.suffix == '.gz' else raw
        for count, pool in enumerate(pools, 1):
            packed.write((json.dumps(_row(pool), ensure_ascii=False) + '\n').encode())
        if packed is not raw:
            packed.close()
    part.rename(path)
    return count


def read_pools(path: Path) -> Iterator[Pool]:
    """Reads what `mine`, `prepare.feedback` and `secondpass label` write. Throws DataError with file and line."""
    try:
        with path.open('rb') as raw:
            stream = gzip.open(raw) if path.suffix == '.gz' else raw
            for number, line in enumerate(io.TextIOWrapper(stream, encoding='utf-8'), 1):
                if line.strip():
                    yield _pool(line, f'{path}:{number}')
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as cause:
        raise DataError(f'{path}: cannot be read: {cause}') from cause


def _row(pool: Pool) -> dict:
    candidates = [{'id': one.id, 'text': one.text, 'label': one.label, 'scores': one.scores} for one in pool.candidates]
    return {'id': pool.id, 'set': pool.set, 'query': pool.query, 'style': pool.style, 'candidates': candidates}


def _pool(line: str, where: str) -> Pool:
    try:
        row = json.loads(line)
        candidates = [_candidate(one, where) for one in row['candidates']]
        if not all(isinstance(text, str) for text in (row['query'], *(one.text for one in candidates))):
            raise TypeError('query and texts are strings')
        return Pool(str(row['id']), str(row.get('set', '')), row['query'], candidates, row.get('style', 'original'))
    except (ValueError, KeyError, TypeError, AttributeError) as cause:
        raise DataError(f'{where}: write an object with "id", "query" and "candidates"; {cause}') from cause


def _candidate(row: dict, where: str) -> Candidate:
    label, scores = row.get('label'), row.get('scores') or {}
    numbers = [*scores.values(), *([] if label is None else [label])]
    if not all(isinstance(one, int | float) and math.isfinite(one) for one in numbers):
        raise DataError(f'{where}: candidate {row["id"]!r} has a label or a score that is not a finite number')
    if label is not None and not 0 <= label <= 1:
        raise DataError(f'{where}: candidate {row["id"]!r} has label {label}; labels lie in 0..1, null for unjudged')
    return Candidate(str(row['id']), row['text'], label, scores)
