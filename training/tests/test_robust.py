"""The questions as careless people type them, and what is said of the change."""

from __future__ import annotations

import numpy as np
import pytest

from evaluate.robust import VARIANTS, changed, changes, table
from prepare.text import rng

QUESTION = 'How do I clean the brass lantern before winter?'


def typed(name: str, question: str = QUESTION) -> str:
    return VARIANTS[name](question, rng(1, name, question))


def test_each_variant_changes_the_question_in_its_own_way():
    assert typed('as it is') == QUESTION
    assert typed('lower case') == QUESTION.lower()
    assert typed('upper case') == QUESTION.upper()
    assert typed('short') == 'lantern before winter'
    assert QUESTION in typed('long') and len(typed('long')) > len(QUESTION) + 20
    assert 'how' not in typed('keywords').lower().split() and 'lantern' in typed('keywords').lower()
    assert typed('typos') != QUESTION and abs(len(typed('typos')) - len(QUESTION)) <= 1


@pytest.mark.parametrize('name', VARIANTS)
def test_a_question_of_one_word_stays_a_question(name):
    assert typed(name, 'tides').strip()


def test_the_search_is_asked_the_changed_question():
    asked = []

    def search(corpus, queries):
        asked.extend(queries)
        return [[] for _ in queries]

    changed(search, VARIANTS['upper case'], 'upper case')({}, ['tides', 'lamps'])
    assert asked == ['TIDES', 'LAMPS']


def test_changes_are_taken_question_by_question_and_every_set_counts_the_same():
    before = [{'alone': np.array([1.0, 0.5])}, {'alone': np.array([0.2])}]
    after = [{'alone': np.array([0.5, 0.5])}, {'alone': np.array([0.2])}]
    found = changes({'as it is': before, 'typos': after})
    assert found['as it is']['alone'] == {'mean': 0.475, 'change': [0.0, 0.0, 0.0]}
    assert found['typos']['alone']['mean'] == 0.35
    change, low, high = found['typos']['alone']['change']
    assert change == -0.125 and low <= change <= high <= 0
    assert '| typos | 0.350 (-0.125) |' in table(found)
