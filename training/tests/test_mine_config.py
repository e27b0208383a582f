"""The configuration of `mine`."""

from pathlib import Path

import pytest

from mine.config import read_config
from prepare.errors import DataError


def test_mistakes_in_the_configuration(tmp_path):
    path = tmp_path / 'mine.toml'
    for text, said in [
        ("data='d'", 'has no out'),
        ("data='d'\nout='o'\nseeds=1", 'does not know seeds'),
        ("data='d'\nout='o'\nrandom_share=1.5", 'random_share is 1.5'),
        ("data='d'\nout='o'\ncandidates=2", 'leave room'),
    ]:
        path.write_text(text)
        with pytest.raises(DataError, match=said):
            read_config(path)


def test_the_committed_configurations_are_valid():
    for path in (Path(__file__).parents[1] / 'configs').glob('mine*.toml'):
        assert read_config(path).candidates >= 4
