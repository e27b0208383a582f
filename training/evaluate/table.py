"""Figures of all sets and systems, as JSON and as Markdown."""

from __future__ import annotations

import numpy as np

from .first_stage import PoolSet
from .metrics import ceiling, interval, interval_of_sets, ndcg_by_question
from .systems import Scores

FIRST = 'BM25'
Figures = dict[str, dict]


def measure(pool_set: PoolSet, systems: dict[str, Scores]) -> Figures:
    """One set: nDCG@10 by question and system, means, and differences to BM25 with their intervals."""
    found = {name: ndcg_by_question(pool_set.pools, scores) for name, scores in systems.items()}
    found['ceiling'] = ceiling(pool_set.pools)
    return {
        'questions': len(pool_set.pools),
        'available': pool_set.available,
        'mean': {name: float(values.mean()) for name, values in found.items()},
        'difference': {
            name: [float((values - found[FIRST]).mean()), *interval(values - found[FIRST])]
            for name, values in found.items()
            if name not in (FIRST, 'ceiling')
        },
        'by_question': {name: [round(float(value), 6) for value in values] for name, values in found.items()},
    }


def mean_of_sets(measured: dict[str, Figures]) -> Figures:
    """Every set counts the same."""
    names = list(next(iter(measured.values()))['mean'])
    rows = {name: [np.array(one['by_question'][name]) for one in measured.values()] for name in names}
    mean = {name: float(np.mean([row.mean() for row in values])) for name, values in rows.items()}
    difference = {}
    for name in names:
        if name not in (FIRST, 'ceiling'):
            gaps = [mine - theirs for mine, theirs in zip(rows[name], rows[FIRST])]
            difference[name] = [mean[name] - mean[FIRST], *interval_of_sets(gaps)]
    return {'mean': mean, 'difference': difference}


def markdown(measured: dict[str, Figures]) -> str:
    """A row a system, a column a set. Below each mean, the interval of its difference to BM25."""
    overall = mean_of_sets(measured)
    columns = [*measured.items(), ('mean of sets', overall)]
    heads = ['nDCG@10', *(name if 'questions' not in one else f'{name} ({_count(one)})' for name, one in columns)]
    lines = ['| ' + ' | '.join(heads) + ' |', '| --- |' + ' --- |' * len(columns)]
    for name in overall['mean']:
        label = 'best order of the pool' if name == 'ceiling' else name
        lines.append(f'| {label} | ' + ' | '.join(_cell(one, name) for _, one in columns) + ' |')
    return '\n'.join(lines) + '\n'


def _count(one: Figures) -> str:
    return (
        str(one['questions']) if one['questions'] == one['available'] else f'{one["questions"]} of {one["available"]}'
    )


def _cell(one: Figures, name: str) -> str:
    text = f'{one["mean"][name]:.3f}'
    if name not in one['difference']:
        return text
    _, low, high = one['difference'][name]
    bold = '**' if low > 0 else ''
    return f'{bold}{text}{bold} ({low:+.3f} to {high:+.3f})'


EXPLANATION = """nDCG@10 over BM25's top 100 (k1 = 0.9, b = 0.4, title and text); in brackets the 95 % bootstrap interval of the
difference to BM25 (questions resampled, both systems together); bold where it lies above 0. "+ BM25": scores of both,
min-max normalised within the pool; {blend} is the share of a model, {fusion:g} that of the bi-encoder. "→": the second
model reads the {keep} best of the first. At most {max_tokens} tokens a pair. Sets with fewer questions than available: the
first of a fixed shuffle.
"""
