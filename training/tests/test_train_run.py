"""A run: the same seed, an interruption, an early end, new files, and settings that are wrong."""

from __future__ import annotations

import dataclasses
import json
import time

import pytest
import torch
from safetensors.torch import load_file
from small_run import invented_pools, run_of

from prepare.errors import DataError
from prepare.pools import write_pools
from train.checkpoint import load_weights
from train.config import config_from, read_config
from train.log import read_metrics
from train.run import MODEL, WEIGHTS, Run
from train.signals import Wishes, time_of_day
from train.soup import soup


def losses(folder) -> list[float]:
    rows = [row for row in read_metrics(folder / 'metrics.jsonl') if 'loss' in row]
    assert [row['step'] for row in rows] == list(range(1, len(rows) + 1))
    return [row['loss'] for row in rows]


def test_the_same_seed_gives_the_same_curve_and_another_seed_another(config, tmp_path):
    for name, seed in (('a', 1), ('b', 1), ('c', 2)):
        assert run_of(config, out=str(tmp_path / name), seed=seed).train()
    assert losses(tmp_path / 'a') == losses(tmp_path / 'b')
    assert losses(tmp_path / 'a') != losses(tmp_path / 'c')


@pytest.mark.parametrize('way', ['stop', 'crash'])
def test_interrupted_and_resumed_equals_uninterrupted(config, tmp_path, way, monkeypatch):
    run_of(config, out=str(tmp_path / 'whole')).train()
    first = run_of(config, out=str(tmp_path / 'parts'))
    seven_steps(first, way, monkeypatch)
    second = run_of(config, out=str(tmp_path / 'parts'))
    assert second.resume()
    assert second.step == {'stop': 7, 'crash': 5}[way]
    assert second.train()
    assert losses(tmp_path / 'parts') == losses(tmp_path / 'whole')
    whole, parts = (load_file(tmp_path / name / MODEL / 'model.safetensors') for name in ('whole', 'parts'))
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def seven_steps(run: Run, way: str, monkeypatch) -> None:
    """Ends orderly after the seventh step, or in the middle of the eighth."""
    look = run.wishes.look

    def wish(step, schedule):
        if step == 7:
            if way == 'crash':
                raise KeyboardInterrupt
            (run.folder / 'stop').touch()
        return look(step, schedule)

    monkeypatch.setattr(run.wishes, 'look', wish)
    if way == 'crash':
        with pytest.raises(KeyboardInterrupt):
            run.train()
    else:
        assert not run.train()
        assert not (run.folder / 'stop').exists()


def test_a_file_named_decay_ends_the_run_early_and_it_can_be_extended(config, tmp_path):
    run = run_of(config)
    (run.folder / 'decay').touch()
    assert run.train()
    assert run.step == 4
    rates = [row['rate'] for row in read_metrics(run.folder / 'metrics.jsonl') if 'rate' in row]
    assert rates[-1] < rates[1]
    longer = run_of(config)
    assert longer.resume('before-decay.pt')
    assert longer.train()
    assert longer.step == 12
    assert len(losses(run.folder)) == 12


def test_the_decay_begins_in_time_for_the_hour(config, tmp_path):
    run = run_of(config)
    run.wishes = Wishes(run.folder, until=time.time() + 100)
    run.wishes.took(25.5)
    assert run.wishes.look(1, run.schedule) == 'decay'
    patient = Wishes(run.folder, until=time.time() + 100)
    patient.took(20.0)
    assert patient.look(1, run.schedule) is None
    with pytest.raises(DataError, match='25:00'):
        time_of_day('25:00')


def test_new_files_join_a_run_without_moving_what_it_has_seen(config, tmp_path):
    run = run_of(config, data=dataclasses.replace(config.data, refresh=4))
    before = run.sampler.stream_sizes
    write_pools(tmp_path / 'pools-1.jsonl.gz', invented_pools(30, 'invented'))
    assert run.train()
    assert set(run.sampler.stream_sizes) > set(before)
    assert '1 new parts' in (run.folder / 'log.txt').read_text()
    fresh = [key for key in run.sampler.state if key.startswith('pools-1')]
    assert all(run.sampler.state[key] != [0, 0] for key in fresh)


def test_soup_is_the_mean_of_the_weights(config, tmp_path):
    run = run_of(config)
    run.train()
    assert [path.stem for path in soup(run.folder, tmp_path / 'soup', last=2)] == ['step-000008', 'step-000012']
    parts = [load_weights(run.folder / WEIGHTS / f'step-0000{step}.safetensors') for step in ('08', '12')]
    made, name = load_file(tmp_path / 'soup' / 'model.safetensors'), 'bert.encoder.layer.0.output.dense.weight'
    assert torch.equal(made[name], ((parts[0][name].double() + parts[1][name].double()) / 2).half())
    frozen = 'bert.embeddings.word_embeddings.weight'
    assert torch.equal(made[frozen], load_file(tmp_path / 'source' / 'model.safetensors')[frozen].half())


def test_a_soup_of_nothing_is_refused(config, tmp_path):
    with pytest.raises(DataError, match='config.json is missing'):
        soup(tmp_path / 'nowhere', tmp_path / 'soup')
    with pytest.raises(DataError, match='--last is 0'):
        soup(run_of(config).folder, tmp_path / 'soup', last=0)


def test_another_machine_trains_from_the_caches_alone(config, tmp_path):
    run_of(config, out=str(tmp_path / 'here')).train()
    carried = dataclasses.replace(config.data, pools=[])
    run_of(config, out=str(tmp_path / 'there'), data=carried).train()
    assert losses(tmp_path / 'here') == losses(tmp_path / 'there')


WRONG = {
    'an unknown key': ({'optimiser': {'learning_rte': 1}}, 'optimiser.learning_rte is not a setting'),
    'a wrong type': ({'optimiser': {'steps': 'many'}}, "optimiser.steps is 'many'"),
    'a choice that is none': ({'loss': {'unjudged': 'maybe'}}, "loss.unjudged is 'maybe'"),
    'a share beyond one': ({'data': {'held_out': 1.5}}, 'data.held_out is 1.5'),
    'no temperature': ({'loss': {'temperature': 0}}, 'loss.temperature is 0'),
    'no room for a text': ({'data': {'max_text_tokens': 2}}, 'data.max_text_tokens is 2; it must be above 2'),
    'more than is kept of a text': ({'data': {'max_text_tokens': 300}}, 'data.max_text_tokens is 300'),
    'a decay longer than the run': ({'optimiser': {'steps': 100, 'decay_steps': 125}}, 'decay_steps is 125'),
    'a table that is none': ({'data': 'pools'}, "data is 'pools'"),
    'a list of other things': ({'data': {'pools': [3]}}, 'data.pools holds 3'),
    'a weight that is no number': ({'loss': {'teachers': {'bm25': '1'}}}, "loss.teachers.bm25 is '1'"),
    'a weight below nothing': ({'data': {'set_weights': {'a': -1}}}, 'data.set_weights.a is -1'),
}


@pytest.mark.parametrize(('table', 'message'), WRONG.values(), ids=WRONG.keys())
def test_wrong_settings_are_named(table, message):
    with pytest.raises(DataError, match=message):
        config_from(table, 'run.toml')


def test_paths_are_relative_to_the_file(tmp_path):
    (tmp_path / 'run.toml').write_text('out = "runs/a"\n[data]\npools = ["pools/*.gz"]\n')
    read = read_config(tmp_path / 'run.toml')
    assert (read.out, read.data.pools) == (str(tmp_path / 'runs/a'), [str(tmp_path / 'pools/*.gz')])


def test_missing_pools_and_a_folder_of_another_run_are_errors(config, tmp_path):
    with pytest.raises(DataError, match='no file matches'):
        run_of(config, data=dataclasses.replace(config.data, pools=['/nowhere/*.gz']))
    run = run_of(config, optimiser=dataclasses.replace(config.optimiser, steps=1, decay_steps=1))
    assert run.train()
    kept = (run.folder / 'config.json').read_text()
    assert config_from(json.loads(kept), 'config.json') == run.config
    frozen = dataclasses.replace(config.model, frozen_layers=1)
    for other in ({'seed': 9}, {'model': frozen}):
        with pytest.raises(DataError, match='another model or seed'):
            run_of(config, **other).resume()
    assert (run.folder / 'config.json').read_text() == kept


def test_pools_that_would_be_missed_or_mixed_up_are_named(config, tmp_path):
    """A file that is not there beside one that is, and two files of one name, whose caches would be one."""
    (tmp_path / 'more').mkdir()
    write_pools(tmp_path / 'more' / 'pools-0.jsonl', invented_pools(5))
    for more, said in (('domain.jsonl', 'there is no such file'), ('more/pools-*', 'have one name')):
        data = dataclasses.replace(config.data, pools=[*config.data.pools, str(tmp_path / more)])
        with pytest.raises(DataError, match=said):
            run_of(config, data=data)
    with pytest.raises(DataError, match="data.cache is ''"):
        run_of(config, data=dataclasses.replace(config.data, cache=''))


def test_the_held_out_lists_can_be_those_of_one_set(config):
    config = dataclasses.replace(config, log=dataclasses.replace(config.log, evaluate_lists=100))
    data = dataclasses.replace(config.data, held_out=0.5)
    assert {one.set_name for one in run_of(config, data=data).held_out} == {'invented', 'other'}
    data = dataclasses.replace(data, held_out_sets=['other'])
    assert {one.set_name for one in run_of(config, data=data).held_out} == {'other'}
    data = dataclasses.replace(data, held_out_sets=['domain'])
    with pytest.raises(DataError, match="held_out_sets names 'domain'; the sets of the pools are 'invented', 'other'"):
        run_of(config, data=data)
