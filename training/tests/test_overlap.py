"""What is shared with an evaluation set is found, exactly and nearly; what is not shared stays."""

import random

import pytest

from prepare.overlap import SHINGLE_WORDS, PassageOverlap, QueryOverlap, content_words
from prepare.text import words

VOCABULARY = [f'word{number}' for number in range(400)]


def invented_text(seed: int, length: int = 80) -> str:
    return ' '.join(random.Random(seed).choices(VOCABULARY, k=length))


def shared_by_hand(text: str, known: list[str]) -> tuple[int, int]:
    """Shingles in common and in all, one by one."""

    def of(one):
        found = words(one)
        return [tuple(found[at : at + SHINGLE_WORDS]) for at in range(max(1, len(found) - SHINGLE_WORDS + 1))]

    everything = {shingle for one in known for shingle in of(one)}
    return sum(shingle in everything for shingle in of(text)), len(of(text))


def test_agrees_with_counting_by_hand():
    known = [invented_text(seed) for seed in range(20)]
    overlap = PassageOverlap(known)
    for seed in range(60):
        rng = random.Random(seed)
        kept = rng.randrange(0, 80)
        text = ' '.join(rng.choice(known).split()[:kept]) + ' ' + invented_text(1000 + seed, rng.randrange(20, 120))
        shared, total = shared_by_hand(text, known)
        assert overlap.is_near_duplicate(text) == (shared >= 25 or shared / total >= 0.5), (seed, shared, total)


def test_case_and_punctuation_do_not_hide_a_copy():
    overlap = PassageOverlap(['The lamp, which is lit at dusk, burns until the sun is up again.'])
    assert overlap.is_near_duplicate('the LAMP which is lit at dusk burns until the sun is up again')
    assert not overlap.is_near_duplicate('The lamp is lit at dusk and put out when the sun is up again, says the book.')


def test_a_short_text_must_be_the_same():
    overlap = PassageOverlap(['grey paint'])
    assert overlap.is_near_duplicate('Grey paint.')
    assert not overlap.is_near_duplicate('grey paint dries')


@pytest.mark.parametrize('text', ['', '...', '!?'])
def test_a_text_without_words_is_no_duplicate(text):
    assert not PassageOverlap(['', 'a b c']).is_near_duplicate(text)
    assert not PassageOverlap([]).is_near_duplicate('a b c')


def test_queries():
    overlap = QueryOverlap(['What does the keeper of the lighthouse write into the logbook each night?'])
    assert overlap.is_exact('what does the keeper of the lighthouse write into the logbook each night')
    assert not overlap.is_exact('What does the keeper write?')
    assert overlap.is_near_duplicate('what did the lighthouse keeper write into his logbook each night')
    assert not overlap.is_near_duplicate('What does the keeper of the lighthouse paint each night?')


def test_one_word_in_common_is_not_enough():
    assert not QueryOverlap(['what is entropy']).is_near_duplicate('entropy')
    assert content_words('What is entropy?') == ['entropy']
