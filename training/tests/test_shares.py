"""Shares chosen on one half of the questions and measured on the other. The gains here are invented."""

from __future__ import annotations

import numpy as np
import pytest

from evaluate.shares import MOST_LOST, SHARES as ALL, Gains, chosen, figures_of, summary, table

SHARES = (0.2, 0.5, 0.8)


def gains(name: str, develop: tuple[float, ...], test: tuple[float, ...], questions: int = 6) -> Gains:
    """The same gain for each question of a half, by share."""
    rows = np.zeros((len(develop), questions))
    rows[:, 0::2], rows[:, 1::2] = np.array(develop)[:, None], np.array(test)[:, None]
    return Gains('invented', name, rows)


def test_the_share_that_gains_most_is_chosen_on_the_develop_half_alone():
    assert chosen([gains('BM25', (0.1, 0.3, 0.2), (0.1, -0.9, 0.9))], SHARES) == 0.5


def test_a_share_that_harms_behind_one_search_is_not_chosen_for_what_it_gains_behind_another():
    both = [gains('BM25', (0.1, 0.3, 0.9), (0, 0, 0)), gains('vectors', (0.0, -MOST_LOST, -MOST_LOST - 0.001), (0, 0, 0))]
    assert chosen(both, SHARES) == 0.5


def test_the_smallest_share_stays_where_all_harm():
    assert chosen([gains('vectors', (-0.01, -0.02, -0.03), (0, 0, 0))], SHARES) == 0.2


def test_figures_name_the_worst_and_count_every_search_the_same():
    both = [gains('BM25', (0, 0, 0), (0.1, 0.3, 0.2), 6), gains('vectors', (0, 0, 0), (0.1, -0.1, 0.2), 20)]
    found = figures_of(both, 0.5, True, SHARES)
    assert found == {'questions': 13, 'mean': 0.1, 'worst': {'invented, vectors': [-0.1, -0.1, -0.1]}}


def test_the_table_has_both_halves_of_what_is_chosen_and_of_what_is_shipped():
    rows = 0.1 * np.array(ALL)
    one = Gains('wiki', 'BM25', np.repeat(rows[:, None], 4, 1))
    text = table({'mini': {'words': summary([one], 0.25)}})
    assert '| mini, words | chosen | 1 | +0.100, +0.100 (+0.100 to +0.100; wiki, BM25) | +0.100' in text
    assert '| mini, words | shipped | 0.25 | +0.025,' in text


def test_a_share_that_was_not_tried_is_left_out():
    assert list(summary([gains('BM25', (0.0,) * len(ALL), (0.0,) * len(ALL))], 0.33)) == ['chosen']


@pytest.mark.parametrize('test, mean', [(False, 0.25), (True, 0.75)])
def test_halves_are_every_other_question(test, mean):
    assert gains('BM25', (0.25,), (0.75,)).half(test).mean() == mean
