"""A run of a split reranker: its start, what is kept of the texts, and that it learns the same with and without."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from small_run import invented_pools, run_of
from split_source import save_random_split

from calibrate.held_out import calibrate
from prepare.errors import DataError
from prepare.pools import write_pools
from split.__main__ import main as begin
from split.begin import rarity
from split.files import load_split
from split.score import SplitScorer
from split.share import give_share
from split.states import StateStore, layers_digest, store_name
from train.cache import TokenCache, load_all
from train.config import config_from
from train.device import choose_device
from train.log import read_metrics
from train.run import MODEL

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


def test_it_learns_and_leaves_the_bi_encoder_as_it_was(run_config):
    run = run_of(run_config)
    assert run.train()
    found = losses(run)
    assert np.mean(found[-8:]) < 0.8 * np.mean(found[:8])
    before, after = load_split(start_of(run_config)), load_split(run.folder / MODEL)
    for name, weight in before.state_dict().items():
        same = torch.equal(weight, after.state_dict()[name])
        frozen = name.startswith('bert.') or name.split('.')[-1] in ('rarity', 'centre', 'spread')
        # A bias of the keys adds the same to every attention score of a row, and the last layer's queries are one row.
        assert same == frozen or 'key.bias' in name, name


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


def test_the_same_seed_gives_the_same_curve_after_an_interruption(run_config, tmp_path):
    config = dataclasses.replace(run_config, optimiser=dataclasses.replace(run_config.optimiser, steps=12))
    whole = run_of(config, out=str(tmp_path / 'whole'))
    whole.train()
    first = run_of(config, out=str(tmp_path / 'parts'))
    look = first.wishes.look
    first.wishes.look = lambda step, schedule: 'stop' if step == 7 else look(step, schedule)
    assert not first.train()
    second = run_of(config, out=str(tmp_path / 'parts'))
    assert second.resume() and second.train()
    assert losses(second) == losses(whole)


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
    assert begin([str(out), '--config', str(run), '--encoder', str(encoder.folder), '--joint-from', '1', '--fit-steps', '40']) == 0
    model = load_split(out)
    assert (model.shape.joint_layers, model.shape.match_width) == (2, 0)
    assert model.matches.rarity.max() > model.matches.rarity.min() > 0
    assert model.matches.spread.min() >= 1e-3 and not torch.equal(model.matches.spread, torch.ones(18))


def test_frozen_matches_keep_what_they_began_with(run_config):
    config = dataclasses.replace(run_config, model=dataclasses.replace(run_config.model, frozen_matches=True))
    run = run_of(config)
    run.train()
    before, after = load_split(start_of(run_config)).state_dict(), load_split(run.folder / MODEL).state_dict()
    moved = {name.split('.')[0] for name, weight in after.items() if not torch.equal(weight, before[name])}
    assert moved == {'joint', 'segment', 'classifier'}


def test_layers_that_learn_by_themselves_are_added_with_their_share(run_config):
    config = dataclasses.replace(run_config, model=dataclasses.replace(run_config.model, joint_alone=True))
    run = run_of(config)
    run.train()
    began, ended = load_split(start_of(run_config)).eval(), load_split(run.folder / MODEL).eval()
    same = [torch.equal(weight, ended.state_dict()[name]) for name, weight in began.state_dict().items() if 'matches' in name]
    assert all(same)
    pairs = [(one, int(one.queries[0]), int(one.candidates[0])) for one in caches(run_config)]
    device = choose_device(1, 'float32')

    def logit(model) -> float:
        return SplitScorer(model, device, LIMIT).logits(pairs, 500)[0].item()

    with torch.no_grad():
        for part in began.classifier.parameters():
            part.zero_()
        counted = logit(began)
        joint = logit(ended) - counted
        assert abs(joint) > 1e-4
        assert abs(counted) > 1e-2 and logit(run.model) == pytest.approx(joint, abs=1e-5)
        give_share(run.folder / MODEL, 0.5)
        assert logit(load_split(run.folder / MODEL).eval()) == pytest.approx(counted + 0.5 * joint, abs=1e-5)


def test_it_can_be_calibrated(run_config):
    run = run_of(run_config)
    run.train()
    logits_before = load_split(run.folder / MODEL).classifier.bias.item()
    config = dataclasses.replace(run_config, data=dataclasses.replace(run_config.data, held_out=0.5))
    found = calibrate(run.folder / MODEL, config, lists=60)
    assert found['temperature'] > 0
    shifted = load_split(run.folder / MODEL).classifier.bias.item()
    assert shifted == pytest.approx(logits_before + found['shift'], abs=1e-5)


def test_texts_longer_than_the_model_reads_are_refused(run_config):
    data = dataclasses.replace(run_config.data, max_text_tokens=50)
    with pytest.raises(DataError, match='max_text_tokens is 50; this model reads at most 40'):
        run_of(run_config, data=data)


def test_kept_states_need_frozen_layers():
    with pytest.raises(DataError, match='data.states'):
        config_from({'data': {'states': 'states'}}, 'run.toml')
