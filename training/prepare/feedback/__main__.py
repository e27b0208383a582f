"""python -m prepare.feedback KIND EVENTS.jsonl OUT

OUT ending in .jsonl or .jsonl.gz gets pools, ready to train on. Any other OUT is a folder in BEIR's layout, from which
`mine` makes pools with more negatives (give it --corpus, so that there is something to mine).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from prepare.beir import Passage, Query, RelevanceSet, read_set, write_set
from prepare.errors import DataError, ends_in_one_line
from prepare.feedback.clicks import ClickOptions, read_clicks
from prepare.feedback.events import Event, Judged, query_key, read_events, text_id
from prepare.feedback.judgements import read_citations, read_pairs, read_rankings, read_thumbs
from prepare.feedback.labelled import Teacher, label_pools
from prepare.overlap import QueryOverlap
from prepare.pools import Candidate, Pool, read_pools, write_pools
from prepare.text import full_text, rng

KINDS = ('pairs', 'clicks', 'thumbs', 'citations', 'rankings', 'labels')


def convert(options: argparse.Namespace) -> str:
    """Reads, labels, writes; returns what was done in one line."""
    overlap = QueryOverlap(query.text for folder in options.evaluation for query in read_set(folder).queries.values())
    pools = options.out.name.endswith(('.jsonl', '.jsonl.gz'))
    if options.kind == 'labels':
        if not pools:
            raise DataError(
                f'{options.out}: labelled pools stay pools; write to a file that ends in .jsonl or .jsonl.gz'
            )
        read = list(label_pools(read_pools(options.events), Teacher(options.scorer, options.relevant_from)))
        kept = [one for one in read if not overlap.has(one.query)]
        write_pools(options.out, kept)
        return _said(len(kept), sum(len(one.candidates) for one in kept), len(read))
    passages = _corpus(options.corpus) if options.corpus else {}
    texts = {id: full_text(one.title, one.text) for id, one in passages.items()}
    judged = _reader(options)(list(read_events(options.events, texts)))
    found = [one for one in judged if not overlap.has(one.query)]
    name = options.set or options.events.name.split('.')[0]
    if pools:
        write_pools(options.out, (_pool(one, name, options.seed) for one in found))
    else:
        write_set(_as_set(found, name, passages), options.out)
    return _said(len(found), sum(len(one.texts) for one in found), len(judged))


def _said(kept: int, passages: int, read: int) -> str:
    return f'{kept} queries with {passages} passages; {read - kept} left out, being in an evaluation set'


def _reader(options: argparse.Namespace) -> Callable[[list[Event]], list[Judged]]:
    clicks = ClickOptions(options.propensity, options.min_propensity, options.min_views)
    return {
        'pairs': lambda events: read_pairs(events, options.max_grade),
        'clicks': lambda events: read_clicks(events, clicks),
        'thumbs': read_thumbs,
        'citations': lambda events: read_citations(events, options.uncited),
        'rankings': read_rankings,
    }[options.kind]


def _pool(one: Judged, name: str, seed: int) -> Pool:
    """Positives first, then judged, then unjudged; in random order within each, for the shown order must not leak."""
    ids = list(one.texts)
    rng(seed, name, one.query).shuffle(ids)
    ids.sort(key=lambda id: 2 if one.labels.get(id) is None else 1 if one.labels[id] == 0 else 0)
    candidates = [Candidate(id, one.texts[id], one.labels.get(id), one.scores.get(id, {})) for id in ids]
    return Pool(f'{name}/{text_id(query_key(one.query))}', name, one.query, candidates)


def _as_set(judged: list[Judged], name: str, passages: dict[str, Passage]) -> RelevanceSet:
    found = RelevanceSet(name, passages=dict(passages))
    for one in judged:
        query = Query(text_id(query_key(one.query)), one.query)
        found.queries[query.id] = query
        for id, text in one.texts.items():
            found.passages.setdefault(id, Passage(id, '', text))
        found.judged.setdefault('train', {})[query.id] = {
            id: label for id, label in one.labels.items() if label is not None
        }
    return found


def _corpus(path: Path) -> dict[str, Passage]:
    if path.is_dir():
        path = path / 'corpus.jsonl'
    try:
        rows = [json.loads(line) for line in path.read_text(encoding='utf-8').split('\n') if line.strip()]
        return {str(row['_id']): Passage(str(row['_id']), row.get('title') or '', row['text']) for row in rows}
    except (OSError, ValueError, KeyError) as cause:
        raise DataError(f'{path}: is no corpus.jsonl with "_id" and "text" on each line: {cause}') from cause


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog='python -m prepare.feedback', description=__doc__, formatter_class=raw)
    parser.add_argument('kind', choices=KINDS)
    parser.add_argument('events', type=Path)
    parser.add_argument('out', type=Path)
    parser.add_argument(
        '--corpus', type=Path, help='corpus.jsonl in the layout of BEIR, for events that carry ids only'
    )
    parser.add_argument(
        '--evaluation', type=Path, nargs='*', default=[], help='folders whose questions must not be trained on'
    )
    parser.add_argument('--set', help='name of the set; default: the name of the file')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--max-grade', type=float, default=1.0, help='pairs: the grade that becomes label 1')
    parser.add_argument('--propensity', default='power:1', help='clicks: power:1, numbers by rank, or estimate')
    parser.add_argument('--min-propensity', type=float, default=0.05)
    parser.add_argument(
        '--min-views', type=float, default=1.0, help='clicks: expected looks before "not clicked" counts'
    )
    parser.add_argument('--uncited', type=float, help='citations: label of what was not cited; default: unjudged')
    parser.add_argument('--scorer', default='', help='labels: whose scores to take; default: the only one')
    parser.add_argument('--relevant-from', type=float, help='labels: the score that means relevant; default: no labels')
    return parser.parse_args(arguments)


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    print(convert(_parse(arguments)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
