"""Another encoder's cosines beside the scores that pools have."""

from mine.beside import main, with_cosines
from mine.vectors import make_embed
from prepare.pools import Candidate, Pool, read_pools, write_pools
from small_sets import count_words

POOLS = [
    Pool(f'q{number}', name, 'the lamp', [Candidate('a', 'the lamp', 1, {'bm25': 2.0}), Candidate('b', 'rain', None, {})])
    for number, name in enumerate(('ours', 'theirs'))
]


def test_each_candidate_gets_its_cosine_beside_what_it_has():
    (pool, _) = with_cosines(POOLS, count_words, 'words')
    assert [one.scores for one in pool.candidates] == [{'bm25': 2.0, 'words': 1.0}, {'words': 0.0}]
    assert [one.label for one in pool.candidates] == [1, None]


def test_sets_that_are_not_named_stay_as_they_are(tmp_path, monkeypatch):
    write_pools(tmp_path / 'pools.jsonl.gz', POOLS)
    (tmp_path / 'mine.toml').write_text("data = 'sets'\nout = 'out'\n")
    monkeypatch.setattr('mine.beside.make_embed', lambda config: count_words if config.encoder == 'other' else make_embed(config))
    paths = [str(tmp_path / name) for name in ('mine.toml', 'pools.jsonl.gz', 'taught.jsonl.gz')]
    assert main([*paths, '--encoder', 'other', '--as', 'words', '--sets', 'ours']) == 0
    ours, theirs = read_pools(tmp_path / 'taught.jsonl.gz')
    assert 'words' in ours.candidates[0].scores and theirs == POOLS[1]
