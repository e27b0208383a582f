"""The files of pools: what is written can be read, and what cannot is named."""

import gzip

import pytest

from prepare.errors import DataError
from prepare.pools import Candidate, Pool, read_pools, write_pools


def test_pools_survive_a_round_trip_and_bad_ones_are_named(tmp_path):
    pools = [
        Pool(
            's/1', 's', 'wie heißt "das"?', [Candidate('a', 'x\u2028y', 0.5, {'llm': 1.5}), Candidate('b', 'z')], 'typo'
        )
    ]
    for name in ('p.jsonl', 'p.jsonl.gz'):
        assert write_pools(tmp_path / name, pools) == 1
        assert list(read_pools(tmp_path / name)) == pools
    bad = [
        ('{"id": 1}', 'write an object'),
        ('{"id":1,"query":null,"candidates":[]}', 'query and texts are strings'),
        ('{"id":1,"query":"q","candidates":[{"id":"a","text":3}]}', 'query and texts are strings'),
        ('{"id":1,"query":"q","candidates":[{"id":"a","text":"t","label":2}]}', 'labels lie in 0..1'),
        ('{"id":1,"query":"q","candidates":[{"id":"a","text":"t","scores":{"x":NaN}}]}', 'not a finite number'),
    ]
    for line, said in bad:
        (tmp_path / 'bad.jsonl.gz').write_bytes(gzip.compress(f'\n{line}\n'.encode()))
        with pytest.raises(DataError, match=rf'bad\.jsonl\.gz:2.*{said}'):
            list(read_pools(tmp_path / 'bad.jsonl.gz'))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    whole = gzip.compress(b'{"id":1,"query":"q","candidates":[]}' * 9)
    (tmp_path / 'cut.jsonl.gz').write_bytes(whole[:-9])
    for name in ('cut.jsonl.gz', 'missing.jsonl'):
        with pytest.raises(DataError, match=f'{name}: cannot be read'):
            list(read_pools(tmp_path / name))
