"""The whole pipeline on invented data: every stage, both models, and what they leave behind."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from conftest import save_random
from invented import pack, write_invented
from safetensors.torch import load_file

from split.files import load_split
from train.log import read_metrics

TRAINING = Path(__file__).resolve().parents[1]


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """A folder with the smoke configs beside invented data, after one `python -m pipeline`."""
    place = tmp_path_factory.mktemp('smoke')
    shutil.copytree(TRAINING / 'configs' / 'smoke', place / 'smoke')
    pack(write_invented(place / 'house', repeats=8))
    evaluation = write_invented(place / 'evaluation' / 'coast')
    (evaluation / 'qrels' / 'train.tsv').rename(evaluation / 'qrels' / 'test.tsv')
    other_words = (evaluation / 'corpus.jsonl').read_text().replace('keeper', 'warden').replace('watch', 'shift')
    (evaluation / 'corpus.jsonl').write_text(other_words)
    mine = place / 'smoke' / 'mine.toml'
    mine.write_text(mine.read_text().replace('../start', str(place / 'start')))
    save_random(place / 'start', vocab_size=325, max_position_embeddings=128)
    run_pipeline(place)
    return place


def run_pipeline(place: Path, *more: str) -> str:
    command = [sys.executable, '-m', 'pipeline', str(place / 'smoke' / 'plan.toml'), *more]
    done = subprocess.run(command, cwd=TRAINING, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_both_runs_learn_and_leave_log_metrics_and_curve(made):
    for name in ('mini', 'tiny'):
        run = made / 'build' / 'runs' / name
        rows = [row for row in read_metrics(run / 'metrics.jsonl') if 'loss' in row]
        assert [row['step'] for row in rows] == list(range(1, 61))
        first, last = (sum(row['loss'] for row in part) / 15 for part in (rows[:15], rows[-15:]))
        assert last < first
        assert 'finished after 60 steps' in (run / 'log.txt').read_text()
        assert (run / 'curve.png').read_bytes().startswith(b'\x89PNG')


def test_the_small_model_is_grown_from_the_large_one_as_words_alone(made):
    grown, begun = made / 'build' / 'smoke' / 'tiny' / 'encoder', made / 'build' / 'begun-tiny'
    start, trained = load_split(begun), load_split(made / 'build' / 'smoke' / 'tiny' / 'trained')
    assert (start.shape.layers, start.shape.joint_layers, start.shape.hidden_size) == (0, 0, 16)
    assert start.shape.match_stretches and not load_split(made / 'build' / 'smoke' / 'mini' / 'trained').shape.match_stretches
    words = load_file(grown / 'model.safetensors')['embeddings.word_embeddings.weight']
    assert torch.equal(words, start.words) and torch.equal(words, trained.words)
    assert not torch.equal(start.matches.linear.weight, trained.matches.linear.weight)


@pytest.mark.parametrize('name', ['mini', 'tiny'])
def test_each_model_has_what_the_library_loads_and_sums_that_hold(made, name):
    folder = made / 'build' / 'smoke' / name / 'shipped'
    sums = dict(reversed(line.split('  ')) for line in (folder / 'SHA256SUMS').read_text().splitlines())
    assert {'model.onnx', 'tokenizer.json', 'config.json', 'calibration.json'} <= set(sums)
    for file, wanted in sums.items():
        assert hashlib.sha256((folder / file).read_bytes()).hexdigest() == wanted
    assert json.loads((folder / 'calibration.json').read_text())['temperature'] > 0


def test_the_table_compares_every_system_on_every_set(made):
    figures = json.loads((made / 'build' / 'smoke' / 'evaluation' / 'figures.json').read_text())
    assert set(figures['sets']) == {'coast'}
    assert figures['settings']['blends'] == {'mini': 0.8, 'tiny': 0.5}
    systems = {
        'BM25',
        'bi-encoder',
        'bi-encoder + BM25',
        'mini',
        'mini + BM25',
        'tiny',
        'tiny + BM25',
        'mini over the best 20, + BM25',
        'tiny → mini, + BM25',
        'ceiling',
    }
    assert set(figures['sets']['coast']['mean']) == systems
    for name, (mean, low, high) in figures['sets']['coast']['difference'].items():
        assert low <= mean <= high, name


def test_the_card_names_sums_data_figures_and_the_commit(made):
    folder = made / 'build' / 'smoke' / 'tiny' / 'shipped'
    card = (folder / 'CARD.md').read_text()
    assert hashlib.sha256((folder / 'model.onnx').read_bytes()).hexdigest() in card
    for expected in (
        '| house | CC BY',
        'Expected\ncalibration',
        'the cross-encoder is mini',
        'A reranker: it counts what a query and a text share and gives one number',
        'A split reranker: a table of words (16 wide) without layers reads query and text apart.',
        'how much stands close together, lengths)',
        'That is the logit: no layers read both texts together.',
        'a bi-encoder that was grown (0 layers, 16 wide, taught by that of mini in 20 steps of words alone), made into',
        'texts of at most 60 tokens',
        'at commit',
        '| tiny + BM25 |',
        '60 steps',
    ):
        assert expected.replace('\n', ' ') in card
    assert str(made) not in card, 'a card names no place on the machine that made it'


def test_the_card_of_a_split_reranker_says_what_it_is_and_no_path_of_this_machine(made):
    folder = made / 'build' / 'smoke' / 'mini' / 'shipped'
    card = (folder / 'CARD.md').read_text()
    for expected in (
        'A split reranker: the ',
        '`python -m split`',
        'texts of at most 60 tokens',
        '| `model.onnx` |',
        'with the temperature of `calibration.json`',
        'nDCG@10',
        'Invented questions: the figures say that the stages fit together, and nothing else.\n\n## ',
    ):
        assert expected in card
    assert str(made) not in card and 'README.md` |' not in card


def test_run_again_it_does_nothing_twice(made):
    model = made / 'build' / 'smoke' / 'mini' / 'shipped' / 'model.onnx'
    encoder = made / 'build' / 'smoke' / 'tiny' / 'encoder' / 'model.safetensors'
    grown_at = encoder.stat().st_mtime_ns
    before, scores = model.read_bytes(), sorted((made / 'build' / 'smoke' / 'evaluation' / 'scores').iterdir())
    kept = {path: path.read_bytes() for path in scores}
    said = run_pipeline(made)
    assert 'done before' in said
    assert model.read_bytes() == before
    assert encoder.stat().st_mtime_ns == grown_at
    assert {path: path.read_bytes() for path in scores} == kept
