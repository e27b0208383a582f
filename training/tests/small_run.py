"""A run of a few small steps on invented pools, for several tests."""

from __future__ import annotations

import dataclasses

import pytest

from prepare.pools import Candidate, Pool, write_pools
from train.device import choose_device
from train.run import Run
from train.settings import Config, Data, Log, Model, Optimiser

WORDS = ['stone', 'bridge', 'tower', 'river', 'lamp', 'boat', 'garden', 'winter', 'bell', 'road']


def invented_pools(count: int, name: str = 'invented') -> list[Pool]:
    """The relevant candidate says the words of the query; the teacher knows it nearly always."""
    pools = []
    for number in range(count):
        first, second = WORDS[number % 10], WORDS[(number // 10 + 3) % 10]
        texts = [
            f'the {first} by the {second}',
            *(f'a {WORDS[(number + shift) % 10]} in the old town {number}' for shift in range(1, 6)),
        ]
        candidates = [
            Candidate(
                f'p{number}-{place}',
                text,
                1.0 if place == 0 else None,
                {'bm25': 5.0 - place, 'bi-encoder': 0.9 - place / 7},
            )
            for place, text in enumerate(texts)
        ]
        pools.append(Pool(f'{name}/{number}', name, f'{first} {second}', candidates))
    return pools


@pytest.fixture
def config(source, tmp_path):
    """A run of a few small steps over two sets."""
    made = source(vocab_size=325)
    write_pools(tmp_path / 'pools-0.jsonl.gz', invented_pools(40) + invented_pools(25, 'other'))
    return Config(
        name='test',
        out=str(tmp_path / 'run'),
        data=Data(
            pools=[str(tmp_path / 'pools-*.jsonl.gz')], cache=str(tmp_path / 'cache'), max_tokens=40, held_out=0.2
        ),
        model=Model(start=str(made.folder)),
        optimiser=Optimiser(
            learning_rate=1e-3, warmup_steps=2, steps=12, decay_steps=4, lists=3, candidates=4, chunk_tokens=128
        ),
        log=Log(print=4, evaluate=6, evaluate_lists=6, checkpoint=5, weights=4),
    )


def run_of(config: Config, **changes) -> Run:
    return Run(dataclasses.replace(config, **changes), choose_device(threads=1, precision='float32'))
