"""The configuration of `mine`."""

from pathlib import Path

import pytest

from mine.__main__ import main
from mine.config import read_config
from prepare.errors import DataError


def test_mistakes_in_the_configuration(tmp_path):
    path = tmp_path / 'mine.toml'
    for text, said in [
        ("data='d'", 'has no out'),
        ("data='d'\nout='o'\nseeds=1", 'does not know seeds'),
        ("data='d'\nout='o'\nrounds=0", 'rounds is 0'),
        ("data='d'\nout='o'\nrandom_share=1.5", 'random_share is 1.5'),
        ("data='d'\nout='o'\ncandidates=2", 'leave room'),
    ]:
        path.write_text(text)
        with pytest.raises(DataError, match=said):
            read_config(path)


def test_a_round_to_begin_with_that_there_is_not_is_named(tmp_path, capsys):
    (tmp_path / 'mine.toml').write_text("data='d'\nout='o'\nrounds=2")
    for first in ('2', '-1'):
        assert main([str(tmp_path / 'mine.toml'), '--from', first]) == 1
        said = capsys.readouterr().err
        assert said.startswith(f'error: --from is {first}; ') and said.endswith('has rounds 0 to 1\n')


def test_the_committed_configurations_are_valid():
    for path in (Path(__file__).parents[1] / 'configs').glob('mine*.toml'):
        assert read_config(path).candidates >= 4
