"""python -m measure EXACT_DIR OTHER_DIR BEIR_DIR... [--queries 50] [--max-tokens 256]"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from .agreement import kendall_tau, ndcg_at_10
from .pools import read_pools
from .scoring import LeanModel


def compare(exact: LeanModel, other: LeanModel, folder: Path, queries: int) -> dict[str, float]:
    """Mean tau per query, the lowest, and nDCG@10 of BM25 and of both models."""
    rows = []
    for pool in read_pools(folder, queries):
        scores = [np.arange(len(pool.ids), 0, -1.0), exact.score(pool.query, pool.texts), other.score(pool.query, pool.texts)]
        rows.append([kendall_tau(scores[1], scores[2]), *(ndcg_at_10(pool.ids, s, pool.judged) for s in scores)])
    table = np.array(rows)
    return dict(zip(('tau', 'bm25', 'exact', 'other'), table.mean(axis=0)), lowest_tau=table[:, 0].min(), queries=len(rows))


def main() -> None:
    parser = argparse.ArgumentParser(prog='python -m measure', description='Hold an exported model against the exact one.')
    parser.add_argument('exact', type=Path)
    parser.add_argument('other', type=Path)
    parser.add_argument('sets', type=Path, nargs='+')
    parser.add_argument('--queries', type=int, default=50)
    parser.add_argument('--max-tokens', type=int, default=256)
    options = parser.parse_args()
    print('| set | queries | tau | lowest tau | BM25 | exact | other | pairs/s exact | other |')
    print('| --- | --- | --- | --- | --- | --- | --- | --- | --- |')
    for folder in options.sets:
        exact, other = (LeanModel(model, options.max_tokens) for model in (options.exact, options.other))
        r = compare(exact, other, folder, options.queries)
        print(f'| {folder.name} | {r["queries"]} | {r["tau"]:.4f} | {r["lowest_tau"]:.4f} | {r["bm25"]:.4f} | {r["exact"]:.4f} |'
              f' {r["other"]:.4f} | {exact.pairs / exact.seconds:.0f} | {other.pairs / other.seconds:.0f} |', flush=True)


if __name__ == '__main__':
    main()
