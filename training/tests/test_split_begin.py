"""The start of a split reranker: what it is told about the language before it learns."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from small_split_run import LIMIT, caches, run_config  # noqa: F401  a fixture

from split.__main__ import main as begin
from split.begin import rarity
from split.files import load_split
from split.shape import read_split_shape


def test_rarity_is_that_of_bm25(run_config):
    lists = caches(run_config)
    found, texts = rarity(lists, 325), {int(number) for number in lists[0].candidates}
    token = int(lists[0].text(min(texts))[0])
    df = sum(token in lists[0].text(number) for number in texts)
    assert found[token] == pytest.approx(np.log(1 + (len(texts) - df + 0.5) / (df + 0.5)), rel=1e-5)
    assert found.argmax() not in {int(t) for n in texts for t in lists[0].text(n)}


def test_the_start_knows_rarity_and_range(run_config, source, tmp_path):
    encoder = source(vocab_size=325, num_hidden_layers=3)
    run = tmp_path / 'run.toml'
    run.write_text(f'[data]\npools = ["pools-*.jsonl.gz"]\ncache = "cache"\nmax_text_tokens = {LIMIT}\n')
    out = tmp_path / 'begun'
    given = [str(out), '--config', str(run), '--encoder', str(encoder.folder), '--joint-from', '1', '--fit-steps', '40']
    assert begin([*given, '--match-stretches']) == 0
    assert (read_split_shape(out).features, load_split(out).matches.linear.weight.shape) == (22, (1, 22))
    assert begin(given) == 0
    model = load_split(out)
    assert model.shape.joint_layers == 2
    assert model.matches.rarity.max() > model.matches.rarity.min() > 0
    assert model.matches.spread.min() >= 1e-3 and not torch.equal(model.matches.spread, torch.ones(18))
