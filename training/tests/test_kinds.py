"""Lists whose distractors only reading refuses. The little WordNet here is invented."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from kinds.__main__ import main, pools_of
from kinds.blocks import GROUPS, WRITTEN, fill, read_blocks
from kinds.wordnet import meanings, read
from prepare.errors import DataError
from prepare.pools import read_pools
from prepare.words import STOP_WORDS
from prepare.text import words

PAIRS = Path(__file__).parents[1] / 'evaluate' / 'contrast' / 'pairs.jsonl'
NOUNS = [
    ('00000001', 5, ('marmot',), 'a stout rodent that burrows and sleeps through the winter', ()),
    ('00000002', 5, ('weasel',), 'a slim hunter that kills a marmot or a mouse for its young', ('00000001',)),
    ('00000003', 6, ('ladle',), 'a spoon with a long handle for taking soup out of a pot', ()),
    ('00000004', 6, ('tureen',), 'a deep dish with a ladle from which soup is served at table', ('00000003',)),
    ('00000005', 13, ('soup',), 'a liquid meal that is eaten with a spoon or poured with a ladle', ()),
    ('00000006', 18, ('cooper',), 'a person who makes barrels and may own a ladle or a marmot', ()),
    ('00000007', 20, ('sorrel',), 'a sour herb that goes into soup and that a marmot likes to eat', ()),
]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Seven nouns in WordNet's layout, each met in the tagged texts."""
    folder = tmp_path / 'dict'
    folder.mkdir()
    rows = ['  1 A licence stands here']
    for offset, lexicon, names, gloss, above in NOUNS:
        pointers = ''.join(f' @ {one} n 0000' for one in above)
        rows.append(f'{offset} {lexicon:02d} n {len(names):02x} {" ".join(f"{one} 0" for one in names)} {len(above):03d}{pointers} | {gloss}; "they saw it"')
    (folder / 'data.noun').write_text('\n'.join(rows) + '\n', encoding='latin-1')
    (folder / 'index.sense').write_text(''.join(f'{names[0]}%1:05:00:: {offset} 1 9\n' for offset, _, names, _, _ in NOUNS))
    return folder


def test_every_block_has_two_questions_or_a_distractor_and_only_known_slots(database):
    from kinds.slots import slots

    known = set(slots(database))
    for path in (GROUPS, WRITTEN):
        for block in read_blocks(path):
            texts = [text for entry in block.entries for text in entry] + block.distractors
            assert len(block.entries) + len(block.distractors) > 1, block
            assert {name.partition(':')[0] for text in texts for name in re.findall(r'<([^>]*)>', text)} <= known, block


def test_a_filled_block_has_one_value_a_slot_and_none_left_open(database):
    from kinds.slots import slots

    r = random.Random(3)
    for block in read_blocks(GROUPS):
        for one in fill(block, slots(database), r):
            assert not re.search(r'[\[\]|<>]', ' '.join([one.query, *one.texts])), one
            assert len(set(one.texts)) == len(one.texts) == len(block.entries) + len(block.distractors)


def test_the_answer_of_one_question_is_a_distractor_of_the_next():
    (path := WRITTEN).read_text()
    first, second = fill(read_blocks(path)[0], {}, random.Random(1))
    assert (first.texts[0], first.texts[1]) == (second.texts[1], second.texts[0])


def test_neither_side_of_a_pair_can_be_told_by_shared_words_alone():
    """Of the written pairs, more than a quarter of the answers share fewer words with their question than the distractor, and
    more than a quarter share more: whoever only counts words is wrong either way."""

    def shared(question: str, text: str) -> int:
        return len({one for one in words(question) if one not in STOP_WORDS} & set(words(text)))

    lists = [one for block in read_blocks(WRITTEN) for one in fill(block, {}, random.Random(1))]
    gaps = [shared(one.query, one.texts[0]) - max(shared(one.query, text) for text in one.texts[1:]) for one in lists]
    assert sum(gap < 0 for gap in gaps) > len(gaps) / 4
    assert sum(gap > 0 for gap in gaps) > len(gaps) / 4


def test_nothing_is_taken_from_the_pairs_that_are_measured():
    """No question, and no run of six words, stands in evaluate/contrast as well."""
    rows = [json.loads(line) for line in PAIRS.read_text(encoding='utf-8').splitlines()]
    measured = {run for row in rows for text in (row['query'], row['answer'], row['distractor']) for run in _runs(text)}
    ours = [re.sub(r'<[^>]*>', '#', text) for path in (GROUPS, WRITTEN) for text in path.read_text(encoding='utf-8').splitlines()]
    assert not {run for text in ours for part in re.split(r'[\[\]|]', text) for run in _runs(part)} & measured
    assert not {row['query'] for row in rows} & {text.removeprefix('? ') for text in ours}


def _runs(text: str) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[at : at + 6]) for at in range(len(found) - 5)}


def test_meanings_ask_for_a_word_that_the_distractors_have(database):
    for one in meanings(database, 20, seed=2):
        word = next(noun for _, _, (noun,), _, _ in NOUNS if noun in words(one.query))
        gloss = next(gloss for _, _, (noun,), gloss, _ in NOUNS if noun == word)
        assert gloss in one.texts[0]
        assert all(gloss not in text for text in one.texts[1:])
        assert sum(word in words(text) for text in one.texts[1:]) > 1


def test_wordnet_is_read(database):
    sense = read(database)['00000002']
    assert (sense.words, sense.lexicon, sense.above) == (('weasel',), 5, ('00000001',))
    assert sense.gloss == 'a slim hunter that kills a marmot or a mouse for its young'
    assert sense.examples == ('they saw it',)


def test_pools_are_written_as_training_reads_them_and_the_same_each_time(database, tmp_path, capsys):
    out = tmp_path / 'kinds.jsonl.gz'
    assert main([str(out), '--wordnet', str(database), '--per-block', '1', '--meanings', '5']) == 0
    pools = list(read_pools(out))
    assert capsys.readouterr().out == f'{len(pools)} lists\n'
    assert pools == list(pools_of(database, 1, 5, 1))
    assert {pool.set for pool in pools} > {'kinds-negation', 'kinds-meaning'}
    for pool in pools:
        assert [one.label for one in pool.candidates] == [1.0] + [0.0] * (len(pool.candidates) - 1)


def test_a_folder_without_wordnet_is_named(tmp_path, capsys):
    assert main([str(tmp_path / 'out.jsonl'), '--wordnet', str(tmp_path)]) == 1
    assert 'there is no data.noun in it' in capsys.readouterr().err


def test_a_line_of_no_kind_is_named(tmp_path):
    path = tmp_path / 'blocks.txt'
    path.write_text('@ number\n? how many\n= seven\nwhat is this\n', encoding='utf-8')
    with pytest.raises(DataError, match=r'blocks.txt:4: .what is this. is neither a block'):
        read_blocks(path)
