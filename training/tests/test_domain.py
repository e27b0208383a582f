"""The walk through a domain of one's own in README.md: what each step writes is what the next one reads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from invented import ACTIONS, TOPICS, write_invented
from small_sets import count_words, silent

from evaluate.first_stage import read_pools as read_test
from mine.config import read_config as read_mine
from mine.run import mine
from prepare.feedback.__main__ import main as feedback
from prepare.pools import read_pools
from train.config import read_config

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'


def write_pairs(path: Path, numbers: range) -> None:
    """Questions about invented passages, each with its right one."""
    asked = [f'{topic} {action} please' for topic in TOPICS for action in ACTIONS]
    rows = [{'query': asked[number], 'id': f'p{number}', 'label': 1} for number in numbers]
    path.write_text(''.join(json.dumps(row) + '\n' for row in rows))


@pytest.fixture
def workshop(tmp_path, monkeypatch) -> Path:
    """A working folder with the configs, a corpus, forty questions to learn from, ten to measure on, set aside."""
    write_invented(tmp_path / 'house')
    shutil.copy(tmp_path / 'house' / 'corpus.jsonl', tmp_path)
    shutil.copytree(CONFIGS, tmp_path / 'configs')
    write_pairs(tmp_path / 'test.jsonl', range(10))
    write_pairs(tmp_path / 'train.jsonl', range(50))
    monkeypatch.chdir(tmp_path)
    arguments = ['pairs', 'test.jsonl', 'build/domain/test', '--corpus', 'corpus.jsonl', '--split', 'test']
    assert feedback(arguments) == 0
    return tmp_path


def test_what_is_set_aside_can_be_measured_on(workshop):
    found = read_test(workshop / 'build' / 'domain' / 'test')
    assert found.available == 10 and all(len(one.ids) == 50 for one in found.pools)


def test_mined_pools_are_where_and_what_the_run_expects_without_the_questions_set_aside(workshop):
    arguments = ['pairs', 'train.jsonl', 'build/domain/sets/domain', '--corpus', 'corpus.jsonl']
    assert feedback([*arguments, '--evaluation', 'build/domain/test']) == 0
    mine(read_mine(workshop / 'configs' / 'mine-domain.toml'), count_words, silent)
    shutil.copy('build/domain/mined/pools-0000.jsonl.gz', 'build/domain/pools.jsonl.gz')
    data = read_config(workshop / 'configs' / 'domain.toml').data
    pools = list(read_pools(Path(data.pools[0])))
    assert {pool.set for pool in pools} == set(data.held_out_sets) == set(data.set_weights)
    assert 30 < len(pools) <= 40 and all(len(pool.candidates) > 8 for pool in pools)
    asked = {pool.query for pool in pools}
    assert not asked & {json.loads(line)['query'] for line in Path('test.jsonl').read_text().splitlines()}


def test_labelled_pools_are_where_and_what_the_run_expects(workshop):
    candidates = [{'id': id, 'text': f'about {id}', 'scores': {'llm': score}} for id, score in (('a', 0.9), ('b', 0.2))]
    Path('labelled.jsonl').write_text(json.dumps({'id': 'q1', 'query': 'rotate a key', 'candidates': candidates}))
    arguments = ['labels', 'labelled.jsonl', 'build/domain/pools.jsonl.gz', '--relevant-from', '0.7', '--set', 'domain']
    assert feedback([*arguments, '--evaluation', 'build/domain/test']) == 0
    data = read_config(workshop / 'configs' / 'domain.toml').data
    (pool,) = read_pools(Path(data.pools[0]))
    assert pool.set in data.held_out_sets and [one.label for one in pool.candidates] == [1.0, 0.0]
