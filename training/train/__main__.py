"""python -m train CONFIG.toml [--out RUN] [--until HH:MM] [--threads N] [--processes N] [--extend]
    [--precision auto|float32|bfloat16]
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from prepare.errors import ends_in_one_line

from .config import read_config
from .launch import Wanted, launch
from .signals import time_of_day


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog='python -m train', description='Train a cross-encoder; an interrupted run goes on.'
    )
    parser.add_argument('config', type=Path)
    parser.add_argument('--out', help="the run's folder, instead of the config's")
    parser.add_argument('--until', help='time of day, HH:MM: begin the decay so that the run is over by then')
    parser.add_argument('--threads', type=int, help='CPU threads, of each process')
    parser.add_argument(
        '--processes', type=int, default=1, help='that many share each step; on a CPU, one a core with --threads 1'
    )
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
    wanted = Wanted(until, options.threads, options.precision, options.extend, options.processes)
    return 0 if launch(config, wanted) else 3


if __name__ == '__main__':
    sys.exit(main())
