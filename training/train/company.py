"""Several processes that share one run: each takes its part of a step's lists, and torch averages the gradients.

On a CPU two processes of one thread each get more done than one process of two threads, whose every product waits for
the slower half. The mean over lists is taken in each process and then over processes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
import torch.distributed as distributed
from torch.nn.parallel import DistributedDataParallel

from .errors import TrainingError
from .sampler import ListDraw
from .settings import Config

Result = TypeVar('Result')


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

    def averaging(self, step: torch.nn.Module) -> torch.nn.Module:
        """The same step, whose backward pass leaves the mean of all processes' gradients."""
        # static_graph: some weights of a model without joint layers are never used.
        return step if self.size == 1 else DistributedDataParallel(step, forward_sync_buffers=False, static_graph=True)

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
        said = [wish]
        if self.size > 1:
            distributed.broadcast_object_list(said, 0)
        return said[0]

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
