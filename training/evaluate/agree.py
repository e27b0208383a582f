"""python -m evaluate.agree --model FOLDER --set FOLDER --out FOLDER [--first FOLDER] [--limit 10] [--max-tokens 256]

Ranks the same pools here and by the TypeScript library and compares nDCG@10, question by question. Fails when a
question differs by more than the tolerance. Needs Node and `pnpm build`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from prepare.errors import ends_in_one_line

from .blend import blend, cascade
from .first_stage import PoolSet, read_pools
from .metrics import ndcg_by_question
from .scores import model_scores
from .systems import BLEND_WEIGHT, CASCADE_KEEP, Scores
from .trec import write_pools

TOLERANCE = 1e-6
SCRIPT = Path(__file__).with_name('library.mjs')


def by_library(pool_set: PoolSet, options: argparse.Namespace) -> dict[str, Scores]:
    """The library's orders as scores, so that both sides are measured alike."""
    pools_file, ranked_file = options.out / 'agree-pools.json', options.out / 'agree-ranked.json'
    write_pools(pool_set, pools_file)
    more = [str(options.first.resolve()), str(CASCADE_KEEP)] if options.first else []
    subprocess.run(
        [
            'node',
            str(SCRIPT),
            str(pools_file),
            str(ranked_file),
            str(options.model.resolve()),
            str(options.max_tokens),
            str(BLEND_WEIGHT),
            *more,
        ],
        check=True,
    )
    ranked = json.loads(ranked_file.read_text(encoding='utf-8'))
    return {
        way: [_as_scores(pool.ids, ids) for pool, ids in zip(pool_set.pools, rows, strict=True)]
        for way, rows in ranked.items()
    }


def _as_scores(ids: list[str], ranked: list[str]) -> np.ndarray:
    rank = {one: place for place, one in enumerate(ranked)}
    return np.array([-float(rank[one]) for one in ids])


def by_python(pool_set: PoolSet, options: argparse.Namespace) -> dict[str, Scores]:
    """The ways of `evaluate`, by the same names."""
    cache, pools = options.out / 'scores', pool_set.pools
    late = model_scores(options.model, pool_set, cache, options.max_tokens)
    found = {'alone': late, 'blended': [blend(row, pool.first, BLEND_WEIGHT) for row, pool in zip(late, pools)]}
    if options.first:
        early = model_scores(options.first, pool_set, cache, options.max_tokens)
        rows = zip(early, late, pools)
        found['cascade'] = [
            cascade(first, second, pool.first, CASCADE_KEEP, (BLEND_WEIGHT, BLEND_WEIGHT)) for first, second, pool in rows
        ]
    return found


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog='python -m evaluate.agree', description='Compare with the TypeScript library.'
    )
    parser.add_argument('--model', type=Path, required=True, help='an exported model')
    parser.add_argument('--first', type=Path, help='an exported model for the first stage of a cascade')
    parser.add_argument('--set', type=Path, required=True, dest='folder')
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--limit', type=int, default=10)
    parser.add_argument('--max-tokens', type=int, default=256)
    options = parser.parse_args(arguments)
    pool_set = read_pools(options.folder, options.limit)
    ours, theirs = by_python(pool_set, options), by_library(pool_set, options)
    worst = 0.0
    for way, scores in ours.items():
        pairs = [ndcg_by_question(pool_set.pools, one) for one in (scores, theirs[way])]
        difference = float(np.abs(pairs[0] - pairs[1]).max())
        worst = max(worst, difference)
        print(
            f'{pool_set.name:10} {way:8} here {pairs[0].mean():.6f}  library {pairs[1].mean():.6f}  largest difference of a question {difference:.1e}'
        )
    return 0 if worst <= TOLERANCE else 1


if __name__ == '__main__':
    sys.exit(main())
