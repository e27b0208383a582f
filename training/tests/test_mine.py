"""`mine` on an invented set, with an encoder that counts words instead of a neural one."""

import gzip
import hashlib
import json
import zlib
from collections import Counter
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest

from conftest import save_random
from mine.candidates import Chooser, Found
from mine.config import MineConfig, read_config
from mine.encoder import BiEncoder, find_encoder
from mine.run import mine
from mine.slices import slices_of
from prepare.beir import read_set
from prepare.errors import DataError
from prepare.pools import Candidate, Pool, read_pools, write_pools
from prepare.text import words
from invented import write_invented


#: Of the tokenizer in test/fixtures/tiny-bert.
VOCABULARY = 325


def count_words(texts: list[str]) -> np.ndarray:
    vectors = np.zeros((len(texts), 256), np.float32)
    for place, text in enumerate(texts):
        for word in words(text):
            vectors[place, zlib.crc32(word.encode()) % 256] += 1
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


@pytest.fixture
def config(tmp_path):
    write_invented(tmp_path / 'sets' / 'house', repeats=4)
    return MineConfig(
        tmp_path / 'sets', tmp_path / 'pools', rounds=2, passages_per_slice=100, run_length=25, max_positive_rank=30
    )


def silent(line: str) -> None:
    pass


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


def found(similar: list[float], positives: list[int], texts: dict[int, str] | None = None) -> Found:
    bags = [frozenset((texts or {}).get(place, f'only{place}').split()) for place in range(len(similar))]
    return Found(np.array(similar[::-1], np.float32), np.array(similar, np.float32), positives, bags)


def options(**given) -> MineConfig:
    return MineConfig(Path('.'), Path('.'), candidates=4, random_share=0.0, max_positive_rank=4, **given)


def choose(given: Found, config: MineConfig, seed: int = 1) -> list[int] | str:
    return Chooser(config, Random(seed)).choose(given)


def test_likely_false_negatives_and_near_copies_are_left_out():
    texts = {0: 'a b c d e f', 3: 'a b c d e f g'}
    _, *negatives = choose(found([0.9, 0.89, 0.88, 0.5, 0.4, 0.3, 0.2], [0], texts), options())
    assert len(negatives) == 3 and set(negatives) <= {4, 5, 6}, (
        '1 and 2 are as similar as the positive, 3 says the same'
    )


def test_a_ratio_above_one_keeps_what_only_the_bi_encoder_prefers():
    similar = [0.5, 0.7, 0.59, 0.3, 0.2]
    assert set(choose(found(similar, [0]), options())) == {0, 3, 4}
    assert set(choose(found(similar, [0]), options(false_negative_ratio=1.2))) == {0, 2, 3, 4}


def test_the_ratio_can_be_set_for_a_set(config):
    def contradicted(**given) -> int:
        out = config.out.with_name('-'.join(given) or 'default')
        mine(replace(config, out=out, rounds=1, **given), count_words, silent)
        pools = read_pools(out / 'pools-0000.jsonl.gz')
        return sum(max(pool.candidates, key=lambda one: one.scores['bi-encoder']).label is None for pool in pools)

    assert contradicted() == 0 == contradicted(false_negative_ratios={'elsewhere': 2.0}, seed=1)
    assert contradicted(false_negative_ratios={'house': 2.0}) > 0


def test_doubtful_positives_are_left_out():
    assert choose(found([0.9, 0.1, 0.2], [1]), options()) == 'positive too unlike the query'
    crowd = Found(np.arange(10.0)[::-1], np.linspace(0.9, 0.5, 10), [9], [frozenset()] * 10)
    assert choose(crowd, options()) == 'positive found by neither search'


def test_at_most_so_many_positives_in_no_fixed_order():
    similar = [0.9, 0.8, 0.7, 0.1, 0.1, 0.1]
    chosen = [tuple(choose(found(similar, [0, 1, 2]), options(), seed)[:2]) for seed in range(30)]
    assert Counter(chosen).keys() == {(0, 1), (1, 0)}


def test_pools_survive_a_round_trip_and_bad_ones_are_named(tmp_path):
    pools = [
        Pool(
            's/1', 's', 'wie heißt "das"?', [Candidate('a', 'x\u2028y', 0.5, {'llm': 1.5}), Candidate('b', 'z')], 'typo'
        )
    ]
    for name in ('p.jsonl', 'p.jsonl.gz'):
        assert write_pools(tmp_path / name, pools) == 1
        assert list(read_pools(tmp_path / name)) == pools
    bad = [
        ('{"id": 1}', 'write an object'),
        ('{"id":1,"query":"q","candidates":[{"id":"a","text":"t","label":2}]}', 'labels lie in 0..1'),
        ('{"id":1,"query":"q","candidates":[{"id":"a","text":"t","scores":{"x":NaN}}]}', 'not a finite number'),
    ]
    for line, said in bad:
        (tmp_path / 'bad.jsonl.gz').write_bytes(gzip.compress(f'\n{line}\n'.encode()))
        with pytest.raises(DataError, match=rf'bad\.jsonl\.gz:2.*{said}'):
            list(read_pools(tmp_path / 'bad.jsonl.gz'))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    whole = gzip.compress(b'{"id":1,"query":"q","candidates":[]}' * 9)
    (tmp_path / 'cut.jsonl.gz').write_bytes(whole[:-9])
    for name in ('cut.jsonl.gz', 'missing.jsonl'):
        with pytest.raises(DataError, match=f'{name}: cannot be read'):
            list(read_pools(tmp_path / name))


def test_the_encoder_says_the_same_in_any_batch(tmp_path):
    folder = save_random(tmp_path / 'encoder', vocab_size=VOCABULARY).folder
    config = MineConfig(tmp_path, tmp_path, encoder=str(folder), device='cpu', precision='float32', max_embed_tokens=24)
    texts = ['the lamp', 'a much longer text about the lamp and the sea ' * 3, 'rain', 'the lamp']
    encode = BiEncoder(config)
    together = encode(texts)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert np.array_equal(together[0], together[3])
    alone = np.concatenate([BiEncoder(replace(config, batch_tokens=1))([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-5)


def test_a_missing_encoder_or_set_is_one_line(tmp_path):
    with pytest.raises(DataError, match='no_such_package'):
        find_encoder('no_such_package')
    with pytest.raises(DataError, match='holds no sets'):
        mine(MineConfig(tmp_path, tmp_path), count_words, silent)


def test_a_set_without_training_judgements_is_an_error(config):
    (config.data / 'house' / 'qrels' / 'train.tsv').rename(config.data / 'house' / 'qrels' / 'test.tsv')
    with pytest.raises(DataError, match='no set in it has a relevant passage'):
        mine(config, count_words, silent)


def test_mistakes_in_the_configuration(tmp_path):
    path = tmp_path / 'mine.toml'
    for text, said in [
        ("data='d'", 'has no out'),
        ("data='d'\nout='o'\nseeds=1", 'does not know seeds'),
        ("data='d'\nout='o'\nrandom_share=1.5", 'random_share is 1.5'),
        ("data='d'\nout='o'\ncandidates=2", 'leave room'),
    ]:
        path.write_text(text)
        with pytest.raises(DataError, match=said):
            read_config(path)


def test_the_committed_configurations_are_valid():
    for path in (Path(__file__).parents[1] / 'configs').glob('mine*.toml'):
        assert read_config(path).candidates >= 4


def test_a_shard_says_what_it_holds(config):
    mine(replace(config, rounds=1), count_words, silent)
    summary = json.loads((config.out / 'shard-0000.json').read_text())
    assert (
        summary['pools']['pools']
        == len(list(read_pools(config.out / 'pools-0000.jsonl.gz')))
        == summary['sets']['house']
    )
