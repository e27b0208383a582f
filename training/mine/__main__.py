"""python -m mine CONFIG.toml [--from ROUND]"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mine.config import read_config
from mine.run import mine
from mine.vectors import make_embed
from prepare.errors import DataError, ends_in_one_line
from prepare.log import Log


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m mine', description='Training pools from clean sets.')
    parser.add_argument('config', type=Path, help='a TOML file; configs/mine-cpu.toml is made for two cores')
    help_of_from = 'the round to begin with, the first being 0, to share the work among machines'
    parser.add_argument('--from', type=int, default=0, dest='first', help=help_of_from)
    options = parser.parse_args(arguments)
    config = read_config(options.config)
    if not 0 <= options.first < config.rounds:
        raise DataError(f'--from is {options.first}; {options.config} has rounds 0 to {config.rounds - 1}')
    mine(config, make_embed(config), Log(config.out / 'mine.log'), first=options.first)
    return 0


if __name__ == '__main__':
    sys.exit(main())
