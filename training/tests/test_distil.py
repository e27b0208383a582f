"""Distillation: a teacher's logits in the caches, and pools from BM25 alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from invented import write_invented
from small_run import run_of
from tokenizers import Tokenizer

from distil.lexical import Amount, lexical_pools, write_all
from distil.teach import Teaching, teach
from prepare.beir import read_set
from prepare.errors import DataError
from prepare.pools import read_pools
from train.cache import read_cache
from train.device import choose_device
from train.forward import logits_of
from train.settings import Model
from train.start import make_model


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


def test_lexical_pools_hold_a_positive_what_bm25_finds_and_others(tmp_path):
    write_invented(tmp_path / 'sets' / 'house')
    data = read_set(tmp_path / 'sets' / 'house')
    pools = lexical_pools(data, Amount(queries=20, candidates=6))
    assert len(pools) == 20 and pools == lexical_pools(data, Amount(queries=20, candidates=6))
    relevant = data.positives('train')
    for pool in pools:
        ids = [candidate.id for candidate in pool.candidates]
        assert len(set(ids)) == 6
        good = {candidate.id for candidate in pool.candidates if candidate.label == 1}
        assert good == set(relevant[pool.id.removeprefix('house/')])
        assert all(candidate.label is None for candidate in pool.candidates if candidate.id not in good)
    scores = np.array([[candidate.scores['bm25'] for candidate in pool.candidates] for pool in pools])
    assert (scores[:, 1] > 0).mean() > 0.9
    write_all(tmp_path / 'sets', tmp_path / 'out', Amount(queries=5))
    assert len(list(read_pools(tmp_path / 'out' / 'lexical-house.jsonl.gz'))) == 5


def test_a_student_prefers_texts_with_the_words_of_the_query_before_any_training(source, tmp_path):
    folder = source(vocab_size=325, hidden_size=64, num_attention_heads=4).folder
    model = make_model(
        Model(start=str(folder), init='pca', layers=2, width=64, heads=4, frozen_embeddings=False), seed=1
    ).eval()
    tokenizer, random, places = Tokenizer.from_file(str(folder / 'tokenizer.json')), np.random.default_rng(0), []
    cls, sep = (tokenizer.token_to_id(name) for name in ('[CLS]', '[SEP]'))
    for _ in range(40):
        query, noise = random.choice(np.arange(10, 320), 4, replace=False), random.integers(10, 320, (5, 14))
        # Text number n holds n of the four words.
        texts = [np.concatenate([query[:count], row[count:]]) for count, row in enumerate(noise)]
        pairs = [np.concatenate([[cls], query, [sep], random.permutation(text), [sep]]) for text in texts]
        types = torch.tensor([[0] * 6 + [1] * 15] * 5)
        with torch.no_grad():
            logits = logits_of(model, torch.from_numpy(np.stack(pairs)), types, torch.full((5,), 21))
        places.append(np.argsort(np.argsort(logits.numpy())))
    assert np.corrcoef(np.concatenate(places), np.tile(np.arange(5), 40))[0, 1] > 0.7
