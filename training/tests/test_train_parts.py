"""The parts of a training step, each against something it did not compute itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from prepare.pools import Candidate, Pool
from train.cache import read_cache, tokenise, write_cache
from train.forward import layer_of, logits_of, mask_of, there
from train.losses import binary, divergence, listwise, losses_of, margins
from train.pairs import chunks_of, cut, join
from train.read_pools import table_of
from train.optimiser import Schedule
from train.sampler import ListDraw, ListSampler, choose_candidates, ensemble, is_easy, without_likely_positives
from train.settings import Config, Data, Loss

TEXTS = ['the lamp', 'the keeper of the old lamp cleans it with rain water every day', 'stairs ' * 30]


@pytest.fixture
def tokenizer(source):
    return Tokenizer.from_file(str(source(vocab_size=325).folder / 'tokenizer.json'))


@pytest.mark.parametrize('room', [8, 9, 13, 20, 30, 64])
def test_pairs_are_cut_as_the_tokenizer_cuts_them(tokenizer, room):
    table = table_of([Pool('1', 's', TEXTS[0], [Candidate('a', TEXTS[1]), Candidate('b', TEXTS[2])])])
    cache = tokenise(table, tokenizer)
    tokenizer.enable_truncation(room, strategy='longest_first')
    for first in range(3):
        for second in range(3):
            wanted = tokenizer.encode(TEXTS[first], TEXTS[second])
            ids, types = join(cache.text(first), cache.text(second), room, cache.marks)
            assert ids.tolist() == wanted.ids
            assert [0] * types + [1] * (len(ids) - types) == wanted.type_ids


def test_cut_keeps_everything_that_fits():
    assert cut(3, 4, 7) == (3, 4)
    assert sum(cut(50, 50, 31)) == 31


def test_chunks_hold_every_pair_once_and_stay_within_their_tokens():
    pairs = [(np.arange(length), 2) for length in (5, 30, 7, 7, 12, 3)]
    chunks = chunks_of(pairs, 24)
    assert sorted(place for chunk in chunks for place in chunk.places) == list(range(6))
    assert all(chunk.ids.size <= 24 or len(chunk.ids) == 1 for chunk in chunks)
    for chunk in chunks:
        for row, place in enumerate(chunk.places):
            assert chunk.ids[row, : chunk.lengths[row]].tolist() == pairs[place][0].tolist()
            assert chunk.types[row].sum() == len(pairs[place][0]) - 2


def test_the_forward_pass_equals_that_of_transformers(source):
    model, generator = source(num_hidden_layers=3).model, torch.Generator().manual_seed(5)
    ids = torch.randint(0, 50, (6, 17), generator=generator)
    lengths = torch.tensor([17, 12, 9, 17, 3, 5])
    types = (torch.arange(17)[None] >= 4).long().repeat(6, 1)
    mask = (torch.arange(17)[None] < lengths[:, None]).long()
    expected = model(input_ids=ids, token_type_ids=types, attention_mask=mask).logits[:, 0]
    assert torch.allclose(logits_of(model, ids, types, lengths), expected, atol=1e-5)


def test_a_layer_in_bfloat16_says_what_it_says_in_float32(source):
    layer, generator = source(num_hidden_layers=1).model.bert.encoder.layer[0], torch.Generator().manual_seed(5)
    x, mask = torch.randn(3, 9, 32, generator=generator), mask_of(there(torch.zeros(3, 9), torch.tensor([9, 4, 7])))
    with torch.no_grad():
        exact = layer_of(layer, x, x, mask)
        with torch.autocast('cpu', torch.bfloat16):
            found, elsewhere = layer_of(layer, x, x, mask), layer_of(layer, x, x.clone(), mask)
    assert torch.nn.functional.cosine_similarity(found, exact, dim=-1).min() > 0.999
    assert torch.allclose(found, elsewhere, atol=0.05), 'the same rows in one product and in three'


def test_lists_that_words_alone_decide_are_thinned_out_by_their_hash(tokenizer):
    def pool(number: int, right: float) -> Pool:
        scored = [Candidate('a', 'right', 1, {'bm25': right}), Candidate('b', 'wrong', None, {'bm25': 2.0})]
        return Pool(f'q{number}', 'invented', 'query', scored)

    cache = tokenise(table_of([pool(number, 3.0 if number % 2 else 1.0) for number in range(400)]), tokenizer)
    assert is_easy(cache).tolist() == [number % 2 == 1 for number in range(400)]
    sizes = [
        sum(ListSampler([cache], Config(data=Data(easy_share=share)), 0.0).sizes.values()) for share in (0.0, 0.5, 1.0)
    ]
    assert sizes[0] == 200 and sizes[2] == 400 and 260 < sizes[1] < 340


LOGITS = torch.tensor([[2.0, 0.0, -1.0, 9.0], [0.5, 1.0, 0.0, 0.0]])
LABELS = torch.tensor([[1.0, 0.0, -1.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
THERE = torch.tensor([[True, True, True, False], [True, True, True, True]])


def test_listwise_takes_judged_candidates_of_lists_with_a_positive():
    expected = -np.log(np.exp(2) / (np.exp(2) + np.exp(0)))
    assert listwise(LOGITS, LABELS, THERE).item() == pytest.approx(expected, abs=1e-6)


def test_unjudged_candidates_become_negatives_only_beside_a_positive():
    labels = torch.tensor([[1.0, -1.0], [-1.0, -1.0]])
    logits, there = torch.tensor([[1.0, 0.0], [3.0, 1.0]]), torch.ones(2, 2, dtype=torch.bool)
    teacher = torch.full((2, 2), float('nan'))
    found = losses_of(logits, labels, teacher, there, Loss())
    assert found['listwise'].item() == pytest.approx(np.log(1 + np.exp(-1)), abs=1e-6)
    assert found['binary'].item() == pytest.approx((np.log(1 + np.exp(-1)) + np.log(2)) / 2, abs=1e-6)
    assert found['distil'].item() == found['margin'].item() == 0
    ignoring = losses_of(logits, labels, teacher, there, Loss(unjudged='ignore'))
    assert ignoring['listwise'].item() == 0
    assert ignoring['binary'].item() == pytest.approx(np.log(1 + np.exp(-1)), abs=1e-6)


def test_binary_is_the_mean_over_lists():
    first = (np.log(1 + np.exp(-2.0)) + np.log(2)) / 2
    second = np.mean(np.log(1 + np.exp(LOGITS[1].numpy())))
    assert binary(LOGITS, LABELS, THERE).item() == pytest.approx((first + second) / 2, abs=1e-6)


def test_distillation_is_nothing_for_a_student_that_equals_its_teacher():
    teacher = torch.tensor([[1.0, 0.4, 0.0, 0.0], [float('nan')] * 4])
    same = teacher.nan_to_num() / 0.1 + 7
    assert divergence(same, teacher, THERE, 0.1).item() == pytest.approx(0, abs=1e-6)
    assert margins(same, teacher, THERE, 0.1).item() == pytest.approx(0, abs=1e-6)
    other = torch.zeros(2, 4)
    share = np.exp(teacher[0, :3].numpy() / 0.1)
    share /= share.sum()
    assert divergence(other, teacher, THERE, 0.1).item() == pytest.approx(
        float((share * np.log(share * 3)).sum()), abs=1e-5
    )
    assert margins(other, teacher, THERE, 0.1).item() == pytest.approx((0.6**2 + 1.0**2) / 2, abs=1e-6)


def test_the_ensemble_leaves_out_teachers_that_know_nothing():
    scores = np.array([[10.0, 0.2, np.nan], [20.0, np.nan, np.nan], [15.0, 0.6, np.nan]])
    found = ensemble(scores, {'bm25': 0.5, 'bi': 0.5, 'cross': 3.0}, ['bm25', 'bi', 'cross'])
    assert found.tolist() == pytest.approx([0, 0.5, 0.75])
    assert ensemble(scores, {'bm25': 0.5, '*': 0.5}, ['bm25', 'anyone', 'cross']).tolist() == pytest.approx(
        [0, 0.5, 0.75]
    )
    assert np.isnan(ensemble(scores, {'cross': 1.0, 'absent': 1.0}, ['bm25', 'bi', 'cross'])).all()


def test_candidates_are_positives_first_and_the_hard_ones_more_often():
    labels = np.array([0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    teacher = np.array([0.9, 1.0, 0.1, 0.2, 0.3, 0.15, 0.05, 0.0])
    drawn = [choose_candidates(labels, teacher, 4, np.random.default_rng(seed)) for seed in range(200)]
    assert all(row[0] == 1 and len(set(row)) == 4 for row in map(list, drawn))
    counts = np.bincount(np.concatenate(drawn), minlength=8)
    assert counts[0] > counts[4] > counts[7] > 0


def test_what_looks_better_than_the_positive_is_left_out_unless_it_was_judged():
    labels, similar = np.array([1.0, -1.0, -1.0, 0.0, 1.0]), np.array([0.6, 0.59, 0.57, 0.9, 0.2])
    whole = ListDraw(None, 0, np.arange(5), labels, similar, 'a')
    kept = without_likely_positives(whole, similar, 0.97)
    assert kept.texts.tolist() == [0, 2, 3, 4] and kept.labels.tolist() == [1, -1, 0, 1]
    assert kept.teacher.tolist() == similar[[0, 2, 3, 4]].tolist()
    unknown = np.full(5, np.nan)
    assert without_likely_positives(whole, unknown, 0.97) is whole


def test_caches_are_read_as_they_were_written(tokenizer, tmp_path):
    pools = [
        Pool(
            '1',
            's',
            'lamp',
            [Candidate('a', 'the lamp', 1.0, {'bm25': 2.5}), Candidate('b', 'stairs', None, {'other': 1.0})],
        ),
        Pool('2', 't', 'stairs', [Candidate('a', 'the lamp'), Candidate('b', 'stairs', 0.5)]),
        Pool('3', 't', 'alone', [Candidate('a', 'the lamp')]),
    ]
    cache = tokenise(table_of(pools), tokenizer, 'file sum')
    write_cache(cache, tmp_path / 'c.npz')
    read = read_cache(tmp_path / 'c.npz')
    assert (len(read), read.sets, read.teachers, read.source) == (2, ['s', 't'], ['bm25', 'other'], 'file sum')
    assert read.labels.tolist() == [1, -1, -1, 0.5]
    np.testing.assert_array_equal(read.scores[:2], np.array([[2.5, np.nan], [np.nan, 1.0]], np.float32))
    # A text that is a query here and a candidate there is kept once.
    assert len(read.text_starts) - 1 == 3
    assert [path.name for path in tmp_path.glob('c*')] == ['c.npz']


def test_the_rate_rises_stays_and_falls_to_almost_nothing():
    schedule = Schedule(warmup_steps=4, decay_steps=4, decay_start=8)
    factors = [schedule.factor(step) for step in range(12)]
    assert factors[:4] == [0.25, 0.5, 0.75, 1.0] and factors[4:8] == [1.0] * 4
    assert factors[8:] == pytest.approx([0.8, 0.6, 0.4, 0.2])
    assert schedule.decay_from(6) and not schedule.decay_from(7)
    assert schedule.steps == 10
