"""A session on a GPU that is there for minutes, rehearsed on the CPU: what goes over, the two runs, what comes back."""

from __future__ import annotations

import dataclasses
import json
import tomllib

import numpy as np
import pytest
import torch
from conftest import ROOT
from safetensors.torch import load_file
from split_source import save_random_split

from gpu.__main__ import main
from gpu.lists import HIGHEST, pack_lists, part_of, unpack_lists, without_false_negatives
from gpu.pack import fitting
from gpu.pieces import cut, join, notes_of
from gpu.plan import read_session
from prepare.errors import DataError
from train.cache import load_all, read_cache
from train.sampler import ensemble, is_held_out, whole_list
from train.settings import Config


def toml_of(table: dict) -> str:
    """Only what a config holds: numbers, strings, lists, and tables of them."""
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    lines = [f'{key} = {json.dumps(value)}' for key, value in plain.items()]
    for key, value in table.items():
        if isinstance(value, dict):
            inner = ', '.join(f'{json.dumps(name)} = {json.dumps(number)}' for name, number in value.items())
            nested = {name: one for name, one in value.items() if isinstance(one, dict)}
            if key in ('data', 'model', 'loss', 'optimiser', 'log', 'teacher', 'student'):
                rows = [f'{name} = {_inline(one)}' for name, one in value.items()]
                lines += [f'[{key}]', *rows]
            else:
                lines.append(f'{key} = {{ {inner} }}' if not nested else '')
    return '\n'.join(lines) + '\n'


def _inline(value) -> str:
    if isinstance(value, dict):
        return '{ ' + ', '.join(f'{json.dumps(name)} = {json.dumps(one)}' for name, one in value.items()) + ' }'
    return json.dumps(value)


@pytest.fixture
def plan(config: Config, tmp_path):
    """A plan with a teacher and a student of one tokenizer, and the pools of the small run."""
    save_random_split(tmp_path / 'student', vocab_size=325)
    student = dataclasses.replace(
        config,
        name='student',
        data=dataclasses.replace(config.data, max_text_tokens=20, cache=str(tmp_path / 'cache')),
        model=dataclasses.replace(config.model, start=str(tmp_path / 'student'), init='whole', frozen_layers=3, joint_alone=True),
        loss=dataclasses.replace(config.loss, teachers={'cross-encoder': 0.7, '*': 0.1}),
    )
    for name, run in (('teacher', config), ('student', student)):
        (tmp_path / f'{name}.toml').write_text(toml_of(run.to_dict()))
    table = {
        'minutes': 5,
        'most_bytes': 60_000,
        'teacher': {'config': 'teacher.toml', 'share': 0.4},
        'student': {'config': 'student.toml', 'share': 0.4},
    }
    (tmp_path / 'plan.toml').write_text(toml_of(table))
    assert tomllib.loads((tmp_path / 'student.toml').read_text())['loss']['teachers'] == {'cross-encoder': 0.7, '*': 0.1}
    return tmp_path / 'plan.toml'


def caches_of(config: Config):
    return load_all(config, ROOT / 'nowhere')[0] if not config.data.pools else load_all(config, _tokenizer(config))[0]


def _tokenizer(config: Config):
    from train.start import start_folder

    return start_folder(config.model.start) / 'tokenizer.json'


def test_packed_lists_say_what_a_run_reads(config):
    (cache,) = caches_of(config)
    found = unpack_lists(pack_lists({'train/a': cache}))['train/a']
    assert len(found) == len(cache) and found.sets == cache.sets and found.marks == cache.marks
    assert is_held_out(found, 0.2).tolist() == is_held_out(cache, 0.2).tolist()
    for place in range(len(cache)):
        ours, theirs = whole_list(found, place, config), whole_list(cache, place, config)
        assert ours.set_name == theirs.set_name and ours.labels.tolist() == theirs.labels.tolist()
        assert np.abs(ours.teacher - theirs.teacher).max() <= 0.51 / HIGHEST
        assert [found.text(int(one)).tolist() for one in ours.texts] == [cache.text(int(one)).tolist() for one in theirs.texts]
        assert found.text(ours.query).tolist() == cache.text(theirs.query).tolist()


def test_a_teacher_that_said_nothing_says_nothing_afterwards(config):
    (cache,) = caches_of(config)
    scores = cache.scores.copy()
    scores[: cache.list_starts[1], 0] = np.nan
    scores[cache.list_starts[1] : cache.list_starts[2], 1] = 3.0
    found = unpack_lists(pack_lists({'a': dataclasses.replace(cache, scores=scores)}))['a']
    assert np.isnan(found.scores[: cache.list_starts[1], 0]).all() and np.isfinite(found.scores[cache.list_starts[1] :]).all()
    assert (found.scores[cache.list_starts[1] : cache.list_starts[2], 1] == 0).all()
    span = slice(0, cache.list_starts[1])
    alone = ensemble(found.scores[span], config.loss.teachers, found.teachers)
    assert alone.tolist() == pytest.approx(found.scores[span, 1].tolist())


def test_part_of_the_lists_takes_the_texts_that_they_use(config):
    (cache,) = caches_of(config)
    part = part_of(cache, np.array([3, 10]))
    assert len(part) == 2 and len(part.text_starts) - 1 < len(cache.text_starts) - 1
    for new, old in enumerate((3, 10)):
        ours, theirs = whole_list(part, new, config), whole_list(cache, old, config)
        assert [part.text(int(one)).tolist() for one in ours.texts] == [cache.text(int(one)).tolist() for one in theirs.texts]


def test_as_many_lists_go_over_as_fit(config):
    (cache,) = caches_of(config)
    # What is invented by rule packs into next to nothing.
    noise = np.random.default_rng(1).integers(5, 60000, len(cache.tokens)).astype(np.uint16)
    cache = dataclasses.replace(cache, tokens=noise)
    whole = pack_lists({'train/a': cache})
    some = fitting({'train/a': cache}, len(whole) * 3 // 4, seed=1)
    assert len(some) <= len(whole) * 3 // 4 and 5 < len(unpack_lists(some)['train/a']) < len(cache)
    with pytest.raises(DataError, match='most_bytes is 10'):
        fitting({'held-out/a': cache}, 10, seed=1)


def test_likely_false_negatives_are_left_out_before_their_cosines_are(config):
    (cache,) = caches_of(config)
    column = cache.teachers.index('bi-encoder')
    scores = cache.scores.copy()
    scores[cache.list_starts[0] + 2, column] = 7.0
    changed = dataclasses.replace(cache, scores=scores)
    kept = without_false_negatives(changed, {cache.sets[cache.set_numbers[0]]: 1.0})
    assert np.diff(kept.list_starts)[0] == np.diff(cache.list_starts)[0] - 1
    assert 7.0 not in kept.scores and len(without_false_negatives(changed, {}).scores) == len(scores)


def test_pieces_are_small_and_notice_damage(tmp_path):
    content = bytes(range(256)) * 10
    pieces = cut('w', content, tmp_path / 'a', most=1000, notes={'steps': 3})
    assert [one.stat().st_size for one in pieces] == [1000, 1000, 560]
    (tmp_path / 'b').mkdir()
    pieces[2].rename(tmp_path / 'b' / pieces[2].name)
    assert join('w', [tmp_path / 'b', tmp_path / 'a']) == content and notes_of('w', [tmp_path / 'a']) == {'steps': 3}
    with pytest.raises(DataError, match='w.02 is in none of'):
        join('w', [tmp_path / 'a'])
    pieces[0].write_bytes(b'x' * 1000)
    with pytest.raises(DataError, match='do not make what was cut'):
        join('w', [tmp_path / 'b', tmp_path / 'a'])


def test_a_session_and_another_that_goes_on_from_it(plan, tmp_path, capsys):
    assert main(['pack', str(plan), str(tmp_path / 'sent')]) == 0
    sent = sorted((tmp_path / 'sent').iterdir())
    sizes = [sum(one.stat().st_size for one in folder.iterdir() if one.suffix != '.json') for folder in sent]
    assert len(sent) >= 2 and sizes[0] <= 60_000
    first = ['run', str(plan), str(tmp_path / 'back-1'), '--from', *map(str, sent), '--work', str(tmp_path / 'there-1')]
    assert main(first) == 0
    back = [tmp_path / 'back-1']
    notes = {name: notes_of(name, back) for name in ('teacher', 'student')}
    assert all(one['sessions'] == 1 and one['steps'] == 12 for one in notes.values())
    assert 'cross-encoder' in read_cache(next((tmp_path / 'there-1' / 'taught' / 'train').glob('*.npz'))).teachers

    # The next day, on a bare machine: the student goes on, taught by the teacher that came back.
    again = ['run', str(plan), str(tmp_path / 'back-2'), '--from', *map(str, [*sent, *back]), '--work', str(tmp_path / 'there-2')]
    assert main([*again, '--only', 'student']) == 0
    after = notes_of('student', [tmp_path / 'back-2'])
    assert after['sessions'] == 2 and after['pairs'] == 2 * notes['student']['pairs']
    assert f'goes on from session 1, {notes["student"]["pairs"]} pairs' in after['log']

    # And what came back, with the start that stayed here, is the model that was trained there.
    assert main(['give', str(plan), 'student', str(tmp_path / 'back-2'), str(tmp_path / 'whole')]) == 0
    whole = load_file(tmp_path / 'whole' / 'model.safetensors')
    there = load_file(tmp_path / 'there-2' / 'student' / 'model' / 'model.safetensors')
    start = load_file(tmp_path / 'student' / 'model.safetensors')
    assert whole.keys() == there.keys()
    for name, weight in whole.items():
        assert torch.allclose(weight, there[name], atol=2e-3), name
    assert any(not torch.equal(weight, start[name].float()) for name, weight in whole.items() if name.startswith('joint'))
    assert torch.equal(whole['bert.embeddings.word_embeddings.weight'], start['bert.embeddings.word_embeddings.weight'])


def test_a_plan_that_cannot_work_is_refused(plan, tmp_path):
    text = plan.read_text()
    for wrong, message in (
        (text.replace('share = 0.4', 'share = 0.6'), 'the shares add up to 1.2'),
        (text.replace('minutes', 'hours'), 'does not know hours'),
        (text.split('[student]')[0], r'has no \[student\]'),
    ):
        plan.write_text(wrong)
        with pytest.raises(DataError, match=message):
            read_session(plan)
    plan.write_text(text)
    assert main(['run', str(plan), str(tmp_path / 'out'), '--from', str(tmp_path)]) == 1


def test_the_plan_that_is_there_is_read():
    session = read_session(ROOT / 'training' / 'configs' / 'gpu-session.toml')
    assert session.minutes <= 10 and session.most_bytes <= 60_000_000
    assert 'cross-encoder' in session.runs['student'].loss.teachers
