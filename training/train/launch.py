"""Begins a run or goes on with it, in one process or several. Processes find this module by name, so it is not __main__."""

from __future__ import annotations

import datetime
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch.distributed as distributed
import torch.multiprocessing as multiprocessing

from prepare.errors import DataError

from .company import Company
from .device import choose_device
from .errors import TrainingError
from .run import BEFORE_DECAY, Run
from .settings import Config
from .signals import Wishes

#: While the first process measures or reads texts, the others wait.
PATIENCE = datetime.timedelta(hours=6)
#: What a process leaves behind: that the run was finished, or what was wrong with its input.
FINISHED, WRONG = 'finished', 'wrong'


@dataclass(frozen=True)
class Wanted:
    """What the command line says of a run; see `python -m train --help`. `until` is in seconds since 1970."""

    until: float | None = None
    threads: int | None = None
    precision: str = 'auto'
    extend: bool = False
    processes: int = 1


def launch(config: Config, wanted: Wanted) -> bool:
    """Trains; False when the run was stopped before its end. What any process finds wrong is thrown as if it ran here."""
    if wanted.processes < 1:
        raise TrainingError(f'--processes is {wanted.processes}; at least 1')
    if wanted.processes == 1:
        return _train(config, wanted, Company())
    with tempfile.TemporaryDirectory() as folder:
        wrong = Path(folder) / WRONG
        try:
            multiprocessing.spawn(_join, (config, wanted, folder), nprocs=wanted.processes)
        except (multiprocessing.ProcessRaisedException, multiprocessing.ProcessExitedException) as error:
            if wrong.is_file():
                raise TrainingError(wrong.read_text(encoding='utf-8')) from error
            raise
        return (Path(folder) / FINISHED).is_file()


def _join(rank: int, config: Config, wanted: Wanted, folder: str) -> None:
    meeting, size = f'file://{folder}/meeting', wanted.processes
    distributed.init_process_group('gloo', init_method=meeting, rank=rank, world_size=size, timeout=PATIENCE)
    try:
        finished = _train(config, wanted, Company(rank, size))
    except DataError as error:
        # An exception leaves a process as the text of its traceback.
        (Path(folder) / WRONG).write_text(str(error), encoding='utf-8')
        raise
    if finished and rank == 0:
        (Path(folder) / FINISHED).touch()
    distributed.destroy_process_group()


def _train(config: Config, wanted: Wanted, company: Company) -> bool:
    device = choose_device(wanted.threads, wanted.precision)
    run = Run(config, device, Wishes(Path(config.out), wanted.until).listen(), company)
    if wanted.extend and not run.resume(BEFORE_DECAY):
        raise TrainingError(f'--extend: {config.out} has no {BEFORE_DECAY}; the decay of that run has not begun')
    if not wanted.extend:
        run.resume()
    return run.train()
