"""Runs and judgements as TREC files, and the pools as the library and the benchmarks read them.

python -m evaluate.trec SET_FOLDER OUT.json writes the pools of all test questions.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from prepare.errors import ends_in_one_line

from .first_stage import PoolSet, read_pools
from .systems import Scores


def write_runs(pool_set: PoolSet, systems: dict[str, Scores], folder: Path) -> None:
    """SET.SYSTEM.run and SET.qrels. The score is minus the rank, so that no tool sees a tie."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, scores in systems.items():
        lines = []
        for pool, row in zip(pool_set.pools, scores, strict=True):
            order = np.argsort(-row, kind='stable')
            lines += [
                f'{pool.id} Q0 {pool.ids[place]} {rank + 1} {-rank} {file_name(name)}'
                for rank, place in enumerate(order)
            ]
        (folder / f'{pool_set.name}.{file_name(name)}.run').write_text('\n'.join(lines) + '\n', encoding='utf-8')
    judged = [f'{pool.id} 0 {passage} {grade}' for pool in pool_set.pools for passage, grade in pool.judged.items()]
    (folder / f'{pool_set.name}.qrels').write_text('\n'.join(judged) + '\n', encoding='utf-8')


def file_name(system: str) -> str:
    """'tiny → mini, + BM25' becomes tiny-to-mini-and-bm25."""
    words = system.lower().replace('→', 'to').replace('+', 'and').replace(',', '')
    return '-'.join(words.split())


def write_pools(pool_set: PoolSet, path: Path) -> None:
    """The pools as one JSON file, for other programs to rank."""
    pools = [
        {
            'id': pool.id,
            'query': pool.query,
            'ids': pool.ids,
            'texts': pool.texts,
            'bm25': pool.first.tolist(),
            'judged': pool.judged,
        }
        for pool in pool_set.pools
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({'set': pool_set.name, 'available': pool_set.available, 'pools': pools}), encoding='utf-8')


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m evaluate.trec', description='Write the pools of a set as JSON.')
    parser.add_argument('folder', type=Path, help='a set in the layout of BEIR, with qrels/test.tsv')
    parser.add_argument('out', type=Path)
    options = parser.parse_args(arguments)
    pool_set = read_pools(options.folder)
    write_pools(pool_set, options.out)
    print(f'{pool_set.name}: {len(pool_set.pools)} questions')
    return 0


if __name__ == '__main__':
    sys.exit(main())
