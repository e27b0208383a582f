"""A run of a split reranker: what it changes, that it can be interrupted, and what comes after it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from small_run import run_of
from small_split_run import LIMIT, caches, losses, run_config, start_of  # noqa: F401  a fixture
from split_source import save_random_split

from calibrate.held_out import calibrate
from prepare.errors import DataError
from split.files import give_share, load_split
from split.score import SplitScorer
from train.device import choose_device
from train.log import read_metrics
from train.run import MODEL


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


def test_layers_that_are_not_there_cannot_learn_by_themselves(run_config, tmp_path):
    save_random_split(tmp_path / 'start', vocab_size=325, joint_layers=0)
    config = dataclasses.replace(run_config, model=dataclasses.replace(run_config.model, joint_alone=True))
    with pytest.raises(DataError, match='model.joint_alone is true'):
        run_of(config)


def test_texts_longer_than_the_model_reads_are_refused(run_config):
    data = dataclasses.replace(run_config.data, max_text_tokens=50)
    with pytest.raises(DataError, match='max_text_tokens is 50; this model reads at most 40'):
        run_of(run_config, data=data)


def test_matches_and_joint_layers_learn_side_by_side(run_config):
    model = dataclasses.replace(run_config.model, joint_beside=True, frozen_layers=1)
    run = run_of(dataclasses.replace(run_config, model=model))
    before = {name: weight.detach().clone() for name, weight in run.model.named_parameters()}
    run.train()
    changed = {name.split('.')[0] for name, weight in run.model.named_parameters() if not torch.equal(before[name], weight)}
    assert changed >= {'bert', 'joint', 'matches', 'classifier'}
    found = losses(run)
    assert sum(found[-5:]) < sum(found[:5])
    assert any('held_out_part_1_ndcg' in row for row in read_metrics(run.folder / 'metrics.jsonl'))
