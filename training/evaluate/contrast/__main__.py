"""python -m evaluate.contrast [--model NAME=FOLDER ...] [--encoder FOLDER ...] [--split dev|test|all] [--out FILE.json]

Counts for each kind of pair how often a system puts the answer above the distractor; a tie is wrong. BM25 counts words over
all passages of the pairs. "blended": the model's default rule over the 20 of those passages that BM25 (or the encoder named
first) likes best, both of the pair among them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from evaluate.dense import DenseSearch
from evaluate.first_stage import bm25_scores
from evaluate.rule import BlendRule, rule_of
from evaluate.scores import score_by
from prepare.errors import DataError, ends_in_one_line

PAIRS = Path(__file__).with_name('pairs.jsonl')
POOL = 20


@dataclass(frozen=True)
class Pair:
    id: str
    kind: str
    split: str
    query: str
    answer: str
    distractor: str


#: For each pair, the scores of answer and distractor, [pairs, 2].
System = Callable[[list[Pair]], np.ndarray]


def read_pairs(split: str = 'all', path: Path = PAIRS) -> list[Pair]:
    pairs = [Pair(**json.loads(line)) for line in path.read_text(encoding='utf-8').splitlines()]
    return [pair for pair in pairs if split in ('all', pair.split)]


def counts(pairs: list[Pair], scores: np.ndarray) -> dict[str, list[int]]:
    """Right and all, by kind, and together as 'all'."""
    right = scores[:, 0] > scores[:, 1]
    found = {kind: [0, 0] for kind in [*dict.fromkeys(pair.kind for pair in pairs), 'all']}
    for pair, hit in zip(pairs, right, strict=True):
        for kind in (pair.kind, 'all'):
            found[kind] = [found[kind][0] + int(hit), found[kind][1] + 1]
    return found


def passages_of(pairs: list[Pair]) -> list[str]:
    return list(dict.fromkeys(text for pair in pairs for text in (pair.answer, pair.distractor)))


def lexical(pairs: list[Pair]) -> np.ndarray:
    """BM25 of every passage, [pairs, passages]."""
    return bm25_scores(passages_of(read_pairs()), [pair.query for pair in pairs])


def dense(encoder: DenseSearch, pairs: list[Pair]) -> np.ndarray:
    """Cosines with every passage, [pairs, passages]."""
    return encoder.queries([pair.query for pair in pairs]) @ encoder.passages(passages_of(read_pairs())).T


def of_pairs(pairs: list[Pair], table: np.ndarray) -> np.ndarray:
    place = {text: number for number, text in enumerate(passages_of(read_pairs()))}
    return np.array([[row[place[pair.answer]], row[place[pair.distractor]]] for pair, row in zip(pairs, table)])


def alone(score: Callable[[str, list[str]], np.ndarray], pairs: list[Pair]) -> np.ndarray:
    return np.array([score(pair.query, [pair.answer, pair.distractor]) for pair in pairs])


def blended(
    score: Callable[[str, list[str]], np.ndarray], rule: BlendRule, pairs: list[Pair], table: np.ndarray
) -> np.ndarray:
    """Within a pool of POOL passages as a search would give it."""
    passages, found = passages_of(read_pairs()), []
    for pair, row in zip(pairs, table, strict=True):
        own = [passages.index(pair.answer), passages.index(pair.distractor)]
        others = [place for place in np.argsort(-row, kind='stable') if place not in own][: POOL - 2]
        pool = np.array(sorted([*own, *others], key=lambda place: -row[place]))
        mixed = rule.blend(row[pool], score(pair.query, [passages[place] for place in pool]))
        found.append([mixed[list(pool).index(place)] for place in own])
    return np.array(found)


def table_of(systems: dict[str, dict[str, list[int]]]) -> str:
    kinds = list(next(iter(systems.values())))
    lines = ['| kind | pairs | ' + ' | '.join(systems) + ' |', '| --- |' + ' --- |' * (len(systems) + 1)]
    for kind in kinds:
        cells = [str(one[kind][0]) for one in systems.values()]
        lines.append(f'| {kind} | {next(iter(systems.values()))[kind][1]} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m evaluate.contrast', description='Answer against distractor, by kind.')
    parser.add_argument('--model', action='append', default=[], metavar='NAME=FOLDER', help='exported or trained; repeat for more')
    parser.add_argument('--encoder', action='append', default=[], type=Path, help='folder of a sentence encoder; repeat for more')
    parser.add_argument('--split', choices=('dev', 'test', 'all'), default='test')
    parser.add_argument('--cache', type=Path, default=Path('build/vectors'), help='where vectors are kept')
    parser.add_argument('--no-blend', action='store_true', help='models alone: a tenth of the time')
    parser.add_argument('--out', type=Path)
    options = parser.parse_args(arguments)
    pairs = read_pairs(options.split)
    by_words = lexical(pairs)
    systems = {'BM25': counts(pairs, of_pairs(pairs, by_words))}
    for folder in options.encoder:
        encoder = DenseSearch(folder, options.cache)
        systems[encoder.name] = counts(pairs, of_pairs(pairs, dense(encoder, pairs)))
    for one in options.model:
        name, equals, folder = one.partition('=')
        if not equals:
            raise DataError(f'--model is {one!r}; write NAME=FOLDER')
        score = score_by(Path(folder), 256)
        systems[name] = counts(pairs, alone(score, pairs))
        if not options.no_blend:
            systems[f'{name} + BM25'] = counts(pairs, blended(score, rule_of(Path(folder)), pairs, by_words))
    print(table_of(systems))
    if options.out:
        options.out.write_text(json.dumps({'split': options.split, 'systems': systems}, indent=1) + '\n', encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
