"""python -m distil.lexical SETS_DIR OUT_DIR [--queries 3000] [--candidates 8] [--seed 1]

Pools without a bi-encoder, for small students on small machines: a positive, what BM25 finds, and passages at random.
Reads the sets that `prepare` wrote; a file of pools for each. There is no filter of false negatives: mine where quality
counts more than quantity.
"""

from __future__ import annotations

import argparse
import random
import sys
from dataclasses import dataclass
from pathlib import Path

from evaluate.first_stage import search
from prepare.beir import RelevanceSet, read_set
from prepare.errors import DataError, ends_in_one_line
from prepare.log import Log
from prepare.pools import Candidate, Pool, write_pools
from prepare.text import full_text, rng

MAX_CHARACTERS = 2000
FOUND_SHARE = 0.75


@dataclass(frozen=True)
class Amount:
    """How many queries of a set, and how many candidates of each."""

    queries: int = 3000
    candidates: int = 8
    seed: int = 1


def lexical_pools(data: RelevanceSet, amount: Amount) -> list[Pool]:
    """Queries of the training split in a random order; three in four of the other candidates are from BM25's top 100."""
    relevant = data.positives('train')
    chosen = [query for query in data.queries if query in relevant]
    rng(amount.seed, 'lexical', data.name).shuffle(chosen)
    chosen = chosen[: amount.queries]
    corpus = {one.id: full_text(one.title, one.text)[:MAX_CHARACTERS] for one in data.passages.values()}
    if len(corpus) <= amount.candidates or not chosen:
        return []
    found = search(corpus, [data.queries[query].text for query in chosen])
    ids = list(corpus)
    rows = zip(chosen, found)
    return [
        Pool(
            f'{data.name}/{query}',
            data.name,
            data.queries[query].text,
            _candidates(
                (corpus, ids), relevant[query], dict(row), (amount, rng(amount.seed, 'lexical', data.name, query))
            ),
            data.queries[query].style,
        )
        for query, row in rows
    ]


def _candidates(
    passages: tuple[dict[str, str], list[str]],
    grades: dict[str, float],
    scores: dict[str, float],
    choice: tuple[Amount, random.Random],
) -> list[Candidate]:
    (corpus, ids), (amount, generator) = passages, choice
    positives = generator.sample(sorted(grades), min(2, len(grades)))
    hits = [passage for passage in scores if passage not in grades]
    wanted = amount.candidates - len(positives)
    hard = hits[: wanted // 3] + _some(hits[wanted // 3 :], round(wanted * FOUND_SHARE) - wanted // 3, generator)
    others = [passage for passage in _some(ids, 4 * wanted, generator) if passage not in grades and passage not in hard]
    highest = max(1.0, *grades.values())
    return [
        Candidate(
            passage,
            corpus[passage],
            grades[passage] / highest if passage in grades else None,
            {'bm25': round(scores.get(passage, 0.0), 4)},
        )
        for passage in [*positives, *hard, *others[: wanted - len(hard)]]
    ]


def _some(of: list[str], count: int, generator: random.Random) -> list[str]:
    return generator.sample(of, max(0, min(count, len(of))))


def write_all(sets: Path, out: Path, amount: Amount) -> None:
    """A file a set; those that are there stay."""
    log, folders = Log(out / 'lexical.log'), sorted(one.parent for one in sets.glob('*/corpus.jsonl'))
    if not folders:
        raise DataError(f'{sets}: holds no sets; run python -m prepare first')
    for folder in folders:
        path = out / f'lexical-{folder.name}.jsonl.gz'
        if not path.is_file():
            pools = lexical_pools(read_set(folder), amount)
            log(f'{folder.name}: {write_pools(path, pools) if pools else 0} pools')


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m distil.lexical', description='Pools from BM25 alone.')
    parser.add_argument('sets', type=Path)
    parser.add_argument('out', type=Path)
    parser.add_argument('--queries', type=int, default=Amount.queries)
    parser.add_argument('--candidates', type=int, default=Amount.candidates)
    parser.add_argument('--seed', type=int, default=Amount.seed)
    options = parser.parse_args(arguments)
    write_all(options.sets, options.out, Amount(options.queries, options.candidates, options.seed))
    return 0


if __name__ == '__main__':
    sys.exit(main())
