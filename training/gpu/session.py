"""One session on the GPU: the teacher, its scores, the student, each with its share of the clock. Nothing is mined and nothing
fetched. What is trained goes back in float16; the next session goes on from it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load, save

from distil.teach import Teaching, teach
from prepare.errors import DataError
from train.checkpoint import put_weights, trainable
from train.device import Device
from train.run import MODEL, Run
from train.settings import Config
from train.signals import Wishes
from train.start import make_model, save_model

from .pack import unpack
from .pieces import cut, is_there, join, notes_of
from .plan import Session

#: Seconds at the end for writing what goes back.
LAST_SECONDS = 20
CHUNK_TOKENS = 65536


def run_session(session: Session, sent: list[Path], out: Path, work: Path, device: Device, only: str = '') -> None:
    """Trains for `session.minutes`; `sent` are the folders that came over, what an earlier session gave back among them.

    With `only` = 'student', the teacher is the one that came back, as it is.
    """
    started, seconds = time.time(), session.minutes * 60
    unpack(sent, work)
    teacher = _placed(session.runs['teacher'], work, 'teacher', 'cache')
    if only == 'student':
        if not is_there('teacher', sent):
            raise DataError('--only student: no teacher came back from an earlier session; name its folder with --from')
        give(session, 'teacher', sent, Path(teacher.out) / MODEL, teacher)
    else:
        _train(teacher, 'teacher', sent, out, device, started + seconds * session.teacher.share)
    student = _placed(session.runs['student'], work, 'student', 'taught')
    limits = {'max_tokens': teacher.data.max_tokens, 'max_text_tokens': teacher.data.max_text_tokens}
    settings = Teaching(device, lists=session.teacher_lists or None, chunk_tokens=CHUNK_TOKENS, **limits)
    teach(Path(teacher.out) / MODEL, work / 'cache', work / 'taught', settings)
    _train(student, 'student', sent, out, device, started + seconds - LAST_SECONDS)


def _placed(config: Config, work: Path, name: str, cache: str) -> Config:
    """The same run with what it reads and writes below `work`. Token ids came over, so it names no pools; what frozen layers
    make of a text is quicker computed than kept there; and bytes no longer tell likely false negatives, which were left out."""
    data = replace(
        config.data, pools=[], held_out_pools=[], cache=str(work / cache), states='', refresh=0, false_negative_ratios={}
    )
    return replace(config, out=str(work / name), data=data, model=replace(config.model, start=str(work / 'start' / name)))


def _train(config: Config, name: str, sent: list[Path], out: Path, device: Device, until: float) -> None:
    run = Run(config, device, Wishes(Path(config.out), until))
    before = {'sessions': 0}
    if not run.resume() and is_there(name, sent):
        before = notes_of(name, sent)
        _go_on(run, load(join(name, sent)), before)
    run.train()
    notes = {
        'sessions': before['sessions'] + 1,
        'steps': run.step,
        'pairs': run.pairs,
        'sampler': run.sampler.state,
        'sizes': run.sampler.stream_sizes,
        'log': (run.folder / 'log.txt').read_text(encoding='utf-8'),
    }
    weights = {key: value.to(torch.float16).cpu().contiguous() for key, value in trainable(run.model).items()}
    cut(name, save(weights), out, notes=notes)


def _go_on(run: Run, weights: dict[str, torch.Tensor], notes: dict) -> None:
    """From the weights and the place in the data of an earlier session. AdamW's moments, twice the size of the weights, did
    not travel: they begin anew under a warm-up, and so does the count of steps."""
    put_weights(run.model, weights)
    run.sampler.restore(notes['sampler'], notes['sizes'])
    run.pairs = notes['pairs']
    run.log.say(f'goes on from session {notes["sessions"]}, {run.pairs} pairs')


def give(session: Session, name: str, back: list[Path], folder: Path, config: Config | None = None) -> None:
    """Makes the whole model of what came back and of the start that it began with, which is here: what `python -m calibrate`
    and `python -m export` take."""
    config = config or session.runs[name]
    model = make_model(config.model, config.seed)
    put_weights(model, load(join(name, back)))
    save_model(model, config.model, folder)
