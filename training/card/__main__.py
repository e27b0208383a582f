"""python -m card NAME --run RUN_DIR --model EXPORTED_DIR [--manifest FILE] [--figures figures.json] [--kept TABLE.md]
    [--teacher NAME] [--grown TEXT] [--remark TEXT]"""

from __future__ import annotations

import argparse
from pathlib import Path

from .write import Facts, write_card


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m card', description='Write CARD.md of an exported model.')
    parser.add_argument('name')
    parser.add_argument('--run', type=Path, required=True, help='folder of the run: config.json and metrics.jsonl')
    parser.add_argument('--model', type=Path, required=True, help='what `python -m export` wrote')
    parser.add_argument('--manifest', type=Path, help='what `python -m prepare` wrote')
    parser.add_argument('--figures', type=Path, default=Path('figures.json'), help='what `python -m evaluate` wrote')
    parser.add_argument('--kept', type=Path, help='what `python -m measure` printed of int8 against the exact graph')
    parser.add_argument('--teacher', default='')
    parser.add_argument('--grown', default='', help='how its bi-encoder was made, if `python -m distil.grow` made it')
    parser.add_argument('--remark', default='', help='a sentence below the figures: how to read them')
    facts = Facts(**vars(parser.parse_args(arguments)))
    print(f'wrote {write_card(facts)}')
    return 0


if __name__ == '__main__':
    main()
