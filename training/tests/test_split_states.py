"""What is kept of the texts of a split reranker: the same logits, read once, gone on with."""

from __future__ import annotations

import json

import pytest
import torch
from small_run import invented_pools
from small_split_run import LIMIT, caches, run_config, start_of  # noqa: F401  a fixture

from prepare.errors import DataError
from prepare.pools import write_pools
from split.files import freeze, load_split
from split.score import SplitScorer
from split.states import StateStore, layers_digest, store_name
from train.config import config_from
from train.device import choose_device


def test_kept_states_give_the_logits_of_reading_anew(run_config):
    lists = caches(run_config)[0]
    model, device = load_split(start_of(run_config)).eval(), choose_device(1, 'float32')
    pairs = [(lists, int(lists.queries[n]), int(lists.candidates[lists.list_starts[n]])) for n in range(12)]
    kept, anew = SplitScorer(model, device, LIMIT, run_config.data.states), SplitScorer(model, device, LIMIT)
    kept.prepare([lists], lambda text: None)
    with torch.no_grad():
        ours, wanted = kept.logits(pairs, 64)[0], anew.logits(pairs, 10_000)[0]
    assert (ours - wanted).abs().max() < 0.02 * wanted.std()
    assert (ours - wanted).abs().max() > 0, 'states kept in float16 cannot be equal to the bit'


def test_texts_of_several_files_share_a_batch_and_are_read_once(run_config, tmp_path, monkeypatch):
    write_pools(tmp_path / 'pools-1.jsonl.gz', invented_pools(9, 'third'))
    model, device, both = load_split(start_of(run_config)).eval(), choose_device(1, 'float32'), caches(run_config)
    kept = SplitScorer(model, device, LIMIT, run_config.data.states)
    kept.prepare(both, lambda text: None)
    monkeypatch.setattr(model, 'read', None)
    kept.prepare(caches(run_config), lambda text: None)
    pairs = [(one, int(one.queries[n]), int(one.candidates[one.list_starts[n]])) for n in range(8) for one in both]
    with torch.no_grad():
        together, alone = kept.logits(pairs, 10_000)[0], [kept.logits([pair], 64)[0] for pair in pairs]
    assert len(both) == 2
    assert torch.allclose(together, torch.cat(alone), atol=1e-4)


def test_a_reading_that_was_cut_short_goes_on(run_config, monkeypatch):
    lists = caches(run_config)[0]
    model, device = load_split(start_of(run_config)).eval(), choose_device(1, 'float32')
    monkeypatch.setattr('split.states.BATCH_TOKENS', 60)
    monkeypatch.setattr('split.states.NOTE_EVERY', 2)
    path = start_of(run_config).parent / 'states' / store_name(lists, layers_digest(model), LIMIT)
    whole = StateStore(lists, path.parent / 'whole' / path.name, LIMIT, 32)
    whole.fill(model, device, lambda text: None)

    def stop(*_):
        raise KeyboardInterrupt

    parts = StateStore(lists, path, LIMIT, 32)
    read, seen = parts._read, []
    monkeypatch.setattr(parts, '_read', lambda *given: (seen.append(1), read(*given))[1] if len(seen) < 5 else stop())
    with pytest.raises(KeyboardInterrupt):
        parts.fill(model, device, lambda text: None)
    assert json.loads(path.with_suffix('.json').read_text())['batches'] == 4
    StateStore(lists, path, LIMIT, 32).fill(model, device, lambda text: None)
    assert path.read_bytes() == (path.parent / 'whole' / path.name).read_bytes()


def test_other_layers_or_another_limit_are_read_anew(run_config):
    lists, model = caches(run_config)[0], load_split(start_of(run_config))
    name = store_name(lists, layers_digest(model), LIMIT)
    with torch.no_grad():
        model.bert.encoder.layer[0].output.dense.bias += 1
    assert len({name, store_name(lists, layers_digest(model), LIMIT), store_name(lists, layers_digest(model), LIMIT + 1)}) == 3


def test_kept_states_need_frozen_layers():
    with pytest.raises(DataError, match='data.states'):
        config_from({'data': {'states': 'states'}}, 'run.toml')


def test_with_upper_layers_that_learn_only_the_lower_ones_are_kept(run_config):
    lists, device = caches(run_config)[0], choose_device(1, 'float32')
    model = freeze(load_split(start_of(run_config)), True, 1)
    kept, anew = SplitScorer(model, device, LIMIT, run_config.data.states), SplitScorer(model, device, LIMIT)
    kept.prepare([lists], lambda text: None)
    span = slice(lists.list_starts[2], lists.list_starts[3])
    pairs = [(lists, int(lists.queries[2]), int(text)) for text in lists.candidates[span]]
    ours, wanted = kept.logits(pairs, 200)[0], anew.logits(pairs, 200)[0]
    assert (ours - wanted).abs().max() < 0.02 * wanted.std()
    ours.sum().backward()
    assert model.bert.encoder.layer[2].output.dense.weight.grad.abs().sum() > 0
    assert model.bert.encoder.layer[0].output.dense.weight.grad is None
