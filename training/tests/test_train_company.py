"""Several processes that share a run: the same curve as one, written once."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from small_run import run_of
from split_source import split  # noqa: F401  a fixture

from train.company import Company
from train.device import choose_device
from train.errors import TrainingError
from train.launch import Wanted, launch
from train.log import METRICS, read_metrics
from train.run import MODEL, Run

TWO = Wanted(threads=1, precision='float32', processes=2)


def curve(folder: Path, name: str) -> list[float]:
    return [row[name] for row in read_metrics(folder / METRICS) if name in row]


def test_two_processes_learn_what_one_learns_and_resume_exactly(config, tmp_path):
    # Lists of a step in equal shares, each with a positive: the mean of two means is the mean of all.
    config = dataclasses.replace(config, optimiser=dataclasses.replace(config.optimiser, lists=4))
    alone, shared = (dataclasses.replace(config, out=str(tmp_path / name)) for name in ('alone', 'shared'))
    assert run_of(alone).train()
    assert launch(shared, TWO)
    folders = [Path(one.out) for one in (alone, shared)]
    for name in ('loss', 'listwise', 'distil', 'gradient_norm', 'held_out_ndcg'):
        ours, theirs = (curve(folder, name) for folder in folders)
        assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-5), name
    assert [row['pairs'] for row in read_metrics(folders[1] / METRICS) if 'pairs' in row] == [16] * 12
    losses, model = curve(folders[1], 'loss'), (folders[1] / MODEL / 'model.safetensors').read_bytes()
    # Back to before the decay, at the ninth of twelve steps: every process takes up the state that the first one left.
    assert launch(shared, dataclasses.replace(TWO, extend=True))
    assert curve(folders[1], 'loss') == losses
    assert (folders[1] / MODEL / 'model.safetensors').read_bytes() == model


def test_a_wish_for_an_end_reaches_all_and_the_run_goes_on(config, split):
    # Without joint layers there are weights that no loss reads, which must not stop the averaging.
    model = dataclasses.replace(config.model, start=str(split(vocab_size=325, joint_layers=0).folder), init='whole')
    data = dataclasses.replace(config.data, max_text_tokens=20)
    config = dataclasses.replace(config, model=model, data=data)
    Path(config.out).mkdir()
    (Path(config.out) / 'stop').touch()
    assert not launch(config, TWO)
    assert launch(config, TWO)
    assert [row['step'] for row in read_metrics(Path(config.out) / METRICS) if 'loss' in row] == list(range(1, 13))


def test_what_cannot_be_shared_is_refused(config):
    few = dataclasses.replace(config, optimiser=dataclasses.replace(config.optimiser, lists=1))
    joined = dataclasses.replace(config, data=dataclasses.replace(config.data, refresh=5))
    for wrong, message in ((few, 'optimiser.lists is 1'), (joined, 'data.refresh is 5')):
        with pytest.raises(TrainingError, match=message):
            Run(wrong, choose_device(1, 'float32'), company=Company(0, 2))


def test_what_is_wrong_in_one_process_is_said_as_if_there_were_one(config):
    """The second waits for the first, which finds no pools."""
    lost = dataclasses.replace(config, data=dataclasses.replace(config.data, pools=['/nowhere/*.gz']))
    with pytest.raises(TrainingError, match='^the pools .* no file matches'):
        launch(lost, TWO)
    with pytest.raises(TrainingError, match='--processes is 0'):
        launch(lost, dataclasses.replace(TWO, processes=0))
