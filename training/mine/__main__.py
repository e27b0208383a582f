"""python -m mine CONFIG.toml"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mine.config import read_config
from mine.encoder import BiEncoder
from mine.run import mine
from prepare.errors import DataError
from prepare.log import Log


def main() -> int:
    parser = argparse.ArgumentParser(prog='python -m mine', description='Training pools from clean sets.')
    parser.add_argument('config', type=Path, help='a TOML file; configs/mine-cpu.toml is made for two cores')
    help_of_from = 'the round to begin with, to share the work among machines'
    parser.add_argument('--from', type=int, default=0, dest='first', help=help_of_from)
    options = parser.parse_args()
    try:
        config = read_config(options.config)
        mine(config, BiEncoder(config), Log(config.out / 'mine.log'), first=options.first)
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
