"""Rewritten queries look like users' and do not depend on their neighbours."""

from collections import Counter
from random import Random

import pytest

from prepare.beir import Passage, Query, RelevanceSet
from prepare.styles import rewrite
from prepare.styles.choose import form_of, restyle
from prepare.styles.cloze import add_sentences
from prepare.text import sentences, words
from invented import ACTIONS, TOPICS, passage

FORMS = {'creating': 'create', 'painting': 'paint'}


@pytest.mark.parametrize(
    ('text', 'form'),
    [
        ('who lights the lamp', 'question'),
        ('Is it lit?', 'question'),
        ('define lens', 'question'),
        ('Painting the door', 'heading'),
        ('The lamp was lit by hand.', 'statement'),
        ('a lens which bends the light of the lamp toward the sea', 'statement'),
    ],
)
def test_forms(text, form):
    assert form_of(text) == form


def test_keywords_are_content_words_in_order_most_of_the_time():
    made = [rewrite.keywords('What does the keeper write into the logbook?', Random(seed)) for seed in range(40)]
    assert {tuple(sorted(one.lower().split())) for one in made} == {('keeper', 'logbook', 'write')}
    assert sum(one.lower() == 'keeper write logbook' for one in made) > 20
    assert rewrite.keywords('keeper logbook', Random(1)) is None


def test_a_typo_changes_a_letter_or_two_and_leaves_codes_alone():
    for seed in range(60):
        slipped = rewrite.typo('Restart ECS2 lantern', Random(seed))
        assert 'ecs2' in slipped.lower() and slipped.lower() != 'restart ecs2 lantern'
        assert abs(len(slipped) - len('Restart ECS2 lantern')) <= 1
    assert rewrite.typo('a b EC2', Random(1)) is None


@pytest.mark.parametrize(
    ('query', 'claim'),
    [
        ('Is the lamp inherited?', 'The lamp is inherited.'),
        ('What causes fog?', 'Fog has known causes.'),
        ('What are the symptoms of rust?', 'There are symptoms of rust.'),
        ('Why is it dark?', None),
    ],
)
def test_claims(query, claim):
    assert rewrite.claim(query, Random(1)) == claim


def test_headings_become_questions():
    assert 'create a lens' in rewrite.question('Creating a lens', Random(1), FORMS)
    assert 'paint the door' in rewrite.question('Paint the door', Random(1), FORMS)
    assert 'fog bank' in rewrite.question('fog bank', Random(1), FORMS)
    assert rewrite.question('Bread Directions', Random(1), FORMS) is None
    assert rewrite.question('Who paints the door?', Random(1), FORMS) is None


def test_verbs_are_those_that_the_collection_uses():
    assert rewrite.base_forms(
        {'creating': 1, 'create': 3, 'running': 1, 'run': 4, 'during': 9, 'dure': 0, 'painting': 1, 'paint': 2}
    ) == {'creating': 'create', 'running': 'run', 'painting': 'paint'}


def test_same_id_same_style_whatever_stands_beside_it():
    queries = [
        Query(f'q{n}', f'Who is responsible for {a} the {t}?')
        for n, (t, a) in enumerate((t, a) for t in TOPICS for a in ACTIONS)
    ]
    alone = [restyle(one, 7, FORMS) for one in queries]
    assert alone == [restyle(one, 7, FORMS) for one in reversed(queries)][::-1]
    assert alone != [restyle(one, 8, FORMS) for one in queries]
    styles = Counter(one.style for one in alone)
    assert {'original', 'lowercase', 'keywords', 'typo'} <= set(styles)
    assert all(1 <= len(words(one.text)) <= 40 and one.origin == one.id for one in alone)


def test_a_long_query_is_cut():
    assert len(restyle(Query('q', 'why ' + 'so ' * 80), 1, {}).text.split()) <= 40


def test_a_sentence_asks_for_the_rest_of_its_passage():
    passages = {
        f'p{n}': Passage(f'p{n}', '', passage(topic, action))
        for n, (topic, action) in enumerate((t, a) for t in TOPICS for a in ACTIONS)
    }
    found = RelevanceSet('x', passages=dict(passages), queries={f'q{n}': Query(f'q{n}', 'why') for n in range(20)})
    found.judged = {'train': {f'q{n}': {f'p{n}': 1.0} for n in range(20)}}
    assert add_sentences(found, 0.5, seed=1) == 10
    made = [one for one in found.queries.values() if one.id.endswith('~sentence')]
    assert len(made) == 10
    for query in made:
        (id,) = found.judged['train'][query.id]
        before, after = passages[id].text, found.passages[id].text
        assert int(id[1:]) >= 20, 'a judged passage lost a sentence'
        taken = [one for one in sentences(before) if one not in sentences(after)]
        assert taken and len(after) < len(before)
        assert set(words(query.text)) <= set(words(' '.join(taken)))


def test_sentences_are_not_cut_after_initials():
    assert sentences('It was W. E. Hale who lit it. Dr. Moss saw it. So did I.') == [
        'It was W. E. Hale who lit it.',
        'Dr. Moss saw it.',
        'So did I.',
    ]
