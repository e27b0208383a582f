"""The stages. Each goes on where it was stopped, and is quick when it is done."""

from __future__ import annotations

import glob
import shutil
from pathlib import Path

from calibrate.held_out import calibrate
from card.write import Facts, write_card
from distil.grow import grow
from distil.lessons import Lessons
from distil.teach import Teaching, teach
from distil.tower import Size
from evaluate.run import evaluate
from evaluate.systems import Choice
from export.__main__ import export
from mine.config import read_config as read_mine
from mine.encoder import BiEncoder
from mine.run import mine
from prepare.config import read_config as read_prepare
from prepare.log import Log
from prepare.run import prepare
from split.begin import Beginning, begin
from split.files import give_share
from split.own import take_own
from split.shape import is_split, read_split_shape
from train.config import read_config
from train.device import Device, choose_device
from train.errors import TrainingError
from train.launch import Wanted, launch
from train.run import MODEL
from train.settings import Config
from train.soup import soup
from train.start import halve, start_folder

from .plan import Plan


def run_prepare(plan: Plan) -> None:
    config = read_prepare(plan.prepare)
    prepare(config, Log(config.out / 'prepare.log'))


def run_mine(plan: Plan) -> None:
    config = read_mine(plan.mine)
    mine(config, BiEncoder(config), Log(config.out / 'mine.log'))


def run_grow(plan: Plan, name: str) -> None:
    """Writes the small bi-encoder that a split reranker is made of; one that is there stays."""
    wanted, out = plan.models[name].grow, grown_folder(plan, name)
    if (out / 'model.safetensors').is_file():
        return
    size = Size(wanted.layers, wanted.width, wanted.heads, wanted.inner)
    lessons = Lessons(word_steps=wanted.word_steps, steps=wanted.steps)
    grow(read_config(plan.models[wanted.by].config), size, lessons, plan.threads or None, out)


def run_begin(plan: Plan, name: str) -> None:
    """Writes the start of a split reranker; one that is there stays, since a run may have begun with it."""
    model = plan.models[name]
    config = read_config(model.config)
    out = Path(config.model.start)
    if is_split(out):
        return
    device = choose_device(plan.threads or None)
    _let_teach(plan, name, config, device)
    encoder = start_folder(str(grown_folder(plan, name)) if model.grow else model.encoder, f'models.{name}')
    settings = Beginning(
        device,
        config,
        model.first_joint,
        model.match_stretches,
        fit_steps=model.fit_steps,
        fit_distil=model.fit_distil,
        joint_layers=model.joint_layers,
    )
    begin(encoder, out, settings)


def run_train(plan: Plan, name: str, until: float | None) -> bool:
    """Teacher's scores first, if there is a teacher. False when the run was stopped before its end."""
    device, config = choose_device(plan.threads or None), read_config(plan.models[name].config)
    _let_teach(plan, name, config, device)
    threads = 1 if plan.processes > 1 else plan.threads or None
    return launch(config, Wanted(until, threads, processes=plan.processes))


def _let_teach(plan: Plan, name: str, config: Config, device: Device) -> None:
    """Writes the caches of the model's run: its teacher's, with the teacher's scores. Quick when it is done."""
    model = plan.models[name]
    if not model.teacher:
        return
    caches = Path(read_config(plan.models[model.teacher].config).data.cache)
    limits = {'max_tokens': config.data.max_tokens, 'max_text_tokens': config.data.max_text_tokens}
    settings = Teaching(device, lists=model.teacher_lists or None, **limits)
    teach(trained_folder(plan, model.teacher), caches, Path(config.data.cache), settings)


def run_finish(plan: Plan, name: str) -> None:
    """Average, calibrate, export."""
    model, folder = plan.models[name], trained_folder(plan, name)
    config = read_config(model.config)
    if model.soup:
        soup(Path(config.out), folder, last=model.soup)
    elif not (Path(config.out) / MODEL).is_dir():
        raise TrainingError(f'finish:{name}: {config.out} has no {MODEL} yet; train:{name} comes before it')
    else:
        shutil.copytree(Path(config.out) / MODEL, folder, dirs_exist_ok=True)
        halve(folder)
    if model.joint_share != 1:
        if not config.model.joint_alone:
            raise TrainingError(
                f'models.{name}.joint_share is {model.joint_share:g}, but the joint layers of {model.config} did not learn '
                'by themselves; set model.joint_alone there, or leave the share at 1'
            )
        give_share(folder, model.joint_share)
    calibrate(folder, config, model.calibrate_lists)
    if model.encoder and is_split(folder) and _apart_is_frozen(config, folder):
        take_own(folder, plan.out / name / 'own', start_folder(model.encoder))
    export(folder, exported_folder(plan, name), model.dtype)
    export(folder, exact_folder(plan, name), 'fp32')


def _apart_is_frozen(config: Config, folder: Path) -> bool:
    return config.model.frozen_embeddings and config.model.frozen_layers >= read_split_shape(folder).layers


def run_evaluate(plan: Plan) -> None:
    wanted, say = plan.evaluate, Log(plan.out / 'pipeline.log')
    sets = [Path(found) for pattern in wanted.sets for found in sorted(glob.glob(str(pattern)))]
    models = {name: exported_folder(plan, name) for name in plan.models}
    models |= {name: folder for name, folder in wanted.models.items() if (folder / 'model.onnx').is_file()}
    for absent in [str(pattern) for pattern in wanted.sets if not glob.glob(str(pattern))]:
        say(f'evaluate: there is no {absent}; left out')
    if not sets:
        say('evaluate: no set is there; the card will have no figures')
        return
    encoder = start_folder(wanted.encoder, 'evaluate.encoder') if wanted.encoder else None
    choice = Choice(models, encoder, list(wanted.cascades), wanted.max_tokens, blends=wanted.blends)
    evaluate(choice, sets, plan.out / 'evaluation', wanted.limit or None)


def run_card(plan: Plan, name: str) -> None:
    config = read_config(plan.models[name].config)
    manifest = read_prepare(plan.prepare).out / 'manifest.json' if plan.prepare else None
    write_card(
        Facts(
            name=name,
            run=Path(config.out),
            model=exported_folder(plan, name),
            manifest=manifest,
            figures=plan.out / 'evaluation' / 'figures.json',
            teacher=plan.models[name].teacher,
            grown=_grown(plan, name),
            remark=plan.models[name].remark,
        )
    )


def _grown(plan: Plan, name: str) -> str:
    """How the card says where a small bi-encoder came from."""
    wanted = plan.models[name].grow
    if wanted is None:
        return ''
    steps = f'{wanted.word_steps} steps of words' + (f' and {wanted.steps} of layers' if wanted.layers else ' alone')
    return f'{wanted.layers} layers, {wanted.width} wide, taught by that of {wanted.by} in {steps}'


def grown_folder(plan: Plan, name: str) -> Path:
    """The small bi-encoder that a model begins with."""
    return plan.out / name / 'encoder'


def trained_folder(plan: Plan, name: str) -> Path:
    """What comes out of a run, in the form of save_pretrained()."""
    return plan.out / name / 'trained'


def exported_folder(plan: Plan, name: str) -> Path:
    """What is shipped: the folder that @secondpass/core loads."""
    return plan.out / name / 'shipped'


def exact_folder(plan: Plan, name: str) -> Path:
    """The same in float32, to measure what int8 costs."""
    return plan.out / name / 'fp32'
