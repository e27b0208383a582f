"""A run of a split reranker on the pools of the small run, for several tests."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from split_source import save_random_split

from train.cache import TokenCache, load_all
from train.log import read_metrics

#: Tokens of a text at most.
LIMIT = 20


@pytest.fixture
def run_config(config, tmp_path):
    """Pools of the small run, and a random split reranker to begin with."""
    save_random_split(tmp_path / 'start', vocab_size=325)
    data = dataclasses.replace(config.data, max_text_tokens=LIMIT, states=str(tmp_path / 'states'))
    model = dataclasses.replace(config.model, start=str(tmp_path / 'start'), init='whole', frozen_layers=3)
    optimiser = dataclasses.replace(config.optimiser, learning_rate=3e-3, steps=40)
    return dataclasses.replace(config, data=data, model=model, optimiser=optimiser)


def caches(config) -> list[TokenCache]:
    return load_all(config, start_of(config) / 'tokenizer.json')[0]


def start_of(config) -> Path:
    return Path(config.model.start)


def losses(run) -> list[float]:
    return [row['loss'] for row in read_metrics(run.folder / 'metrics.jsonl') if 'loss' in row]
