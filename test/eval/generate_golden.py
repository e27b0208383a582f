"""Writes metrics.json.gz, the golden file of the metrics, with pytrec-eval-terrier (trec_eval) and ir_measures.

    python3 -m venv .venv && .venv/bin/pip install -r test/eval/requirements.txt
    .venv/bin/python test/eval/generate_golden.py

- cases   what the definitions turn on, one small case each
- random  1,000 runs with ties, negative and missing judgements, queries that the run or the judgements lack

trec_eval has no exponential gain; as 2^grade - 1 is a grade like any other, its linear nDCG over grades mapped so is the
exponential one. Its means leave out queries that the run lacks; those of ir_measures count them as 0. Judged and RR@k of
ir_measures do not break ties as trec_eval does, so Judged is given scores without ties, in the order of trec_eval.
"""
import gzip
import json
import math
import random
from importlib.metadata import version
from pathlib import Path

import ir_measures
import pytrec_eval
from ir_measures import AP, RR, Judged, P, R, nDCG

HERE = Path(__file__).parent
RUNS = 1000
# Our name: theirs.
TREC = {
    'nDCG': 'ndcg', 'nDCG@5': 'ndcg_cut_5', 'nDCG@10': 'ndcg_cut_10', 'MRR': 'recip_rank', 'MAP': 'map', 'MAP@10': 'map_cut_10',
    'recall@5': 'recall_5', 'recall@10': 'recall_10', 'precision@5': 'P_5', 'precision@10': 'P_10',
    'success@1': 'success_1', 'success@5': 'success_5',
}
IR_MEASURES = {'nDCG@10': nDCG @ 10, 'MRR': RR, 'MAP': AP, 'recall@10': R @ 10, 'precision@10': P @ 10}
JUDGED = {'judged@5': Judged @ 5, 'judged@10': Judged @ 10}
NO_CUT = {'ndcg', 'recip_rank', 'map'}
ASKED = {name if name in NO_CUT else '.'.join(name.rsplit('_', 1)) for name in TREC.values()}


def finite(value):
    return round(value, 9)


def trec(qrels, run):
    found = pytrec_eval.RelevanceEvaluator(qrels, ASKED).evaluate(run)
    mapped = {q: {d: 2**g - 1 if g > 0 else 0 for d, g in docs.items()} for q, docs in qrels.items()}
    exponential = pytrec_eval.RelevanceEvaluator(mapped, {'ndcg_cut.10'}).evaluate(run)
    return {
        q: {**{ours: finite(row[theirs]) for ours, theirs in TREC.items()}, 'nDCG-exp@10': finite(exponential[q]['ndcg_cut_10'])}
        for q, row in found.items()
    }


def aggregate(measures, qrels, run):
    judgements = [ir_measures.Qrel(q, d, g) for q, docs in qrels.items() for d, g in docs.items()]
    results = [ir_measures.ScoredDoc(q, d, s) for q, docs in run.items() for d, s in docs.items()]
    means = ir_measures.calc_aggregate(list(measures.values()), judgements, results)
    return {ours: finite(means[theirs]) for ours, theirs in measures.items()}


def untied(run):
    def order(docs):
        key = lambda d: (-math.inf if math.isnan(docs[d]) else docs[d], d.encode())
        return sorted(docs, key=key, reverse=True)

    return {q: {d: float(-at) for at, d in enumerate(order(docs))} for q, docs in run.items()}


def entry(name, qrels, run, **more):
    # JSON has no NaN and no order of keys to rely on.
    rows = {q: [[d, 'NaN' if math.isnan(s) else s] for d, s in docs.items()] for q, docs in run.items()}
    return dict(name=name, qrels=qrels, run=rows, trec=trec(qrels, run), irMeasures={**aggregate(IR_MEASURES, qrels, run), **aggregate(JUDGED, qrels, untied(run))}, **more)


def case(name, qrels, run):
    return entry(name, qrels, run, rrAt10=aggregate({'RR@10': RR @ 10}, qrels, run)['RR@10'])


def cases():
    nan = float('nan')
    one = {'a': 1, 'b': 0, 'c': 0}
    tied = {'a': 1.0, 'b': 1.0, 'c': 1.0}
    return [
        case('graded', {'1': {'a': 3, 'b': 2, 'c': 0, 'd': 1}}, {'1': {'a': 0.9, 'c': 0.8, 'b': 0.7, 'x': 0.6, 'd': 0.5}}),
        case('all tied, the lowest id is relevant', {'1': one}, {'1': tied}),
        case('all tied, the highest id is relevant', {'1': {'c': 1, 'b': 0, 'a': 0}}, {'1': tied}),
        case('near tie in 32 bits', {'1': {'a': 1, 'b': 0}}, {'1': {'a': 1.0 + 1e-9, 'b': 1.0}}),
        case('negative grade', {'1': {'a': -1, 'b': 1, 'c': 2}}, {'1': {'a': 3.0, 'b': 2.0, 'c': 1.0}}),
        case('a query without relevant documents', {'1': {'a': 0, 'b': 0}, '2': {'a': 1}}, {'1': {'a': 1.0, 'b': 0.5}, '2': {'a': 1.0}}),
        case('a query that the run lacks', {'1': {'a': 1}, '2': {'a': 1}}, {'1': {'a': 1.0}}),
        case('a query that the judgements lack', {'1': {'a': 1}}, {'1': {'a': 1.0}, '9': {'a': 1.0}}),
        case('fewer retrieved than relevant', {'1': {c: 1 for c in 'abcdefghijkl'}}, {'1': {'a': 3.0, 'b': 2.0, 'z': 1.0}}),
        case('NaN', {'1': {'a': 1, 'b': 0}}, {'1': {'a': nan, 'b': 1.0}}),
        case('ids compare as strings', {'1': {'10': 1, '9': 0}}, {'1': {'10': 1.0, '9': 1.0}}),
        case('ids compare as UTF-8', {'1': {'\U0001f600': 1, '\uff5e': 0}}, {'1': {'\U0001f600': 1.0, '\uff5e': 1.0}}),
    ]


def random_entry(source, at):
    qrels, run = {}, {}
    for number in range(source.randint(1, 3)):
        ids = [f'd{n}' for n in source.sample(range(200), 30)]
        in_run, judged = source.sample(ids, source.randint(1, 15)), source.sample(ids, source.randint(1, 12))
        # The first query is always in both, or there would be nothing to compare.
        if number == 0 or source.random() < 0.85:
            # Quarters: ties are frequent, and 32 bits hold them exactly.
            run[f'q{number}'] = {d: source.randint(-4, 12) / 4 for d in in_run}
        if number == 0 or source.random() < 0.85:
            # One grade of 0 at least: trec_eval never ends on some queries whose grades are all negative.
            qrels[f'q{number}'] = {d: source.choice([-1, 0, 0, 1, 1, 2, 3]) for d in judged[1:]} | {judged[0]: 0}
    return entry(f'random {at}', qrels, run)


def main():
    source = random.Random(20240601)
    value = dict(
        madeWith=f"pytrec-eval-terrier {version('pytrec-eval-terrier')}, ir_measures {version('ir_measures')}",
        cases=cases(),
        random=[random_entry(source, at) for at in range(RUNS)],
    )
    data = json.dumps(value, ensure_ascii=False, separators=(',', ':'), allow_nan=False).encode()
    (HERE / 'metrics.json.gz').write_bytes(gzip.compress(data, 9, mtime=0))
    print('metrics.json.gz', len(data), 'bytes,', (HERE / 'metrics.json.gz').stat().st_size, 'compressed')


main()
