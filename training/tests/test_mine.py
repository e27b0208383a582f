"""`mine` on an invented set, with an encoder that counts words instead of a neural one."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from small_sets import config, count_words, silent  # noqa: F401  a fixture

from mine.config import MineConfig
from mine.run import mine
from mine.slices import slices_of
from prepare.beir import read_set
from prepare.errors import DataError
from prepare.pools import read_pools


def test_pools_hold_positives_hard_negatives_and_random_ones(config):
    mine(config, count_words, silent)
    pools = [pool for number in range(2) for pool in read_pools(config.out / f'pools-000{number}.jsonl.gz')]
    assert len(pools) > 100 and len({pool.id for pool in pools}) == len(pools)
    for pool in pools:
        labels = [one.label for one in pool.candidates]
        assert labels[0] == 1.0 and set(labels[1:]) <= {1.0, None} and len(labels) == config.candidates
        assert len({one.id for one in pool.candidates}) == len(labels)
        assert {'bm25', 'bi-encoder'} == set(pool.candidates[0].scores)
        positive = max(one.scores['bi-encoder'] for one in pool.candidates if one.label)
        assert all(one.scores['bi-encoder'] <= 0.97 * positive + 1e-3 for one in pool.candidates if one.label is None)
    lexical = [[one.scores['bm25'] for one in pool.candidates if one.label is None] for pool in pools]
    assert np.mean([one[0] for one in lexical]) > 2 * np.mean([one[-1] for one in lexical]), (
        'hard ones are harder than random ones'
    )


def test_scores_are_those_of_the_scorers(config):
    mine(config, count_words, silent)
    pool = next(read_pools(config.out / 'pools-0000.jsonl.gz'))
    for one in pool.candidates:
        assert one.scores['bi-encoder'] == pytest.approx(
            float((count_words([pool.query]) @ count_words([one.text]).T)[0, 0]), abs=1e-4
        )


def sums(folder: Path) -> dict[str, str]:
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in sorted(folder.iterdir())}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(config, tmp_path):
    outs = {}
    for name, seed in [('a', 1), ('b', 1), ('c', 2)]:
        mine(replace(config, out=tmp_path / name, seed=seed), count_words, silent)
        outs[name] = sums(tmp_path / name)
    assert outs['a'] == outs['b'] and outs['a'] != outs['c']


def test_goes_on_where_it_stopped(config):
    mine(replace(config, rounds=1), count_words, silent)
    before, lines = sums(config.out), []
    mine(config, count_words, lines.append)
    assert sum('done before' in line for line in lines) == 1
    assert {name: sums(config.out)[name] for name in before} == before
    (config.out / 'shard-0001.json').unlink()
    again = sums(config.out)
    mine(config, count_words, silent, first=1)
    assert {name: sums(config.out)[name] for name in again} == again


def test_a_set_can_have_fewer_slices_than_the_rest(config):
    mine(config, count_words, silent)
    first = config.out / 'pools-0000.jsonl.gz'
    before = first.read_bytes()
    mine(replace(config, set_rounds={'house': 1}), count_words, silent)
    assert first.read_bytes() == before
    assert list(read_pools(config.out / 'pools-0001.jsonl.gz')) == []


def test_slices_share_no_passage_and_keep_neighbours_together(config):
    found = read_set(config.data / 'house')
    slices = [slices_of(found, number, config)['train'] for number in range(3)]
    ids = [{one.id for one in part.passages} for part in slices]
    assert [len(one) for one in ids] == [100, 100, 0] and not ids[0] & ids[1]
    numbers = [int(one.id[1:]) for one in slices[0].passages]
    assert sum(b == a + 1 for a, b in zip(numbers, numbers[1:])) >= 96
    assert all(set(grades) <= ids[0] for grades in slices[0].positives.values())
    assert len(slices_of(found, 0, replace(config, passages_per_slice=0))['train'].passages) == 200
    assert len(slices_of(found, 0, replace(config, queries={'house': 7}))['train'].queries) == 7


def test_the_ratio_can_be_set_for_a_set(config):
    def contradicted(**given) -> int:
        out = config.out.with_name('-'.join(given) or 'default')
        mine(replace(config, out=out, rounds=1, **given), count_words, silent)
        pools = read_pools(out / 'pools-0000.jsonl.gz')
        return sum(max(pool.candidates, key=lambda one: one.scores['bi-encoder']).label is None for pool in pools)

    assert contradicted() == 0 == contradicted(false_negative_ratios={'elsewhere': 2.0}, seed=1)
    assert contradicted(false_negative_ratios={'house': 2.0}) > 0


def test_a_set_without_training_judgements_is_an_error(config):
    (config.data / 'house' / 'qrels' / 'train.tsv').rename(config.data / 'house' / 'qrels' / 'test.tsv')
    with pytest.raises(DataError, match='no set in it has a relevant passage'):
        mine(config, count_words, silent)


def test_a_shard_says_what_it_holds(config):
    mine(replace(config, rounds=1), count_words, silent)
    summary = json.loads((config.out / 'shard-0000.json').read_text())
    assert (
        summary['pools']['pools']
        == len(list(read_pools(config.out / 'pools-0000.jsonl.gz')))
        == summary['sets']['house']
    )


def test_a_missing_set_is_one_line(tmp_path):
    with pytest.raises(DataError, match='holds no sets'):
        mine(MineConfig(tmp_path, tmp_path), count_words, silent)
