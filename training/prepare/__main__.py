"""python -m prepare CONFIG.toml"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from prepare.config import read_config
from prepare.errors import ends_in_one_line
from prepare.log import Log
from prepare.run import prepare


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m prepare', description='Clean training sets from public sets.')
    parser.add_argument('config', type=Path, help='a TOML file; configs/data.toml is the one of the shipped models')
    config = read_config(parser.parse_args(arguments).config)
    prepare(config, Log(config.out / 'prepare.log'))
    return 0


if __name__ == '__main__':
    sys.exit(main())
