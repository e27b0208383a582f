"""Holds the nDCG@10 of bench/quality.mjs against ir_measures on the runs it wrote.

    bench/peers/.venv/bin/python bench/quality/check_ndcg.py bench/results/quality.json
"""

import json
import sys
from pathlib import Path

import ir_measures
from ir_measures import nDCG

TOLERANCE = 1e-9


def main() -> int:
    results = Path(sys.argv[1])
    runs, worst = results.parent / 'raw' / 'runs', 0.0
    for one in json.loads(results.read_text())['measured']:
        judged = list(ir_measures.read_trec_qrels(str(runs / f'{one["set"]}.qrels')))
        for way, ours in one['ndcgAt10'].items():
            if way == 'ceiling':
                continue
            run = ir_measures.read_trec_run(str(runs / f'{one["set"]}.{way}.run'))
            theirs = ir_measures.calc_aggregate([nDCG @ 10], judged, run)[nDCG @ 10]
            worst = max(worst, abs(theirs - ours))
            print(f'{one["set"]:10} {way:11} {ours:.6f} {theirs:.6f}')
    print(f'largest difference {worst:.1e}')
    return 0 if worst <= TOLERANCE else 1


if __name__ == '__main__':
    sys.exit(main())
