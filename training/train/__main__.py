"""python -m train CONFIG.toml [--out RUN] [--until HH:MM] [--threads N] [--precision auto|float32|bfloat16] [--extend]"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from prepare.errors import ends_in_one_line

from .config import read_config
from .device import choose_device
from .errors import TrainingError
from .run import BEFORE_DECAY, Run
from .signals import Wishes, time_of_day


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog='python -m train', description='Train a cross-encoder; an interrupted run goes on.'
    )
    parser.add_argument('config', type=Path)
    parser.add_argument('--out', help="the run's folder, instead of the config's")
    parser.add_argument('--until', help='time of day, HH:MM: begin the decay so that the run is over by then')
    parser.add_argument('--threads', type=int, help='CPU threads')
    parser.add_argument('--precision', choices=('auto', 'float32', 'bfloat16'), default='auto')
    parser.add_argument(
        '--extend', action='store_true', help='go back to before the decay and train on to the steps of the config'
    )
    options = parser.parse_args(arguments)
    return train(options)


def train(options: argparse.Namespace) -> int:
    config = read_config(options.config)
    config = dataclasses.replace(config, out=options.out) if options.out else config
    until = time_of_day(options.until) if options.until else None
    device = choose_device(options.threads, options.precision)
    run = Run(config, device, Wishes(Path(config.out), until).listen())
    if options.extend and not run.resume(BEFORE_DECAY):
        raise TrainingError(f'--extend: {config.out} has no {BEFORE_DECAY}; the decay of that run has not begun')
    if not options.extend:
        run.resume()
    return 0 if run.train() else 3


if __name__ == '__main__':
    sys.exit(main())
