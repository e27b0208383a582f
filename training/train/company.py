"""Several processes that run one training: each takes its share of a step's lists, and the gradients are averaged.

On a CPU two processes of one thread each get more done than one process of two threads, whose every product waits for
the slower half. The mean over lists is taken in each process and then over processes.
"""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import torch
import torch.distributed as distributed
import torch.multiprocessing as multiprocessing

from prepare.errors import DataError

from .errors import TrainingError
from .sampler import ListDraw
from .settings import Config

Result = TypeVar('Result')
#: While the first one measures or reads texts, the others wait.
PATIENCE = datetime.timedelta(hours=6)
WISHES = (None, 'stop', 'decay')
#: Where a process leaves what was wrong with its input.
WRONG = 'wrong'


class Company:
    """One of `size` processes; by default the only one."""

    def __init__(self, rank: int = 0, size: int = 1):
        self.rank, self.size = rank, size

    @property
    def leads(self) -> bool:
        """Whether this one writes, measures and listens."""
        return self.rank == 0

    def share(self, lists: list[ListDraw]) -> list[ListDraw]:
        return lists[self.rank :: self.size]

    def describe(self) -> str:
        """For a log; nothing to say of a process that is alone."""
        return f', {self.size} processes' if self.size > 1 else ''

    def check(self, config: Config) -> None:
        """Throws TrainingError when the run cannot be shared by so many."""
        if config.data.refresh and self.size > 1:
            raise TrainingError(f'data.refresh is {config.data.refresh}; new files can join a run of one process only')
        if config.optimiser.lists < self.size:
            raise TrainingError(
                f'--processes is {self.size}; optimiser.lists is {config.optimiser.lists}, not one for each'
            )

    def leader_first(self, prepare: Callable[[], Result]) -> Result:
        """What `prepare` returns, called in the first process before the others: what it writes is there for them."""
        if not self.leads:
            self._meet()
        result = prepare()
        if self.leads:
            self._meet()
        return result

    def first_says(self, wish: str | None) -> str | None:
        """What was wished for in the process that listens."""
        if self.size == 1:
            return wish
        number = torch.tensor([WISHES.index(wish)])
        distributed.broadcast(number, 0)
        return WISHES[int(number)]

    def average_gradients(self, model: torch.nn.Module) -> None:
        if self.size == 1:
            return
        gradients = [one.grad for one in model.parameters() if one.grad is not None]
        flat = torch.cat([one.flatten() for one in gradients])
        distributed.all_reduce(flat)
        for gradient, part in zip(gradients, flat.split([one.numel() for one in gradients])):
            gradient.copy_((part / self.size).view_as(gradient))

    def mean(self, row: dict[str, float]) -> dict[str, float]:
        """Every number averaged over the processes."""
        if self.size == 1:
            return row
        values = torch.tensor(list(row.values()), dtype=torch.float64)
        distributed.all_reduce(values)
        return dict(zip(row, (values / self.size).tolist()))

    def _meet(self) -> None:
        if self.size > 1:
            distributed.barrier()


def in_company(size: int, work: Callable[[Company], bool]) -> bool:
    """Runs `work` in that many processes and returns whether it was finished. `work` must be a function of a module.

    What it says is wrong with its input is thrown here, as if it had run here.
    """
    if size < 1:
        raise TrainingError(f'--processes is {size}; at least 1')
    if size == 1:
        return work(Company())
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / WRONG
        try:
            multiprocessing.spawn(_member, (size, folder, work), nprocs=size)
        except (multiprocessing.ProcessRaisedException, multiprocessing.ProcessExitedException) as error:
            if said.is_file():
                raise TrainingError(said.read_text(encoding='utf-8')) from error
            raise
        return (Path(folder) / 'finished').is_file()


def _member(rank: int, size: int, folder: str, work: Callable[[Company], bool]) -> None:
    distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/meeting', rank=rank, world_size=size, timeout=PATIENCE
    )
    try:
        finished = work(Company(rank, size))
    except DataError as error:
        # An exception leaves a process as the text of its traceback; this is what the one who called can say instead.
        (Path(folder) / WRONG).write_text(str(error), encoding='utf-8')
        raise
    if finished and rank == 0:
        (Path(folder) / 'finished').touch()
    distributed.destroy_process_group()
