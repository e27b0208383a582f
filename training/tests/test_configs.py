"""The configs in the repository can be read, and say what they mean."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from gpu.plan import read_session
from mine.config import read_config as read_mine
from pipeline.__main__ import run, stages_of
from pipeline.plan import read_plan
from prepare.config import read_config as read_prepare
from prepare.errors import DataError
from train.config import read_config

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
PLANS = [CONFIGS / 'cpu.toml', CONFIGS / 'gpu.toml', CONFIGS / 'smoke' / 'plan.toml']
RUNS = [path for path in sorted(CONFIGS.glob('**/*.toml')) if 'optimiser' in tomllib.loads(path.read_text())]


@pytest.mark.parametrize('path', RUNS, ids=lambda path: str(path.relative_to(CONFIGS)))
def test_every_run_can_be_read(path):
    config = read_config(path)
    assert config.optimiser.decay_steps < config.optimiser.steps
    assert config.data.cache


@pytest.mark.parametrize('path', PLANS, ids=lambda path: str(path.relative_to(CONFIGS)))
def test_every_plan_names_files_that_are_there(path):
    plan = read_plan(path)
    read_prepare(plan.prepare), read_mine(plan.mine)
    for model in plan.models.values():
        read_config(model.config)
    names = list(stages_of(plan))
    assert names[:2] == ['prepare', 'mine'] and names[-1] == 'card:tiny'
    of_tiny = [name for name in names if name.endswith(':tiny')]
    assert of_tiny == ['grow:tiny', 'begin:tiny', 'train:tiny', 'finish:tiny', 'card:tiny']
    assert names.index('begin:mini') < names.index('grow:tiny') and 'grow:mini' not in names
    mini, tiny = plan.models['mini'], plan.models['tiny']
    assert mini.first_joint > 0 and (tiny.first_joint, tiny.joint_layers, tiny.grow.layers) == (0, None, 0)
    assert tiny.dtype == 'int8-words'


def test_pools_and_session_of_another_encoder_can_be_read():
    assert read_mine(CONFIGS / 'mine-reader.toml').vectors
    session = read_session(CONFIGS / 'gpu-reader.toml')
    student, teacher = session.runs['student'], session.runs['teacher']
    assert student.model.joint_beside and 'cross-encoder' in student.loss.teachers
    assert student.data.cache == teacher.data.cache


def test_a_grown_encoder_gives_no_layers_to_read_together_unless_told_to(tmp_path):
    large = '[models.a]\nconfig = "a.toml"\nencoder = "e"\n'
    small = '[models.b]\nconfig = "b.toml"\n{more}[models.b.grow]\nby = "a"\nlayers = 2'
    plan = f'out = "x"\n{large}{small}'
    for more, wanted in (('', (2, None)), ('joint_from = 1\njoint_layers = 3\n', (1, 3))):
        (tmp_path / 'plan.toml').write_text(plan.format(more=more))
        model = read_plan(tmp_path / 'plan.toml').models['b']
        assert (model.first_joint, model.joint_layers) == wanted


WRONG = {
    'no out': ('[models]', 'has no out'),
    'an unknown key': ('out = "x"\nstages = 1', 'does not know stages'),
    'a teacher that comes later': (
        'out = "x"\n[models.a]\nconfig = "a.toml"\nteacher = "b"',
        "models.a.teacher is 'b'",
    ),
    'a bi-encoder grown from nothing': (
        'out = "x"\n[models.a]\nconfig = "a.toml"\n[models.a.grow]\nby = "a"',
        "models.a.grow.by is 'a'; name a model that comes before it",
    ),
    'a bi-encoder named and grown': (
        'out = "x"\n[models.a]\nconfig = "a.toml"\nencoder = "e"\n[models.a.grow]\nby = "b"',
        'models.a has encoder and grow',
    ),
    'an unknown key of what is grown': (
        'out = "x"\n[models.a]\nconfig = "a.toml"\n[models.a.grow]\nwords = 1',
        'models.a.grow: does not know words',
    ),
    'a cascade of a model that is not there': (
        'out = "x"\n[models.a]\nconfig = "a.toml"\n[evaluate]\ncascades = [["b", "a"]]',
        "evaluate.cascades names 'b'; name models of the plan",
    ),
    'a share of a model that is not there': (
        'out = "x"\n[evaluate]\nblends = { b = 0.5 }',
        'evaluate.blends has b = 0.5; name a model, and a share above 0 to 1',
    ),
    'a share above the whole': (
        'out = "x"\n[models.a]\nconfig = "a.toml"\n[evaluate]\nblends = { a = 1.5 }',
        'evaluate.blends has a = 1.5',
    ),
    'weights of a kind that cannot be written': (
        'out = "x"\n[models.a]\nconfig = "a.toml"\ndtype = "int4"',
        "models.a.dtype is 'int4'; it is one of int8, ",
    ),
    'a model without a run': ('out = "x"\n[models.a]\nsoup = 1', 'models.a has no config'),
}


@pytest.mark.parametrize(('text', 'message'), WRONG.values(), ids=WRONG.keys())
def test_wrong_plans_are_named(text, message, tmp_path):
    (tmp_path / 'plan.toml').write_text(text)
    with pytest.raises(DataError, match=message):
        read_plan(tmp_path / 'plan.toml')


def test_an_unknown_stage_is_named(tmp_path):
    (tmp_path / 'plan.toml').write_text('out = "x"')
    with pytest.raises(DataError, match='--only is trian'):
        run(read_plan(tmp_path / 'plan.toml'), only=['trian'])
