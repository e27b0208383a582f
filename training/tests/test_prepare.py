"""`prepare` from end to end on invented sets."""

import hashlib
import json
from pathlib import Path

import pytest

from prepare.beir import read_set
from prepare.clean import merge_equal, split_held_out
from prepare.config import read_config
from prepare.errors import DataError
from prepare.log import Log
from prepare.run import prepare
from prepare.text import full_text
from invented import pack, write_invented


CONFIG = """
out = 'out'
evaluation = ['evaluation/*']
held_out_share = 0.2
[[sets]]
path = 'house.tar.gz'
sentences = 0.2
[[sets]]
path = 'closed'
"""

#: Each of the three houses asks who paints it.
QUESTIONS_ABOUT_THE_LENS = 3

COPIED = 'In a storm the lamp turns at half its speed, so that ships in the bay have time to count its flashes before the rain hides them.'


@pytest.fixture
def workshop(tmp_path):
    house = write_invented(tmp_path / 'house', repeats=3)
    for file, line in [
        ('corpus.jsonl', json.dumps({'_id': 'copy', 'title': 'Storms', 'text': COPIED.upper() + ' So says the book.'})),
        ('queries.jsonl', json.dumps({'_id': 'of-copy', 'text': 'how fast in a storm'})),
        ('qrels/train.tsv', 'of-copy\tcopy\t1'),
    ]:
        with (house / file).open('a') as open_file:
            open_file.write(line + '\n')
    pack(house)
    write_invented(tmp_path / 'closed', readme='CC BY-NC 4.0')
    small = write_invented(tmp_path / 'evaluation' / 'keepers')
    (small / 'corpus.jsonl').write_text(json.dumps({'_id': 'e1', 'text': COPIED}) + '\n')
    (small / 'queries.jsonl').write_text(
        json.dumps({'_id': 'e1', 'text': 'who is responsible for painting the LENS'}) + '\n'
    )
    (tmp_path / 'data.toml').write_text(CONFIG)
    return tmp_path


def run(workshop) -> tuple[dict, list[str]]:
    lines: list[str] = []
    return prepare(read_config(workshop / 'data.toml'), lines.append), lines


def sums(folder: Path) -> dict[str, str]:
    return {
        str(one.relative_to(folder)): hashlib.sha256(one.read_bytes()).hexdigest()
        for one in sorted(folder.rglob('*'))
        if one.is_file()
    }


def test_the_manifest_says_what_was_used_and_removed(workshop):
    manifest, _ = run(workshop)
    house, closed = manifest['sets']
    assert house['decision'] == {'used': True, 'reason': 'its README names CC BY only', 'found': ['CC BY']}
    assert not closed['decision']['used'] and 'CC BY-NC' in closed['decision']['reason']
    assert not (workshop / 'out' / 'sets' / 'closed' / 'corpus.jsonl').exists()
    assert house['removed']['passages near or equal to an evaluation passage'] == 1
    assert house['removed']['queries equal to an evaluation query'] == QUESTIONS_ABOUT_THE_LENS
    assert house['removed']['queries left without a relevant passage'] == 1
    assert json.loads((workshop / 'out' / 'manifest.json').read_text()) == manifest


def test_nothing_of_the_evaluation_set_is_left(workshop):
    run(workshop)
    found = read_set(workshop / 'out' / 'sets' / 'house')
    assert not [one for one in found.passages.values() if 'half its speed' in one.text.lower()]
    assert not [one for one in found.queries.values() if 'painting the lens?' in one.text.lower()]
    assert {'train', 'held-out'} == set(found.judged)
    sides = [{p for grades in found.judged[split].values() for p in grades} for split in ('train', 'held-out')]
    assert sides[0] and sides[1] and not sides[0] & sides[1]


def test_same_bytes_again_and_no_work_done_twice(workshop):
    run(workshop)
    before = sums(workshop / 'out')
    _, lines = run(workshop)
    assert any('house: done before' in line for line in lines)
    for done in (workshop / 'out').rglob('done.json'):
        done.unlink()
    _, lines = run(workshop)
    assert not any('done before' in line for line in lines)
    assert sums(workshop / 'out') == before


def test_a_changed_setting_is_work_again(workshop):
    run(workshop)
    config = workshop / 'data.toml'
    config.write_text('seed = 2\n' + config.read_text())
    _, lines = run(workshop)
    assert not any('done before' in line for line in lines)


def test_mistakes_in_the_configuration_are_one_line(tmp_path):
    for text, said in [
        ('out="o"\nsede=1', 'does not know sede'),
        ('seed=1', 'has no out'),
        ('out=', 'data.toml'),
        ('out="o"\n[[sets]]\nname="x"', 'has no path'),
        ('out="o"\n[[sets]]\npath="a/x"\n[[sets]]\npath="b/x.tar.gz"', 'are named x; give one'),
    ]:
        (tmp_path / 'data.toml').write_text(text)
        with pytest.raises(DataError, match=said):
            read_config(tmp_path / 'data.toml')


def test_a_malformed_line_is_named(tmp_path):
    folder = write_invented(tmp_path / 'broken')
    with (folder / 'corpus.jsonl').open('a') as file:
        file.write('{"_id": 1}\n')
    with pytest.raises(DataError, match=r'corpus\.jsonl:51: write an object with "_id" and "text"'):
        read_set(folder)
    with pytest.raises(DataError, match='neither a folder'):
        read_set(tmp_path / 'missing')
    (tmp_path / 'cut.tar.gz').write_bytes(pack(folder).read_bytes()[:300])
    for name in ('cut.tar.gz', 'missing.tar.gz'):
        with pytest.raises(DataError, match=f'{name}: cannot be read'):
            read_set(tmp_path / name)


def test_a_sets_own_test_part_is_not_trained_on(tmp_path):
    house = write_invented(tmp_path / 'house')
    (house / 'qrels' / 'test.tsv').write_text('query-id\tcorpus-id\tscore\nq48a\tp48\t1\n')
    lines = (house / 'qrels' / 'train.tsv').read_text().split('\n')
    (house / 'qrels' / 'train.tsv').write_text('\n'.join(line for line in lines if not line.startswith('q48a')))
    (tmp_path / 'data.toml').write_text("out = 'out'\nheld_out_share = 0\n[[sets]]\npath = 'house'\n")
    run(tmp_path)
    assert 'q48a' not in read_set(tmp_path / 'out' / 'sets' / 'house').queries
    assert 'q48b' in read_set(tmp_path / 'out' / 'sets' / 'house').queries
    with (tmp_path / 'data.toml').open('a') as file:
        file.write("splits = ['dev']\n")
    with pytest.raises(DataError, match='has no judgements qrels/dev.tsv; it has test, train'):
        run(tmp_path)


def test_folder_and_archive_read_the_same(tmp_path):
    folder = write_invented(tmp_path / 'house')
    assert read_set(folder) == read_set(pack(folder))


def test_equal_questions_share_their_answers(tmp_path):
    found = read_set(write_invented(tmp_path / 'house', repeats=2))
    counts = merge_equal(found)
    assert counts['equal queries'] > 0
    (query,) = [one.id for one in found.queries.values() if one.text == 'Who is responsible for cleaning the lamp?']
    assert len(found.judged['train'][query]) == 2


def test_held_out_passages_do_not_depend_on_the_order(tmp_path):
    one, other = (read_set(write_invented(tmp_path / name)) for name in 'ab')
    other.judged['train'] = dict(reversed(other.judged['train'].items()))
    split_held_out(one, 0.3, 1)
    split_held_out(other, 0.3, 1)
    assert one.judged == other.judged


def test_a_question_judged_in_two_splits_keeps_the_answers_of_both(tmp_path):
    found = read_set(write_invented(tmp_path / 'house'))
    query, grades = next(iter(found.judged['train'].items()))
    other = next(passage for passage in found.passages if passage not in grades)
    found.judged['dev'] = {query: {other: 1.0}}
    split_held_out(found, 0.0, 1)
    assert set(found.judged['train'][query]) == {*grades, other}


@pytest.mark.parametrize(
    ('title', 'text', 'whole'),
    [
        ('A', 'B c', 'A. B c'),
        ('', 'B', 'B'),
        (None, 'B', 'B'),
        ('Lamp', 'Lamp oil', 'Lamp oil'),
        (' A ', ' b ', 'A. b'),
        ('A', '', 'A. '),
    ],
)
def test_title_and_text_are_joined_once(title, text, whole):
    assert full_text(title, text) == whole


def test_the_log_can_be_read(tmp_path, capsys):
    Log(tmp_path / 'a' / 'x.log')('42 sets')
    assert '42 sets' in capsys.readouterr().out and '42 sets' in (tmp_path / 'a' / 'x.log').read_text()
