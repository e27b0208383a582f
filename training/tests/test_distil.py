"""Distillation: a teacher's logits in the caches."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from small_run import run_of
from tokenizers import Tokenizer

from distil.teach import Teaching, teach
from prepare.errors import DataError
from prepare.pools import read_pools
from train.cache import read_cache
from train.device import choose_device


def settings(**changes) -> Teaching:
    return Teaching(choose_device(threads=1, precision='float32'), max_tokens=40, say=lambda text: None, **changes)


def test_the_teacher_scores_what_transformers_would(config, source, tmp_path):
    run_of(config)
    made = source(vocab_size=325)
    assert teach(made.folder, tmp_path / 'cache', tmp_path / 'taught', settings(lists=5)) == 30
    taught, pools = (
        read_cache(tmp_path / 'taught' / 'train' / 'pools-0.npz'),
        list(read_pools(tmp_path / 'pools-0.jsonl.gz')),
    )
    column = taught.scores[:, taught.teachers.index('cross-encoder')]
    assert np.isfinite(column).sum() == 30 and np.isnan(column[30:]).all()
    tokenizer = Tokenizer.from_file(str(made.folder / 'tokenizer.json'))
    tokenizer.enable_truncation(40, strategy='longest_first')
    pairs = [(pool.query, candidate.text) for pool in pools[:5] for candidate in pool.candidates]
    encoded = [tokenizer.encode(*pair) for pair in pairs]
    expected = [made.logit(np.array(one.ids), np.array(one.type_ids)) for one in encoded]
    assert column[:30].tolist() == pytest.approx(expected, abs=1e-4)
    assert taught.scores[:, taught.teachers.index('bm25')].tolist() == [
        candidate.scores['bm25'] for pool in pools for candidate in pool.candidates
    ]


def test_what_is_taught_is_not_scored_again_and_a_student_learns_from_it(config, source, tmp_path):
    run_of(config)
    folder = source(vocab_size=325).folder
    assert teach(folder, tmp_path / 'cache', tmp_path / 'taught', settings()) > 0
    assert teach(folder, tmp_path / 'cache', tmp_path / 'taught', settings()) == 0
    loss = dataclasses.replace(config.loss, listwise=0.0, binary=0.0, teachers={'cross-encoder': 1.0})
    student = run_of(
        config,
        out=str(tmp_path / 'student'),
        loss=loss,
        data=dataclasses.replace(config.data, pools=[], cache=str(tmp_path / 'taught')),
    )
    assert student.train()
    with torch.no_grad():
        assert all(torch.isfinite(weight).all() for weight in student.model.parameters())


def test_without_caches_there_is_nothing_to_teach(source, tmp_path):
    with pytest.raises(DataError, match='has no caches'):
        teach(source(vocab_size=325).folder, tmp_path, tmp_path / 'taught', settings())
