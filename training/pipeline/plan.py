"""What a pipeline does: a TOML file that names the files of its stages. Paths in it are relative to the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from distil.lessons import Lessons
from distil.tower import Size
from evaluate.systems import check_blend
from export.recipe import DTYPES
from prepare.config import check_keys, read_toml
from prepare.errors import DataError


@dataclass(frozen=True)
class GrowPlan:
    """A small bi-encoder to begin a small split reranker with, taught by a large one (distil/grow.py)."""

    by: str = ''
    """Name of a split reranker made before: its bi-encoder teaches, on the pools of its run."""
    layers: int = Size.layers
    """0 is a table of words alone."""
    width: int = Size.width
    heads: int = Size.heads
    inner: int = Size.inner
    word_steps: int = Lessons.word_steps
    steps: int = Lessons.steps
    """With layers only."""


@dataclass(frozen=True)
class ModelPlan:
    """One model: the config of its run, and what happens to the result."""

    config: Path
    teacher: str = ''
    """Name of a model made before, whose scores this one learns from as well."""
    teacher_lists: int = 0
    """Lists of each file that the teacher scores; 0 is all."""
    encoder: str = ''
    """Bi-encoder, a folder or a package, to make the start of a split reranker of: written to model.start of the run.
    Without one the run begins with what is there."""
    grow: GrowPlan | None = None
    """Makes the bi-encoder instead of naming one."""
    joint_from: int | None = None
    """The layer after which copies of the rest read query and passage together: 4 unless another is named; nothing is
    copied of one that was grown, unless a layer is named."""
    joint_layers: int | None = None
    """How many read together; as many as there are to copy. What is more begins at random."""
    match_stretches: bool = False
    """Whether what stands close together in a text is counted as well: what a model without layers cannot see else."""
    fit_steps: int = 2000
    """Steps in which what is counted is fitted alone, before the run."""
    fit_distil: float | None = None
    """Weight of the teachers' divergence meanwhile, instead of the run's."""
    joint_share: float = 1.0
    """What the layers that read together add to the logit is multiplied by this, where they learned by themselves."""
    soup: int = 0
    """Average so many of the run's last weights; 0 takes the last alone."""
    calibrate_lists: int = 400
    dtype: str = 'int8'
    """What is shipped and measured: see export/recipe.py."""
    remark: str = ''
    """What the card says below its figures, such as which questions a setting was chosen on."""

    @property
    def first_joint(self) -> int:
        """The layer after which query and passage are read together."""
        return self.joint_from if self.joint_from is not None else self.grow.layers if self.grow else 4


@dataclass(frozen=True)
class EvaluatePlan:
    sets: tuple[Path, ...] = ()
    """Folders in BEIR's layout, patterns allowed; sets that are not there are left out, and the log says so."""
    limit: int = 0
    """Questions of a set; 0 is all."""
    encoder: str = ''
    models: dict[str, Path] = field(default_factory=dict)
    """Exported models made elsewhere, to compare with."""
    cascades: tuple[tuple[str, str], ...] = ()
    blends: dict[str, float] = field(default_factory=dict)
    """Share of a model blended with BM25, where it is not that of the bundled one (0.8)."""
    max_tokens: int = 256


@dataclass(frozen=True)
class Plan:
    out: Path
    prepare: Path | None = None
    mine: Path | None = None
    models: dict[str, ModelPlan] = field(default_factory=dict)
    evaluate: EvaluatePlan = field(default_factory=EvaluatePlan)
    threads: int = 0
    processes: int = 1
    """That many, of one thread each, share the runs that train a model."""


def read_plan(path: Path) -> Plan:
    """Throws DataError that names the file and what is wrong."""
    given, where = check_keys(read_toml(path), Plan, str(path)), path.parent
    if 'out' not in given:
        raise DataError(f'{path}: has no out; name the folder for models, tables and cards')
    models = {name: _model(name, table, where, path) for name, table in given.get('models', {}).items()}
    for number, (name, plan) in enumerate(models.items()):
        before = list(models)[:number]
        if plan.teacher and plan.teacher not in before:
            raise DataError(f'{path}: models.{name}.teacher is {plan.teacher!r}; name a model that comes before it')
        if plan.grow and plan.grow.by not in before:
            raise DataError(f'{path}: models.{name}.grow.by is {plan.grow.by!r}; name a model that comes before it')
    stages = {name: where / given[name] for name in ('prepare', 'mine') if name in given}
    evaluate = _evaluate(given.get('evaluate', {}), where, path)
    for pair in evaluate.cascades:
        for unknown in [name for name in pair if name not in models | evaluate.models]:
            raise DataError(f'{path}: evaluate.cascades names {unknown!r}; name models of the plan or of evaluate.models')
    for name, share in evaluate.blends.items():
        check_blend(f'{path}: evaluate.blends has {name} = {share}', name, share, models | evaluate.models)
    return Plan(
        out=where / given['out'],
        models=models,
        evaluate=evaluate,
        threads=given.get('threads', 0),
        processes=given.get('processes', 1),
        **stages,
    )


def _model(name: str, table: dict, where: Path, path: Path) -> ModelPlan:
    check_keys(table, ModelPlan, f'{path}, models.{name}')
    if 'config' not in table:
        raise DataError(f'{path}: models.{name} has no config; name the TOML file of its run')
    if table.get('dtype', ModelPlan.dtype) not in DTYPES:
        raise DataError(f'{path}: models.{name}.dtype is {table["dtype"]!r}; it is one of {", ".join(DTYPES)}')
    encoder = table.get('encoder', '')
    encoder = str(where / encoder) if encoder and (where / encoder).is_dir() else encoder
    grow = None
    if 'grow' in table:
        if encoder:
            raise DataError(f'{path}: models.{name} has encoder and grow; keep one of them')
        grow = GrowPlan(**check_keys(table['grow'], GrowPlan, f'{path}, models.{name}.grow'))
    return ModelPlan(**(table | {'config': where / table['config'], 'encoder': encoder, 'grow': grow}))


def _evaluate(table: dict, where: Path, path: Path) -> EvaluatePlan:
    check_keys(table, EvaluatePlan, f'{path}, evaluate')
    encoder = table.get('encoder', '')
    return EvaluatePlan(
        **(
            table
            | {
                'encoder': str(where / encoder) if encoder and (where / encoder).is_dir() else encoder,
                'sets': tuple(where / one for one in table.get('sets', ())),
                'models': {name: where / folder for name, folder in table.get('models', {}).items()},
                'cascades': tuple((first, second) for first, second in table.get('cascades', ())),
            }
        )
    )
