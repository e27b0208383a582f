"""python -m mine.beside CONFIG.toml POOLS OUT --encoder all-mpnet-base-v2 [--as mpnet] [--sets squad-sent nq-small ...]

Writes pools again with another encoder's cosines beside the scores that they have: one more teacher, for all sets or some.
Its vectors are kept where the config of `mine` says, so that a student of the encoder can learn from them, too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from mine.config import read_config
from mine.encoder import PASSAGE, QUERY, Embed
from mine.vectors import make_embed
from prepare.errors import ends_in_one_line
from prepare.pools import Candidate, Pool, read_pools, write_pools

#: Pools whose texts are embedded together.
_BLOCK = 2000


def with_cosines(pools: list[Pool], embed: Embed, name: str) -> list[Pool]:
    """The pools with the score `name` for each candidate."""
    queries = _table(embed, [pool.query for pool in pools], QUERY)
    texts = _table(embed, [one.text for pool in pools for one in pool.candidates], PASSAGE)

    def scored(pool: Pool, one: Candidate) -> Candidate:
        cosine = round(float(queries[pool.query] @ texts[one.text]), 4)
        return replace(one, scores=one.scores | {name: cosine})

    return [replace(pool, candidates=[scored(pool, one) for one in pool.candidates]) for pool in pools]


def _table(embed: Embed, texts: Iterable[str], kind: str) -> dict:
    found = list(dict.fromkeys(texts))
    return dict(zip(found, embed(found, kind)))


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m mine.beside', description="Another encoder's cosines beside the scores.")
    parser.add_argument('config', type=Path, help='that of `mine`: how texts are cut and embedded')
    parser.add_argument('pools', type=Path)
    parser.add_argument('out', type=Path)
    parser.add_argument('--encoder', required=True, help='folder or package')
    parser.add_argument('--as', dest='name', help='name of the score; the last part of the folder unless given')
    parser.add_argument('--sets', nargs='+', help='the others stay as they are')
    options = parser.parse_args(arguments)
    embed = make_embed(replace(read_config(options.config), encoder=options.encoder))
    pools = list(read_pools(options.pools))
    chosen = [place for place, pool in enumerate(pools) if not options.sets or pool.set in options.sets]
    for at in range(0, len(chosen), _BLOCK):
        places = chosen[at : at + _BLOCK]
        found = with_cosines([pools[place] for place in places], embed, options.name or Path(options.encoder).name)
        for place, pool in zip(places, found):
            pools[place] = pool
        print(f'{at + len(places)} of {len(chosen)} pools', flush=True)
    write_pools(options.out, pools)
    return 0


if __name__ == '__main__':
    sys.exit(main())
