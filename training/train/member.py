"""What each process of a run does. A module of its own: other processes find it by name, which they cannot in __main__."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .company import Company
from .device import choose_device
from .errors import TrainingError
from .run import BEFORE_DECAY, Run
from .settings import Config
from .signals import Wishes


@dataclass(frozen=True)
class Wanted:
    """What the command line says of a run; see `python -m train --help`. `until` is in seconds since 1970."""

    until: float | None = None
    threads: int | None = None
    precision: str = 'auto'
    extend: bool = False


def run_of(config: Config, wanted: Wanted, company: Company) -> bool:
    """Begins the run or goes on with it; False when it was stopped before its end."""
    device = choose_device(wanted.threads, wanted.precision)
    run = Run(config, device, Wishes(Path(config.out), wanted.until).listen(), company)
    if wanted.extend and not run.resume(BEFORE_DECAY):
        raise TrainingError(f'--extend: {config.out} has no {BEFORE_DECAY}; the decay of that run has not begun')
    if not wanted.extend:
        run.resume()
    return run.train()
