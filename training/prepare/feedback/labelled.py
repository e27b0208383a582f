"""What `secondpass label` wrote: pools already, which get labels from a teacher's scores where nobody judged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from prepare.errors import DataError
from prepare.pools import Candidate, Pool


@dataclass(frozen=True)
class Teacher:
    """`scorer`: the id under which its scores stand; `relevant_from`: the score, on its own scale, that means relevant."""

    scorer: str = ''
    relevant_from: float | None = None


def label_pools(pools: Iterable[Pool], teacher: Teacher) -> Iterator[Pool]:
    """Judgements stay as they are. Without `relevant_from` nothing is labelled: the scores alone are enough to distil."""
    for pool in pools:
        if teacher.relevant_from is None:
            yield pool
            continue
        labelled = [_label(one, pool, teacher) for one in pool.candidates]
        yield replace(pool, candidates=sorted(labelled, key=lambda one: -(one.label or 0.0)))


def _label(one: Candidate, pool: Pool, teacher: Teacher) -> Candidate:
    if one.label is not None:
        return one
    scorer = teacher.scorer or _only_scorer(one, pool)
    if scorer not in one.scores:
        known = ', '.join(one.scores) or 'none'
        raise DataError(f'pool {pool.id!r}, candidate {one.id!r}: has no score of {scorer!r}; it has {known}')
    return replace(one, label=float(one.scores[scorer] >= teacher.relevant_from))


def _only_scorer(one: Candidate, pool: Pool) -> str:
    if len(one.scores) != 1:
        known = ', '.join(one.scores) or 'none'
        raise DataError(f'pool {pool.id!r}, candidate {one.id!r}: has scores of {known}; name one with --scorer')
    return next(iter(one.scores))
