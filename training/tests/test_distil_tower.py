"""A small bi-encoder taught by a large one."""

from __future__ import annotations

import collections
import dataclasses

import numpy as np
import pytest
import torch
from split_source import save_random_split
from torch.nn import functional
from transformers import AutoModel

from distil.grow import main as grow
from distil.learn import learn, rate_share
from distil.lessons import Lessons, draw, text_losses, token_losses
from distil.tower import Size, new_tower, principal_axes, save_tower, shape_like, word_vectors
from prepare.errors import DataError
from split.files import load_split, new_split
from split.score import SplitScorer
from train.cache import load_all
from train.device import choose_device
from train.errors import TrainingError

LIMIT, SMALL = 20, Size(layers=2, width=16, heads=2, inner=32)


@pytest.fixture
def school(config, tmp_path):
    """A random split reranker that scores, and the token caches of invented pools."""
    large = save_random_split(tmp_path / 'start', vocab_size=325)
    caches, _ = load_all(config, large.folder / 'tokenizer.json')
    return SplitScorer(load_split(large.folder), choose_device(1, 'float32'), LIMIT), caches


def small(teacher: SplitScorer, caches) -> torch.nn.Module:
    torch.manual_seed(1)
    return new_tower(
        shape_like(teacher.model.shape, SMALL),
        word_vectors(teacher.model.bert, *caches[0].marks),
    )


def test_a_word_is_what_the_teacher_makes_of_it_alone_on_fewer_axes(school):
    teacher, caches = school
    cls, sep = caches[0].marks
    vectors = word_vectors(teacher.model.bert, cls, sep)
    alone = teacher.model.read(torch.tensor([[cls, 77, sep]]), torch.tensor([3])).mean[0]
    assert vectors[77].tolist() == pytest.approx(functional.normalize(alone, dim=-1).tolist(), abs=1e-5)
    table = small(teacher, caches).bert.embeddings.word_embeddings.weight
    centred = functional.normalize(vectors - vectors.mean(0), dim=-1)
    wanted, found = (
        centred @ centred.T,
        functional.normalize(table, dim=-1) @ functional.normalize(table, dim=-1).T,
    )
    apart = ~torch.eye(len(table), dtype=torch.bool)
    assert np.corrcoef(wanted[apart].numpy(), found.detach()[apart].numpy())[0, 1] > 0.8


def test_nothing_is_left_to_learn_for_a_tower_that_is_the_teacher(school):
    teacher, caches = school
    readings = teacher.readings(draw(caches, Lessons(), np.random.default_rng(1)))
    itself = torch.nn.Identity()
    losses = text_losses(readings, readings, itself) | token_losses(readings, readings, itself)
    for name in ('text', 'near', 'token'):
        assert losses[name].item() == pytest.approx(0, abs=1e-5), name
    assert set(losses) == {'text', 'near', 'token', 'token_near'}


def test_a_lesson_has_lists_with_several_passages_and_lists_with_one(school):
    _, caches = school
    pairs = draw(caches, Lessons(lists=2, passages=3, others=4), np.random.default_rng(1))
    counts = collections.Counter(query for _, query, _ in pairs)
    assert sorted(counts.values()) == [1, 1, 1, 1, 3, 3]
    assert len({(query, text) for _, query, text in pairs}) == len(pairs)
    for cache, query, text in pairs:
        place = int(np.flatnonzero(cache.queries == query)[0])
        assert text in cache.candidates[cache.list_starts[place] : cache.list_starts[place + 1]]


def test_it_learns_with_and_without_layers_and_the_same_from_the_same_seed(school):
    teacher, caches = school
    random, lessons = (
        np.random.default_rng(9),
        Lessons(
            word_steps=30,
            steps=30,
            lists=2,
            passages=4,
            others=4,
            word_rate=5e-3,
            rate=5e-3,
        ),
    )
    exam = [teacher.readings(draw(caches, lessons, random)) for _ in range(4)]

    def mark(tower) -> float:
        with torch.no_grad():
            read = [(tuple(tower.read(texts, True) for texts in large), large) for large in exam]
            return sum(text_losses(*one, tower.project)['text'].item() for one in read) / len(exam)

    tower, words_only, again = (small(teacher, caches) for _ in range(3))
    before = mark(tower)
    learn(tower, teacher, caches, lessons)
    learn(again, teacher, caches, lessons)
    learn(words_only, teacher, caches, dataclasses.replace(lessons, steps=0))
    assert mark(tower) < mark(words_only) < before
    assert mark(tower) == mark(again)
    untouched = small(teacher, caches).bert.encoder.state_dict()
    assert all(torch.equal(weight, untouched[name]) for name, weight in words_only.bert.encoder.state_dict().items())


def test_the_folder_is_a_bert_that_a_split_reranker_is_made_of(config, school, tmp_path):
    toml = tmp_path / 'run.toml'
    toml.write_text(
        f'name = "large"\nout = "run"\n[data]\npools = ["pools-*.jsonl.gz"]\ncache = "cache"\nmax_text_tokens = {LIMIT}\n'
        f'[model]\nstart = "{tmp_path / "start"}"\ninit = "whole"\n'
    )
    out = tmp_path / 'tower'
    size = [
        '--layers',
        '2',
        '--width',
        '16',
        '--heads',
        '2',
        '--inner',
        '32',
        '--word-steps',
        '3',
        '--steps',
        '3',
        '--threads',
        '1',
    ]
    assert grow([str(out), '--config', str(toml), *size]) == 0
    made = AutoModel.from_pretrained(out, add_pooling_layer=False)
    assert (
        made.config.hidden_size,
        made.config.num_hidden_layers,
        made.config.model_type,
    ) == (16, 2, 'bert')
    split = new_split(out, joint_from=1)
    assert len(split.joint) == 1
    for name, weight in made.state_dict().items():
        assert torch.equal(weight, split.bert.state_dict()[name]), name


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'width': 64}, '--width is 64'),
        ({'heads': 3}, '--heads is 3'),
        ({'layers': -1}, '--layers is -1'),
    ],
)
def test_what_cannot_be_made_is_said(school, change, said):
    teacher, _ = school
    with pytest.raises(TrainingError, match=said):
        shape_like(teacher.model.shape, dataclasses.replace(SMALL, **change))


def test_a_table_of_words_alone_learns_and_gets_layers_that_read_together(school, tmp_path):
    teacher, caches = school
    tower = new_tower(shape_like(teacher.model.shape, dataclasses.replace(SMALL, layers=0)), torch.randn(325, 32))
    before = tower.bert.embeddings.word_embeddings.weight.clone()
    learn(tower, teacher, caches, Lessons(word_steps=3, steps=3, lists=2, passages=2, others=2))
    assert not torch.equal(before, tower.bert.embeddings.word_embeddings.weight)
    save_tower(tower, tmp_path / 'start', tmp_path / 'tower')
    made = new_split(tmp_path / 'tower', joint_from=0, joint_layers=2)
    assert (made.shape.layers, made.shape.joint_layers, len(made.joint)) == (0, 2, 2)
    with pytest.raises(DataError, match='--joint-from is 4'):
        new_split(tmp_path / 'tower', joint_from=4)


def test_the_rate_rises_stays_and_falls():
    shares = [rate_share(step, 1000) for step in range(1, 1001)]
    assert shares[0] == 0.01 and max(shares) == 1.0 and shares[300] == 1.0 and shares[-1] < 0.01
    assert shares[399:] == sorted(shares[399:], reverse=True)


def test_principal_axes_keep_as_much_as_a_decomposition_says():
    rows = torch.randn(200, 12, generator=torch.Generator().manual_seed(2)) @ torch.diag(torch.arange(12.0, 0, -1))
    center, axes = principal_axes(rows, 5)
    kept = ((rows - center) @ axes).square().sum()
    assert kept.item() == pytest.approx(torch.linalg.svdvals(rows - rows.mean(0))[:5].square().sum().item(), rel=1e-4)
    assert torch.allclose(axes.T @ axes, torch.eye(5), atol=1e-5)
