"""Several processes that share a run: the same curve as one, written once."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import pytest
from small_run import run_of

from train.company import Company, in_company
from train.device import choose_device
from train.errors import TrainingError
from train.log import METRICS, read_metrics
from train.member import Wanted
from train.member import run_of as member
from train.run import MODEL, Run

WANTED = Wanted(threads=1, precision='float32')


def curve(folder: Path, name: str) -> list[float]:
    return [row[name] for row in read_metrics(folder / METRICS) if name in row]


def test_two_processes_learn_what_one_learns(config, tmp_path):
    # Lists of a step in equal shares, each with a positive: the mean of two means is the mean of all.
    config = dataclasses.replace(config, optimiser=dataclasses.replace(config.optimiser, lists=4))
    alone, shared = (dataclasses.replace(config, out=str(tmp_path / name)) for name in ('alone', 'shared'))
    assert run_of(alone).train()
    assert in_company(2, functools.partial(member, shared, WANTED))
    folders = [Path(one.out) for one in (alone, shared)]
    for name in ('loss', 'listwise', 'distil', 'gradient_norm', 'held_out_ndcg'):
        ours, theirs = (curve(folder, name) for folder in folders)
        assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-5), name
    assert [row['pairs'] for row in read_metrics(folders[1] / METRICS) if 'pairs' in row] == [16] * 12
    assert (folders[1] / MODEL / 'model.safetensors').is_file()


def test_a_wish_for_an_end_reaches_all_and_the_run_goes_on(config):
    Path(config.out).mkdir()
    (Path(config.out) / 'stop').touch()
    work = functools.partial(member, config, WANTED)
    assert not in_company(2, work)
    assert in_company(2, work)
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
        in_company(2, functools.partial(member, lost, WANTED))
    with pytest.raises(TrainingError, match='--processes is 0'):
        in_company(0, functools.partial(member, lost, WANTED))
