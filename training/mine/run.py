"""The rounds of `mine`: slice k of every set becomes shard k, in a fixed random order. A shard that is there stays."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import bm25s
import numpy as np
import Stemmer

from mine.candidates import Found, choose
from mine.config import MineConfig
from mine.encoder import Embed
from prepare.pools import Candidate, Pool, write_pools
from mine.slices import Slice, take_slice
from prepare.beir import RelevanceSet, read_set
from prepare.errors import DataError
from prepare.log import Log
from prepare.text import full_text, rng, words

SPLITS = {'train': 'pools', 'held-out': 'held-out'}


def mine(config: MineConfig, embed: Embed, log: Log, first: int = 0) -> list[Path]:
    """Writes `pools-0000.jsonl.gz`, ... and `held-out-0000.jsonl.gz`, ... to `out`, and `shard-0000.json` when both are whole."""
    folders = sorted(one.parent for one in config.data.glob('*/corpus.jsonl'))
    if not folders:
        raise DataError(f'{config.data}: holds no sets; run python -m prepare first')
    sets = [read_set(folder) for folder in folders]
    return [config.out / _shard(number, sets, config, (embed, log)) for number in range(first, config.rounds)]


def _shard(number: int, sets: list[RelevanceSet], config: MineConfig, tools: tuple[Embed, Log]) -> str:
    embed, log = tools
    done = config.out / f'shard-{number:04}.json'
    fingerprint = _fingerprint(number, sets, config)
    if done.is_file() and json.loads(done.read_text())['fingerprint'] == fingerprint:
        log(f'shard {number}: done before')
        return done.name
    pools: dict[str, list[Pool]] = {split: [] for split in SPLITS}
    counts: Counter = Counter()
    for one in sets:
        for split, made in _mine_slice(one, number, config, embed, counts).items():
            pools[split] += made
        log(f'shard {number}: {one.name}: {sum(pool.set == one.name for pool in pools["train"])} pools')
    for split, name in SPLITS.items():
        rng(config.seed, 'order', number).shuffle(pools[split])
        write_pools(config.out / f'{name}-{number:04}.jsonl.gz', pools[split])
    summary = {
        'fingerprint': fingerprint,
        'pools': {name: len(pools[split]) for split, name in SPLITS.items()},
        'styles': dict(sorted(Counter(pool.style for pool in pools['train']).items())),
        'sets': dict(sorted(Counter(pool.set for pool in pools['train']).items())),
        'queries left out': dict(sorted(counts.items())),
    }
    done.write_text(json.dumps(summary, indent=2) + '\n', encoding='utf-8')
    log(f'shard {number}: {summary["pools"]}, left out {summary["queries left out"]}')
    return done.name


def _mine_slice(one: RelevanceSet, number: int, config: MineConfig, embed: Embed, counts: Counter) -> dict[str, list[Pool]]:
    slices = {split: take_slice(one, number, split, config) for split in SPLITS}
    passages = slices['train'].passages
    if len(passages) <= config.candidates:
        return {split: [] for split in SPLITS}
    texts = [full_text(passage.title, passage.text) for passage in passages]
    index = bm25s.BM25(k1=0.9, b=0.4)
    index.index(_tokens(texts), show_progress=False)
    vectors, bags = embed(texts), [frozenset(words(text)) for text in texts]
    made: dict[str, list[Pool]] = {}
    for split, part in slices.items():
        asked = embed([query.text for query in part.queries]) if part.queries else np.zeros((0, vectors.shape[1]))
        similar = asked @ vectors.T
        made[split] = []
        for query, row in zip(part.queries, similar):
            found = Found(_lexical(index, query.text, len(texts)), row, _places(part, query.id), bags)
            chosen = choose(found, config, rng(config.seed, 'candidates', one.name, query.id))
            if isinstance(chosen, str):
                counts[chosen] += 1
            else:
                made[split].append(_pool(one.name, query, (part, texts), found, chosen, config))
    return made


def _pool(name: str, query, inside: tuple[Slice, list[str]], found: Found, chosen: tuple[list[int], list[int]], config: MineConfig) -> Pool:
    part, texts = inside
    grades = part.positives[query.id]
    highest = max(1.0, *grades.values())
    candidates = []
    for place in [*chosen[0], *chosen[1]]:
        id = part.passages[place].id
        scores = {'bm25': round(float(found.lexical[place]), 4), 'bi-encoder': round(float(found.similar[place]), 4)}
        label = grades[id] / highest if id in grades else None
        candidates.append(Candidate(id, texts[place][: config.max_pool_characters], label, scores))
    return Pool(f'{name}/{query.id}', name, query.text, candidates, query.style)


def _places(part: Slice, query: str) -> list[int]:
    return [place for place, passage in enumerate(part.passages) if passage.id in part.positives[query]]


def _tokens(texts: list[str]):
    return bm25s.tokenize(texts, stopwords='en', stemmer=Stemmer.Stemmer('english'), show_progress=False)


def _lexical(index: bm25s.BM25, query: str, count: int) -> np.ndarray:
    """BM25 of every passage; zeros when no word of the query is known."""
    tokens = bm25s.tokenize([query], stopwords='en', stemmer=Stemmer.Stemmer('english'), return_ids=False, show_progress=False)[0]
    return index.get_scores(tokens) if tokens else np.zeros(count, np.float32)


def _fingerprint(number: int, sets: list[RelevanceSet], config: MineConfig) -> str:
    """Changes when the sets or a setting changes that the shard depends on; more rounds, or another device, do not."""
    settings = {key: value for key, value in asdict(config).items() if key not in ('rounds', 'out', 'data', 'device', 'threads', 'batch_tokens')}
    sizes = [(one.name, len(one.passages), len(one.queries), sum(map(len, one.positives('train').values()))) for one in sets]
    return hashlib.sha256(json.dumps([number, settings, sizes], sort_keys=True).encode()).hexdigest()
