"""python -m gpu pack PLAN.toml OUT            here: OUT/send-1 (lists), OUT/send-2, ... (weights), each for one transfer
    python -m gpu run PLAN.toml OUT --from SEND-1 SEND-2 ... [BACK] [--minutes 10] [--work DIR] [--only student]    there
    python -m gpu give PLAN.toml teacher|student BACK FOLDER                                                 here again

A session on a GPU that is there for minutes: nothing is mined, nothing fetched. `run` writes what was trained to OUT in pieces
of at most 15 MB; named in --from of the next session, they are what it goes on from.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from pathlib import Path

from prepare.errors import ends_in_one_line
from train.device import choose_device

from .pack import lists_in, pack
from .plan import read_session
from .session import give, run_session


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='python -m gpu', description='Train on a GPU that is there for minutes.')
    commands = parser.add_subparsers(dest='command', required=True)
    packing = commands.add_parser('pack', help='what goes over')
    packing.add_argument('plan', type=Path)
    packing.add_argument('out', type=Path)
    running = commands.add_parser('run', help='the session itself')
    running.add_argument('plan', type=Path)
    running.add_argument('out', type=Path, help='what goes back')
    running.add_argument('--from', dest='sent', type=Path, nargs='+', required=True, help='folders that came over')
    running.add_argument('--minutes', type=float, help="instead of the plan's")
    running.add_argument('--work', type=Path, default=Path('build/gpu-session'))
    running.add_argument('--only', choices=('student',), default='', help='the teacher came back and stays as it is')
    giving = commands.add_parser('give', help='a whole model of what came back')
    giving.add_argument('plan', type=Path)
    giving.add_argument('name', choices=('teacher', 'student'))
    giving.add_argument('back', type=Path, nargs='+')
    giving.add_argument('folder', type=Path)
    return parser.parse_args(arguments)


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    session = read_session(options.plan)
    if options.command == 'pack':
        for folder in pack(session, options.out):
            size = sum(one.stat().st_size for one in folder.iterdir())
            print(f'{folder}: {size / 1e6:.1f} MB')
    elif options.command == 'run':
        session = dataclasses.replace(session, minutes=options.minutes or session.minutes)
        run_session(session, options.sent, options.out, options.work, choose_device(), options.only)
        print(f'{lists_in(options.work)} lists; what goes back is in {options.out}')
    else:
        give(session, options.name, options.back, options.folder)
        print(f'wrote {options.folder}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
