"""python -m prepare.feedback KIND EVENTS.jsonl OUT

OUT ending in .jsonl or .jsonl.gz gets pools, ready to train on. Any other OUT is a folder in BEIR's layout, from which
`mine` makes pools with more negatives (give it --corpus, so that there is something to mine); with --split test it is
one to measure on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from prepare.beir import Passage, Query, RelevanceSet, read_corpus, read_set, write_set
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
    makes_pools = options.out.name.endswith(('.jsonl', '.jsonl.gz'))
    _check(options, makes_pools)
    passages = _corpus(options.corpus) if options.corpus else {}
    read = _labelled(options) if options.kind == 'labels' else _judged(options, passages)
    overlap = QueryOverlap(query.text for folder in options.evaluation for query in read_set(folder).queries.values())
    kept = [one for one in read if not overlap.has(one.query)]
    if not kept:
        why = 'all of its questions are in an evaluation set' if read else 'no question in it has anything good'
        raise DataError(f'{options.events}: {why}; there is nothing to write')
    if not makes_pools:
        write_set(_as_set(kept, options, passages), options.out)
        return _said([len(one.texts) for one in kept], len(read))
    pools = kept if options.kind == 'labels' else [_pool(one, _name(options), options.seed) for one in kept]
    write_pools(options.out, pools)
    sizes = [len(one.candidates) for one in pools]
    alone = sum(size < 2 for size in sizes)
    said = _said(sizes, len(read))
    return f'{said}; {alone} have one passage and teach nothing (a folder as OUT can be mined for more)' if alone else said


def _check(options: argparse.Namespace, makes_pools: bool) -> None:
    if options.kind == 'labels' and not makes_pools:
        raise DataError(f'{options.out}: labelled pools stay pools; write to a file that ends in .jsonl or .jsonl.gz')
    if options.split != 'train' and makes_pools:
        raise DataError(f'--split is {options.split!r}; pools have no splits: write to a folder, not to {options.out}')


def _said(sizes: list[int], read: int) -> str:
    left_out = read - len(sizes)
    return f'{len(sizes)} queries with {sum(sizes)} passages; {left_out} left out, being in an evaluation set'


def _name(options: argparse.Namespace) -> str:
    return options.set or options.events.name.split('.')[0]


def _labelled(options: argparse.Namespace) -> list[Pool]:
    """Of the set that --set names, or of those they were of."""
    made = label_pools(read_pools(options.events), Teacher(options.scorer, options.relevant_from))
    return [replace(one, set=options.set) if options.set else one for one in made]


def _judged(options: argparse.Namespace, passages: dict[str, Passage]) -> list[Judged]:
    texts = {id: full_text(one.title, one.text) for id, one in passages.items()}
    return _reader(options)(list(read_events(options.events, texts)))


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


def _as_set(judged: list[Judged], options: argparse.Namespace, passages: dict[str, Passage]) -> RelevanceSet:
    found = RelevanceSet(_name(options), passages=dict(passages))
    for one in judged:
        query = Query(text_id(query_key(one.query)), one.query)
        found.queries[query.id] = query
        for id, text in one.texts.items():
            found.passages.setdefault(id, Passage(id, '', text))
        found.judged.setdefault(options.split, {})[query.id] = {
            id: label for id, label in one.labels.items() if label is not None
        }
    return found


def _corpus(path: Path) -> dict[str, Passage]:
    return read_corpus(path / 'corpus.jsonl' if path.is_dir() else path)


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
    parser.add_argument('--set', help='name of the set; default: the name of the file, or what labelled pools say')
    parser.add_argument('--split', default='train', help='a folder: its judgements are qrels/SPLIT.tsv; default: train')
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
