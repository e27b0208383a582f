"""Evaluation: its first stage, blends, cascade, intervals and tables, and that the TypeScript library agrees."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from invented import write_invented

from evaluate.__main__ import choose, parse
from evaluate.agree import main as agree
from evaluate.blend import blend, cascade, min_max
from evaluate.first_stage import Pool, PoolSet, read_pools
from evaluate.metrics import ceiling, interval, interval_of_sets, ndcg, ndcg_by_question
from evaluate.run import evaluate
from evaluate.scores import _kept
from evaluate.systems import BLEND_WEIGHT, Choice, all_systems
from evaluate.table import markdown, measure
from export.__main__ import export
from prepare.errors import DataError


def pool(name: str, judged: dict[str, int], count: int = 6) -> Pool:
    ids = [f'd{place}' for place in range(count)]
    return Pool(name, f'query {name}', ids, [f'text {one}' for one in ids], np.arange(count, 0, -1.0), judged)


@pytest.fixture
def coast(tmp_path) -> Path:
    folder = write_invented(tmp_path / 'coast')
    (folder / 'qrels' / 'train.tsv').rename(folder / 'qrels' / 'test.tsv')
    return folder


def test_the_first_stage_finds_the_passage_and_keeps_a_fixed_choice(coast):
    found = read_pools(coast)
    assert found.available == len(found.pools) == 50
    assert np.mean([one.ids.index(next(iter(one.judged))) == 0 for one in found.pools if one.id.endswith('a')]) > 0.9
    assert all((np.diff(one.first) <= 0).all() for one in found.pools)
    few = read_pools(coast, limit=7)
    assert few.available == 50 and [one.id for one in few.pools] == [one.id for one in found.pools[:7]]
    assert found.pools[0].texts[0].startswith('The ')


def test_a_set_that_cannot_be_measured_on_is_named(coast):
    test = coast / 'qrels' / 'test.tsv'
    test.write_text(test.read_text().replace('q0a\tp0\t1', 'q0a\tp0\t0.5'))
    with pytest.raises(DataError, match='coast, qrels/test.tsv: q0a has the grade 0.5'):
        read_pools(coast)
    test.rename(coast / 'qrels' / 'train.tsv')
    with pytest.raises(DataError, match='no question has a relevant passage in qrels/test.tsv; .* of: train'):
        read_pools(coast)


def test_two_sets_of_one_name_are_refused(coast, tmp_path):
    with pytest.raises(DataError, match='two sets are named coast'):
        evaluate(Choice({}), [coast, coast], tmp_path / 'out', limit=5)


def discounted(*gains: float) -> float:
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains))


def test_ndcg_is_that_of_its_definition_and_ties_keep_the_first_stage():
    pools = [pool('a', {'d1': 1, 'd4': 2, 'unseen': 1}), pool('b', {'d0': 1})]
    scores = [np.array([0.1, 0.5, 0.5, 0.2, 0.5, 0.0]), np.zeros(6)]
    found = ndcg_by_question(pools, scores)
    # d1, d2 and d4 tie, in this order; what is judged and not in the pool counts in the ideal.
    assert found.tolist() == pytest.approx([discounted(1, 0, 2) / discounted(2, 1, 1), 1.0])
    assert ceiling(pools).tolist() == pytest.approx([discounted(2, 1) / discounted(2, 1, 1), 1.0])
    # Ten places count; nothing is worth more than nothing where nothing is relevant.
    long = [f'd{place}' for place in range(12)]
    assert ndcg([long, long], [{'d10': 1, 'd9': 3}, {'d0': 0}]).tolist() == pytest.approx([discounted(*[0] * 9, 3) / discounted(3, 1), 0])


def test_blends_are_those_of_the_library():
    assert min_max(np.array([3.0, 3.0])).tolist() == [0, 0]
    assert blend(np.array([-1.0, 0.0, 3.0]), np.array([10.0, 30.0, 20.0]), 0.7).tolist() == pytest.approx(
        [0, 0.7 * 0.25 + 0.3, 0.7 + 0.15]
    )


def test_a_cascade_lets_the_second_model_order_the_head_alone():
    first, second, bm25 = np.array([5.0, 4, 3, 2, 1]), np.array([0.0, 1, 2, 9, 9]), np.array([1.0, 1, 1, 1, 1])
    assert np.argsort(-cascade(first, second, bm25, 3, None), kind='stable').tolist() == [2, 1, 0, 3, 4]
    with_scores = cascade(first, second, np.array([0.0, 0, 0, 40, 0]), 2, (0.5, 0.5))
    assert set(np.argsort(-with_scores)[:2]) == {0, 3}


def test_the_share_is_the_one_that_the_bundled_model_recommends():
    config = json.loads((ROOT / 'packages' / 'model-en-mini' / 'config.json').read_text(encoding='utf-8'))
    assert config['secondpass']['blend']['weight']['lexical'] == BLEND_WEIGHT


def test_each_stage_of_a_cascade_blends_with_the_share_of_its_model():
    """The first model would keep the last two, the search the first two; a stage that hears one of them alone keeps its two."""
    first, second, bm25 = np.array([0.0, 1, 8, 9]), np.array([1.0, 9, 9, 1]), np.array([9.0, 8, 1, 0])
    kept = lambda *shares: np.argsort(-cascade(first, second, bm25, 2, shares), kind='stable').tolist()  # noqa: E731
    assert kept(1.0, 1.0)[:2] == [2, 3] and kept(0.1, 1.0)[:2] == [1, 0] and kept(0.1, 0.1)[:2] == [0, 1]


def test_a_share_of_its_own_goes_to_the_model_that_it_names(source, coast, tmp_path):
    export(source(vocab_size=325, max_position_embeddings=128).folder, tmp_path / 'model', 'fp32')
    given = ['--model', f'a={tmp_path / "model"}', '--model', f'b={tmp_path / "model"}', '--max-tokens', '64']
    choice = choose(parse([*given, '--sets', str(coast), '--out', str(tmp_path), '--blend', 'b=1', '--cascade', 'b:a']))
    assert (choice.blend_of('a'), choice.blend_of('b')) == (BLEND_WEIGHT, 1.0)
    pools = read_pools(coast, 3)
    found = all_systems(choice, pools, tmp_path / 'scores')
    for one, alone, b, a in zip(pools.pools, found['b'], found['b + BM25'], found['a + BM25']):
        assert np.argsort(-b, kind='stable').tolist() == np.argsort(-alone, kind='stable').tolist()
        assert a.tolist() == pytest.approx(blend(alone, one.first, BLEND_WEIGHT).tolist(), abs=1e-5)
    for one, alone, both in zip(pools.pools, found['a'], found['b → a, + BM25']):
        wanted = cascade(alone, alone, one.first, choice.keep, (1.0, BLEND_WEIGHT))
        assert np.argsort(-both).tolist() == np.argsort(-wanted).tolist()
    evaluate(choice, [coast], tmp_path / 'out', limit=3)
    assert '0.8 (b: 1) is the share of a model' in (tmp_path / 'out' / 'table.md').read_text()
    for wrong in ('b=0', 'b=1.5', 'b=much', 'b', 'c=0.5'):
        with pytest.raises(DataError, match='write NAME=SHARE'):
            choose(parse([*given, '--sets', 'x', '--out', 'y', '--blend', wrong]))


def test_intervals_hold_what_they_promise():
    random = np.random.default_rng(4)
    hits = 0
    for _ in range(40):
        low, high = interval(random.normal(0.1, 0.3, 60), seed=int(random.integers(1e9)))
        hits += low <= 0.1 <= high
    assert 34 <= hits <= 40
    low, high = interval_of_sets([np.full(9, 0.2), np.full(4, 0.4)])
    assert low == pytest.approx(0.3) and high == pytest.approx(0.3)


def test_the_table_marks_what_chance_does_not_explain():
    pools = [pool(str(number), {'d3': 1}) for number in range(30)]
    good = [np.array([0, 0, 0, 1.0, 0, 0])] * 30
    figures = {'set': measure(PoolSet('set', pools, 90), {'BM25': [one.first for one in pools], 'good': good})}
    table = markdown(figures)
    assert 'set (30 of 90)' in table
    assert '| good | **1.000** (+0.569 to +0.569) |' in table
    assert '| best order of the pool | 1.000 |' in table


def test_a_stopped_evaluation_scores_only_what_is_missing(tmp_path):
    asked = []

    def make():
        return lambda query, texts: asked.append((query, len(texts))) or np.ones(len(texts))

    pools = [pool('a', {'d1': 1}), pool('b', {'d1': 1})]
    _kept(tmp_path / 'kept.jsonl', pools[:1], make)
    with (tmp_path / 'kept.jsonl').open('a') as file:
        file.write('["cut sh')
    assert len(_kept(tmp_path / 'kept.jsonl', pools, make)) == 2
    assert asked == [('query a', 6), ('query b', 6)]
    # Another search finds two of the same passages and one more.
    other = Pool('a', 'query a', ['d0', 'd1', 'd9'], ['text d0', 'text d1', 'text d9'], np.arange(3, 0, -1.0), {'d1': 1})
    assert _kept(tmp_path / 'kept.jsonl', [other], make)[0].tolist() == [1, 1, 1] and asked[-1] == ('query a', 1)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--model', 'nowhere'], "--model is 'nowhere'"),
        (['--cascade', 'a:b'], "--cascade is 'a:b'"),
        (['--blend', 'a=0.5'], "--blend is 'a=0.5'"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(DataError, match=message):
        choose(parse(['--sets', 'x', '--out', 'y', *arguments]))


@pytest.mark.skipif(
    not (ROOT / 'packages/core/dist/index.js').is_file() or not shutil.which('node'),
    reason='the TypeScript library is not built: run pnpm build',
)
def test_the_library_ranks_as_this_evaluation_does(source, coast, tmp_path, capfd):
    made = source(vocab_size=325, max_position_embeddings=128)
    for name, kind in (('late', 'int8'), ('early', 'fp32')):
        export(made.folder, tmp_path / name, kind)
    arguments = [
        '--model',
        str(tmp_path / 'late'),
        '--first',
        str(tmp_path / 'early'),
        '--set',
        str(coast),
        '--out',
        str(tmp_path / 'out'),
        '--limit',
        '4',
        '--max-tokens',
        '64',
    ]
    assert agree(arguments) == 0
    said = capfd.readouterr().out
    assert all(way in said for way in ('alone', 'blended', 'cascade'))
    assert len(json.loads((tmp_path / 'out' / 'agree-ranked.json').read_text())['cascade']) == 4
