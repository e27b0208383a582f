"""python -m distil TEACHER_DIR CACHE_DIR TAUGHT_DIR [--lists N] [--max-tokens 256] [--threads N]
    [--max-text-tokens 160]

Scores the pairs in CACHE_DIR (the `data.cache` of a run) by the model in TEACHER_DIR, a cross-encoder or a split reranker,
and writes the caches, with that teacher beside the others, to TAUGHT_DIR. A student is then trained by `python -m train`
with `data.cache` set to it.
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
    parser.add_argument('--max-tokens', type=int, default=Teaching.max_tokens, help='of a pair')
    parser.add_argument('--max-text-tokens', type=int, default=Teaching.max_text_tokens, help='of a text (split rerankers)')
    parser.add_argument('--threads', type=int)
    options = parser.parse_args(arguments)
    limits = {'max_tokens': options.max_tokens, 'max_text_tokens': options.max_text_tokens}
    settings = Teaching(choose_device(options.threads), lists=options.lists, **limits)
    scored = teach(options.teacher, options.caches, options.taught, settings)
    print(f'{scored} pairs scored')
    return 0


if __name__ == '__main__':
    sys.exit(main())
