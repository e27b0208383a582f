"""`prepare` run again: what changed is done again, and what may not be used any more is not left behind."""

import json
from pathlib import Path

import pytest
from invented import write_invented

from prepare.config import read_config
from prepare.run import prepare

CONFIG = "out = 'out'\nheld_out_share = 0\n[[sets]]\npath = 'house'\n"


@pytest.fixture
def workshop(tmp_path):
    """A folder with one set that was prepared."""
    write_invented(tmp_path / 'house')
    (tmp_path / 'data.toml').write_text(CONFIG)
    assert not any('done before' in line for line in run(tmp_path))
    return tmp_path


def run(workshop: Path) -> list[str]:
    lines: list[str] = []
    prepare(read_config(workshop / 'data.toml'), lines.append)
    return lines


def left(workshop: Path) -> set[str]:
    """Sets that `mine` would take."""
    return {one.parent.name for one in (workshop / 'out' / 'sets').glob('*/corpus.jsonl')}


def test_a_changed_file_in_the_folder_of_a_set_is_work_again(workshop):
    assert any('done before' in line for line in run(workshop))
    with (workshop / 'house' / 'corpus.jsonl').open('a') as file:
        file.write(json.dumps({'_id': 'new', 'text': 'A buoy drifts.'}) + '\n')
    assert not any('done before' in line for line in run(workshop))
    assert 'A buoy drifts.' in (workshop / 'out' / 'sets' / 'house' / 'corpus.jsonl').read_text()


@pytest.mark.parametrize('config', [CONFIG + "leave_out = 'not ours'\n", "out = 'out'\n"])
def test_a_set_that_is_left_out_now_leaves_nothing_to_mine(workshop, config):
    assert left(workshop) == {'house'}
    (workshop / 'data.toml').write_text(config)
    run(workshop)
    assert left(workshop) == set()
    (workshop / 'data.toml').write_text(CONFIG)
    run(workshop)
    assert left(workshop) == {'house'}
