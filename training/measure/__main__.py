"""python -m measure EXACT_DIR OTHER_DIR BEIR_DIR... [--queries 50] [--max-tokens 256]"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy.stats import kendalltau

from evaluate.first_stage import read_pools
from evaluate.metrics import ndcg_by_question
from export.pairs import LeanModel
from prepare.errors import ends_in_one_line


def compare(exact: LeanModel, other: LeanModel, folder: Path, queries: int) -> dict[str, float]:
    """Mean tau per query, the lowest, and nDCG@10 of BM25 and of both models."""
    pools = read_pools(folder, queries).pools
    scores = {'bm25': [pool.first for pool in pools]}
    scores |= {
        name: [model.score(pool.query, pool.texts) for pool in pools]
        for name, model in (('exact', exact), ('other', other))
    }
    taus = [kendalltau(*row).statistic for row in zip(scores['exact'], scores['other'])]
    means = {name: float(ndcg_by_question(pools, rows).mean()) for name, rows in scores.items()}
    return means | {'tau': float(np.mean(taus)), 'lowest_tau': float(np.min(taus)), 'queries': len(pools)}


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m measure', description='Hold an exported model against the exact one.')
    parser.add_argument('exact', type=Path)
    parser.add_argument('other', type=Path)
    parser.add_argument('sets', type=Path, nargs='+')
    parser.add_argument('--queries', type=int, default=50)
    parser.add_argument('--max-tokens', type=int, default=256)
    options = parser.parse_args(arguments)
    print('| set | queries | tau | lowest tau | BM25 | exact | other | pairs/s exact | other |')
    print('| --- | --- | --- | --- | --- | --- | --- | --- | --- |')
    for folder in options.sets:
        exact, other = (LeanModel(model, options.max_tokens) for model in (options.exact, options.other))
        r = compare(exact, other, folder, options.queries)
        print(f'| {folder.name} | {r["queries"]} | {r["tau"]:.4f} | {r["lowest_tau"]:.4f} | {r["bm25"]:.4f} | {r["exact"]:.4f} |'
              f' {r["other"]:.4f} | {exact.pairs / exact.seconds:.0f} | {other.pairs / other.seconds:.0f} |', flush=True)
    return 0


if __name__ == '__main__':
    sys.exit(main())
