"""What is wrong with feedback, or with what is asked of it, is said in one line that names it."""

import gzip
import json
from pathlib import Path

import pytest
from invented import write_invented

from prepare.beir import read_set
from prepare.errors import DataError
from prepare.feedback.__main__ import main
from prepare.feedback.clicks import ClickOptions, read_clicks
from prepare.feedback.events import Event, read_events
from prepare.feedback.judgements import read_citations, read_pairs, read_rankings, read_thumbs
from prepare.pools import Candidate, Pool, read_pools, write_pools

TEXTS = {id: f'text of {id}' for id in 'abcd'}


def events(*rows: dict) -> list[Event]:
    return [Event(row, f'x:{number}', TEXTS) for number, row in enumerate(rows, 1)]


@pytest.mark.parametrize(
    ('read', 'row', 'said'),
    [
        (
            lambda e: read_clicks(e, ClickOptions()),
            {'query': 'q', 'shown': ['a'], 'clicked': ['z']},
            "'z', which was not shown",
        ),
        (lambda e: read_clicks(e, ClickOptions()), {'query': '', 'shown': ['a'], 'clicked': []}, '"query" is'),
        (
            lambda e: read_clicks(e, ClickOptions('often')),
            {'query': 'q', 'shown': ['a'], 'clicked': []},
            'write power:1',
        ),
        (read_thumbs, {'query': 'q', 'thumb': 'sideways', 'passage': 'a'}, '"thumb" is'),
        (read_citations, {'query': 'q', 'passages': ['y'], 'cited': []}, 'give --corpus'),
        (read_citations, {'query': 'q', 'passages': 'a', 'cited': []}, 'write a list'),
        (read_rankings, {'query': 'q', 'passages': ['a']}, 'has no "ranking"'),
        (read_rankings, {'query': 'q', 'passages': ['a'], 'ranking': 'a'}, 'write a list of ids'),
        (read_pairs, {'query': 'q', 'id': 'a', 'label': 7}, 'raise --max-grade'),
        (read_pairs, {'query': 'q', 'text': 7, 'label': 1}, 'not a string'),
    ],
)
def test_a_bad_event_is_one_line_with_its_place(read, row, said):
    with pytest.raises(DataError, match=said):
        read(events(row))


def test_a_file_that_is_not_json_is_named(tmp_path):
    path = tmp_path / 'events.jsonl'
    path.write_text('{"query": "q"}\nnonsense\n')
    with pytest.raises(DataError, match=r'events\.jsonl:2: is not JSON'):
        list(read_events(path, {}))


def test_a_packed_file_of_events_is_named(tmp_path):
    path = tmp_path / 'events.jsonl.gz'
    path.write_bytes(gzip.compress(b'{}'))
    with pytest.raises(DataError, match=r'events\.jsonl\.gz: is no UTF-8'):
        list(read_events(path, {}))


def test_numbers_are_ids_too_and_0_is_one():
    row = {'query': 'q', 'shown': [{'id': 0, 'text': 'x'}, {'id': 1, 'text': 'y'}], 'clicked': [0]}
    (one,) = read_clicks(events(row), ClickOptions())
    assert one.texts == {'0': 'x', '1': 'y'} and one.labels['0'] == 1.0


@pytest.mark.parametrize(
    ('make', 'said'),
    [
        (lambda: ClickOptions(min_propensity=0), '--min-propensity is 0'),
        (lambda: ClickOptions(min_views=-1), '--min-views is -1'),
        (lambda: read_clicks(events(), ClickOptions('power:-1')), "--propensity is 'power:-1'"),
        (lambda: read_clicks(events(), ClickOptions('1,0')), "--propensity is '1,0'"),
        (lambda: read_pairs(events(), max_grade=0), '--max-grade is 0'),
        (lambda: read_citations(events(), uncited=2), '--uncited is 2'),
    ],
)
def test_an_impossible_option_is_named(make, said):
    with pytest.raises(DataError, match=said):
        make()


@pytest.fixture
def pairs(tmp_path) -> Path:
    """Two questions, each with one passage of the invented set."""
    write_invented(tmp_path / 'house')
    rows = [{'query': f'what about {id}', 'id': id, 'label': 1} for id in ('p1', 'p2')]
    (tmp_path / 'pairs.jsonl').write_text('\n'.join(map(json.dumps, rows)))
    return tmp_path


def run(folder: Path, out: str, *more: str) -> int:
    arguments = ['pairs', str(folder / 'pairs.jsonl'), str(folder / out), '--corpus', str(folder / 'house')]
    return main([*arguments, *more])


def test_a_set_to_measure_on_has_the_split_that_is_asked_for(pairs, capsys):
    assert run(pairs, 'test', '--split', 'test') == 0
    made = read_set(pairs / 'test')
    assert set(made.judged) == {'test'} and len(made.positives('test')) == 2 and len(made.passages) == 50
    assert run(pairs, 'pools.jsonl', '--split', 'test') == 1
    assert "--split is 'test'; pools have no splits" in capsys.readouterr().err
    assert not (pairs / 'pools.jsonl').exists()


def test_pools_that_teach_nothing_are_counted(pairs, capsys):
    assert run(pairs, 'pools.jsonl') == 0
    assert '2 queries with 2 passages; 0 left out, being in an evaluation set; 2 have one passage' in capsys.readouterr().out


def test_nothing_left_is_an_error(pairs, capsys):
    assert run(pairs, 'test', '--split', 'test') == 0
    assert run(pairs, 'pools.jsonl', '--evaluation', str(pairs / 'test')) == 1
    assert 'all of its questions are in an evaluation set' in capsys.readouterr().err


def test_labelled_pools_get_the_name_that_is_asked_for(tmp_path):
    write_pools(tmp_path / 'labelled.jsonl', [Pool('1', '', 'q', [Candidate('a', 'x', 1.0), Candidate('b', 'y')])])
    for more, wanted in (([], ''), (['--set', 'domain'], 'domain')):
        assert main(['labels', str(tmp_path / 'labelled.jsonl'), str(tmp_path / 'out.jsonl.gz'), *more]) == 0
        assert [one.set for one in read_pools(tmp_path / 'out.jsonl.gz')] == [wanted]
