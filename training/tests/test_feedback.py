"""Feedback becomes labels: the formulas by hand, and the bias of positions taken out of simulated users."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from invented import write_invented

from prepare.errors import DataError
from prepare.feedback.clicks import ClickOptions, read_clicks
from prepare.feedback.events import Event
from prepare.feedback.judgements import read_citations, read_pairs, read_rankings, read_thumbs
from prepare.feedback.labelled import Teacher, label_pools
from prepare.feedback.propensity import Impression, estimate
from prepare.pools import Candidate, Pool, read_pools

TEXTS = {id: f'text of {id}' for id in 'abcd'}


def events(*rows: dict) -> list[Event]:
    return [Event(row, f'x:{number}', TEXTS) for number, row in enumerate(rows, 1)]


def test_clicks_are_weighted_by_how_seldom_their_rank_is_looked_at():
    rows = [{'query': 'q', 'shown': ['a', 'b', 'c'], 'clicked': ['a']}] * 2 + [
        {'query': 'Q?', 'shown': ['a', 'b', 'c'], 'clicked': ['b', 'c']}
    ]
    (one,) = read_clicks(events(*rows), ClickOptions(propensity='1,0.5,0.25'))
    # a: 2 clicks at rank 1 of 3 impressions: 2/3; b: one at rank 2: 2/3; c: one at rank 3: 4/3, the best.
    assert one.labels == pytest.approx({'a': 0.5, 'b': 0.5, 'c': 1.0})


def test_what_hardly_anybody_saw_is_unjudged_rather_than_bad():
    rows = [{'query': 'q', 'shown': ['a', 'b', 'c'], 'clicked': ['a']}] * 2
    (one,) = read_clicks(events(*rows), ClickOptions(propensity='1,0.5,0.25'))
    assert one.labels == {'a': 1.0, 'b': 0.0, 'c': None}


def test_propensities_are_bounded_and_queries_without_clicks_left_out():
    rows = [
        {'query': 'q', 'shown': ['a', 'b'], 'clicked': ['b', 'a']},
        {'query': 'other', 'shown': ['a'], 'clicked': []},
    ]
    (one,) = read_clicks(events(*rows), ClickOptions(propensity='1,0.001', min_propensity=0.1))
    assert one.labels == pytest.approx({'a': 0.1, 'b': 1.0})


def test_the_estimate_finds_the_propensities_of_simulated_users():
    truth, rng = [1.0, 0.55, 0.3, 0.15], random.Random(5)
    relevance = {f'd{number}': rng.uniform(0.1, 0.9) for number in range(8)}
    seen = []
    for _ in range(3000):
        for rank, passage in enumerate(rng.sample(list(relevance), 4), 1):
            seen.append(Impression('q', passage, rank, rng.random() < truth[rank - 1] * relevance[passage]))
    assert estimate(seen) == pytest.approx(truth, abs=0.08)


def test_corrected_clicks_order_passages_by_relevance_where_raw_clicks_do_not():
    rng = random.Random(2)
    rows = []
    for _ in range(400):
        shown = ['a', 'b', 'c']  # c is the best and always last
        wanted = {'a': 0.3, 'b': 0.2, 'c': 0.9}
        clicked = [one for rank, one in enumerate(shown, 1) if rng.random() < wanted[one] / rank]
        rows.append({'query': 'q', 'shown': shown, 'clicked': clicked})
    assert sum('a' in row['clicked'] for row in rows) > 0.8 * sum('c' in row['clicked'] for row in rows)
    (one,) = read_clicks(events(*rows), ClickOptions())
    assert one.labels['c'] == 1.0 and one.labels['a'] < 0.5 and one.labels['b'] < one.labels['a']


def test_estimating_needs_passages_at_several_ranks():
    with pytest.raises(DataError, match='at two ranks'):
        read_clicks(events({'query': 'q', 'shown': ['a', 'b'], 'clicked': ['a']}), ClickOptions(propensity='estimate'))


def test_thumbs():
    rows = [{'query': 'q', 'thumb': thumb, 'passage': 'a'} for thumb in ('up', 'up', 'down', 'up')]
    rows += [
        {'query': 'q', 'thumb': 'up', 'passages': ['a', 'b']},
        {'query': 'q', 'thumb': 'down', 'passages': ['b', 'c']},
    ]
    (one,) = read_thumbs(events(*rows))
    assert one.labels == {'a': 0.75, 'b': 0.5, 'c': None}


def test_citations():
    rows = [
        {'query': 'q', 'passages': ['a', 'b', 'c'], 'cited': ['b']},
        {'query': 'q', 'passages': ['b', 'c'], 'cited': ['c']},
    ]
    assert read_citations(events(*rows))[0].labels == {'a': None, 'b': 1.0, 'c': 1.0}
    assert read_citations(events(*rows), uncited=0.0)[0].labels == {'a': 0.0, 'b': 1.0, 'c': 1.0}
    assert read_citations(events({'query': 'q', 'passages': ['a'], 'cited': []})) == []


def test_rankings_of_one_query_are_averaged():
    rows = [
        {'query': 'q', 'passages': ['a', 'b', 'c'], 'ranking': ['b', 'a']},
        {'query': 'q', 'passages': ['a', 'b'], 'ranking': ['a', 'b']},
    ]
    (one,) = read_rankings(events(*rows))
    assert one.labels == {'a': 0.75, 'b': 0.75, 'c': None} and one.scores['a'] == {'llm': 0.75}


def test_pairs_with_grades():
    rows = [
        {'query': 'q', 'text': 'x', 'id': '1', 'label': 2},
        {'query': 'q ', 'title': 'T', 'text': 'y', 'label': 0},
        {'query': 'r', 'id': 'a', 'label': 0},
    ]
    (one,) = read_pairs(events(*rows), max_grade=2)
    assert list(one.labels.values()) == [1.0, 0.0] and list(one.texts.values()) == ['x', 'T. y']


def test_labels_come_from_a_teacher_where_nobody_judged():
    scores = [{'llm': 1.0}, {'llm': 3.0}, {'llm': 0.0}]
    candidates = [
        Candidate(id, id, label, given) for id, label, given in zip('abc', [None, None, 1.0], scores, strict=True)
    ]
    pool = Pool('1', 's', 'q', candidates)
    assert list(label_pools([pool], Teacher())) == [pool]
    (made,) = label_pools([pool], Teacher(relevant_from=2))
    assert [(one.id, one.label) for one in made.candidates] == [('b', 1.0), ('c', 1.0), ('a', 0.0)]
    with pytest.raises(DataError, match="has no score of 'gpt'; it has llm"):
        list(label_pools([pool], Teacher('gpt', 2)))
    with pytest.raises(DataError, match='name one with --scorer'):
        list(
            label_pools([Pool('1', 's', 'q', [Candidate('a', 'a', None, {'x': 1, 'y': 2})])], Teacher(relevant_from=2))
        )


def convert(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, '-m', 'prepare.feedback', *arguments]
    return subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)


def test_the_command_writes_pools_or_a_set_and_leaves_evaluation_questions_out(tmp_path):
    house = write_invented(tmp_path / 'house')
    rows = [
        {'query': 'who cleans it', 'passages': ['p0', 'p1', 'p2'], 'cited': ['p1']},
        {'query': 'Who is responsible for cleaning the lamp?', 'passages': ['p0'], 'cited': ['p0']},
    ]
    path = tmp_path / 'chat.jsonl'
    path.write_text('\n'.join(map(json.dumps, rows)))
    options = [str(path), str(tmp_path / 'chat-pools.jsonl.gz'), '--corpus', str(house), '--evaluation', str(house)]
    done = convert(tmp_path, 'citations', *options)
    assert done.returncode == 0 and done.stdout.startswith('1 queries with 3 passages; 1 left out'), done
    (pool,) = read_pools(tmp_path / 'chat-pools.jsonl.gz')
    assert pool.set == 'chat' and [one.label for one in pool.candidates] == [1.0, None, None]
    assert pool.candidates[0].text.startswith('The lamp. Painting the lamp')
    options[1] = str(tmp_path / 'set')
    assert convert(tmp_path, 'citations', *options).returncode == 0
    assert len((tmp_path / 'set' / 'corpus.jsonl').read_text().splitlines()) == 50
    options[0], options[1] = str(tmp_path / 'chat-pools.jsonl.gz'), str(tmp_path / 'labelled.jsonl')
    done = convert(tmp_path, 'labels', *options)
    assert done.returncode == 0 and list(read_pools(tmp_path / 'labelled.jsonl')) == [pool]
    options[0] = str(path)
    failed = convert(tmp_path, 'clicks', *options)
    assert failed.returncode == 1 and failed.stderr.count('\n') == 1 and 'has no "shown"' in failed.stderr
