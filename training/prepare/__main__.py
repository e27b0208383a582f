"""python -m prepare CONFIG.toml"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from prepare.config import read_config
from prepare.errors import DataError
from prepare.log import Log
from prepare.run import prepare


def main() -> int:
    parser = argparse.ArgumentParser(prog='python -m prepare', description='Clean training sets from public sets.')
    parser.add_argument('config', type=Path, help='a TOML file; configs/data.toml is the one of the shipped models')
    options = parser.parse_args()
    try:
        config = read_config(options.config)
        prepare(config, Log(config.out / 'prepare.log'))
    except DataError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
