"""The rounds of `mine`: slice k of every set becomes shard k, in a fixed random order. A shard that is there stays."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from mine.config import MineConfig
from mine.encoder import Embed
from mine.search import SPLITS, SliceMiner
from prepare.beir import RelevanceSet, read_set
from prepare.errors import DataError
from prepare.log import Log
from prepare.pools import Pool, write_pools
from prepare.text import rng

#: What may change without changing the pools, or at least what they are meant to be.
_NOT_OF_THE_POOLS = ('rounds', 'out', 'data', 'device', 'precision', 'threads', 'batch_tokens', 'vectors')


def mine(config: MineConfig, embed: Embed, log: Log, *, first: int = 0) -> list[Path]:
    """Writes `pools-0000.jsonl.gz`, ... and `held-out-0000.jsonl.gz`, ... to `out`; `first` is the round to begin with.

    Returns the files `shard-0000.json`, ..., each of which appears when its shard is whole.
    """
    folders = sorted(one.parent for one in config.data.glob('*/corpus.jsonl'))
    if not folders:
        raise DataError(f'{config.data}: holds no sets; run python -m prepare first')
    sets = [read_set(folder) for folder in folders]
    if not any(one.positives('train') for one in sets):
        raise DataError(
            f'{config.data}: no set in it has a relevant passage in qrels/train.tsv; run python -m prepare first'
        )
    marks = {one.name: _mark(folder, one) for folder, one in zip(folders, sets)}
    shards = []
    for number in range(first, config.rounds):
        done = config.out / f'shard-{number:04}.json'
        fingerprint = _fingerprint(number, marks, config)
        if done.is_file() and json.loads(done.read_text())['fingerprint'] == fingerprint:
            log(f'shard {number}: done before')
        else:
            summary = _mine_shard(number, sets, (config, embed, log))
            done.write_text(json.dumps({'fingerprint': fingerprint} | summary, indent=2) + '\n', encoding='utf-8')
        shards.append(done)
    return shards


def _mine_shard(number: int, sets: list[RelevanceSet], tools: tuple[MineConfig, Embed, Log]) -> dict:
    """Writes both files of a shard and returns what is in them."""
    config, embed, log = tools
    miner = SliceMiner(config, embed)
    pools: dict[str, list[Pool]] = {split: [] for split in SPLITS}
    for one in sets:
        if number >= config.set_rounds.get(one.name, config.rounds):
            continue
        made = miner.pools(one, number)
        for split, found in made.items():
            pools[split] += found
        log(f'shard {number}: {one.name}: {len(made["train"])} pools')
    for split, name in SPLITS.items():
        rng(config.seed, 'order', number).shuffle(pools[split])
        write_pools(config.out / f'{name}-{number:04}.jsonl.gz', pools[split])
    summary = _summary(pools, miner.left_out)
    log(f'shard {number}: {summary["pools"]}, left out {summary["queries left out"]}')
    return summary


def _summary(pools: dict[str, list[Pool]], left_out: Counter) -> dict:
    return {
        'pools': {name: len(pools[split]) for split, name in SPLITS.items()},
        'styles': dict(sorted(Counter(pool.style for pool in pools['train']).items())),
        'sets': dict(sorted(Counter(pool.set for pool in pools['train']).items())),
        'queries left out': dict(sorted(left_out.items())),
    }


def _mark(folder: Path, found: RelevanceSet) -> str:
    """Changes when the set does: the fingerprint that `prepare` left, or the sizes of a set from elsewhere."""
    done = folder / 'done.json'
    if done.is_file():
        return json.loads(done.read_text())['fingerprint']
    return f'{len(found.passages)} {len(found.queries)} {sum(map(len, found.positives("train").values()))}'


def _fingerprint(number: int, marks: dict[str, str], config: MineConfig) -> str:
    settings = {key: value for key, value in asdict(config).items() if key not in _NOT_OF_THE_POOLS}
    if not config.set_passages:  # Pools from before there was such a setting stay as they are.
        del settings['set_passages']
    settings['set_rounds'] = sorted(name for name, rounds in config.set_rounds.items() if number >= rounds)
    return hashlib.sha256(json.dumps([number, settings, marks], sort_keys=True).encode()).hexdigest()
