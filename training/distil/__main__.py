"""python -m distil TEACHER_DIR CACHE_DIR TAUGHT_DIR [--lists N] [--max-tokens 256] [--threads N]

Scores the pairs in CACHE_DIR (the `data.cache` of a run) by the cross-encoder in TEACHER_DIR and writes the caches, with
that teacher beside the others, to TAUGHT_DIR. A student is then trained by `python -m train` with `data.cache` set to it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from prepare.errors import ends_in_one_line
from train.device import choose_device

from .teach import Teaching, teach


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m distil', description='Let a cross-encoder score token caches.')
    parser.add_argument('teacher', type=Path)
    parser.add_argument('caches', type=Path)
    parser.add_argument('taught', type=Path)
    parser.add_argument('--lists', type=int, help='so many lists of each cache at most; all of them by default')
    parser.add_argument('--max-tokens', type=int, default=256)
    parser.add_argument('--threads', type=int)
    options = parser.parse_args(arguments)
    settings = Teaching(choose_device(options.threads), lists=options.lists, max_tokens=options.max_tokens)
    scored = teach(options.teacher, options.caches, options.taught, settings)
    print(f'{scored} pairs scored')
    return 0


if __name__ == '__main__':
    sys.exit(main())
