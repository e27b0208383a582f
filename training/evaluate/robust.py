"""python -m evaluate.robust --model NAME=FOLDER --sets FOLDER ... --out FOLDER [--limit 40] [--first-stage bm25]

The same questions as careless or hurried people type them: what BM25, the model and the blend lose in nDCG@10. The search
sees the changed question as well, so that each row is what a user would get.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from prepare.errors import DataError, ends_in_one_line
from prepare.styles import rewrite
from prepare.text import rng
from prepare.words import STOP_WORDS

from .first_stage import PoolSet, Search, read_pools
from .metrics import interval_of_sets, ndcg_by_question
from .rule import rule_of
from .scores import model_scores
from .stages import stage_of

SHORT = 3


def _short(query: str, random) -> str:
    """The three longest content words, in their order: what a phone's keyboard leaves."""
    kept = [word for word in re.findall(r'\w+', query) if word.lower() not in STOP_WORDS]
    longest = sorted(kept, key=lambda word: (-len(word), kept.index(word)))[:SHORT]
    return ' '.join(word for word in dict.fromkeys(kept) if word in longest) or query


def _long(query: str, random) -> str:
    """As people write to a person."""
    opening = random.choice(('Hello, I have been looking for this for a while:', 'Could somebody tell me, please,', 'Quick question.'))
    return f'{opening} {query} Any pointer would be a great help, thank you.'


#: A question and a generator to the question as it is typed. Each changes every question that it can.
VARIANTS: dict[str, Callable] = {
    'as it is': lambda query, random: query,
    'typos': lambda query, random: rewrite.typo(query, random) or query,
    'lower case': lambda query, random: query.lower(),
    'upper case': lambda query, random: query.upper(),
    'keywords': lambda query, random: rewrite.keywords(query, random) or query,
    'short': _short,
    'long': _long,
}


def changed(search: Search, variant: Callable, name: str) -> Search:
    """The search, asked in that way."""

    def asked(corpus, queries):
        return search(corpus, [variant(query, rng(1, name, query)) for query in queries])

    return asked


def measure_variant(folder: Path, limit: int, search: Search, name: str, model: Path, out: Path) -> dict[str, np.ndarray]:
    found = read_pools(folder, limit, search=changed(search, VARIANTS[name], name))
    pools = [replace(pool, query=VARIANTS[name](pool.query, rng(1, name, pool.query))) for pool in found.pools]
    pool_set = PoolSet(found.name, pools, found.available)
    scores, rule = model_scores(model, pool_set, out / 'scores', 256), rule_of(model)
    rows = {
        'first stage': [pool.first for pool in pools],
        'alone': scores,
        'blended': [rule.blend(pool.first, row) for pool, row in zip(pools, scores, strict=True)],
    }
    return {system: ndcg_by_question(pools, one) for system, one in rows.items()}


def changes(measured: dict[str, list[dict[str, np.ndarray]]]) -> dict[str, dict]:
    """Means over sets by variant and system, and the change from the question as it is, with its interval."""
    found = {}
    for name, sets in measured.items():
        found[name] = {}
        for system in sets[0]:
            gaps = [one[system] - before[system] for one, before in zip(sets, measured['as it is'], strict=True)]
            low, high = interval_of_sets(gaps)
            change = float(np.mean([gap.mean() for gap in gaps]))
            mean = float(np.mean([one[system].mean() for one in sets]))
            found[name][system] = {'mean': round(mean, 4), 'change': [round(one, 4) for one in (change, low, high)]}
    return found


def table(found: dict[str, dict]) -> str:
    systems = list(next(iter(found.values())))
    lines = ['| query | ' + ' | '.join(systems) + ' |', '| --- |' + ' --- |' * len(systems)]
    for name, rows in found.items():
        cells = [f'{rows[one]["mean"]:.3f} ({rows[one]["change"][0]:+.3f})' for one in systems]
        lines.append(f'| {name} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m evaluate.robust', description='Careless and hurried queries.')
    parser.add_argument('--model', required=True, metavar='NAME=FOLDER', help='exported or trained')
    parser.add_argument('--sets', type=Path, nargs='+', required=True)
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--limit', type=int, default=40, help='questions of each set, all of which it has')
    parser.add_argument('--first-stage', default='bm25', help='as `python -m evaluate` takes it')
    options = parser.parse_args(arguments)
    name, equals, folder = options.model.partition('=')
    if not equals:
        raise DataError(f'--model is {options.model!r}; write NAME=FOLDER')
    stage = stage_of(options.first_stage, options.out / 'vectors', 256)
    measured = {
        variant: [measure_variant(one, options.limit, stage.search, variant, Path(folder), options.out) for one in options.sets]
        for variant in VARIANTS
    }
    found = changes(measured)
    print(table(found))
    figures = {
        'model': name,
        'first stage': stage.name,
        'sets': [one.name for one in options.sets],
        'questions': options.limit,
        'queries': found,
    }
    (options.out / 'robust.json').write_text(json.dumps(figures, indent=1) + '\n', encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
