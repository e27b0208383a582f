"""python -m train.soup RUN_DIR OUT_DIR [--last 4] [--weights FILE...]

The mean of a run's weights over checkpoints ("model soup"): often a little better than the last one, never slower.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch

from prepare.errors import ends_in_one_line

from .checkpoint import load_weights, put_weights
from .config import config_from
from .errors import TrainingError
from .run import WEIGHTS
from .start import halve, make_model, save_model, start_folder


def mean_weights(files: list[Path]) -> dict[str, torch.Tensor]:
    """The plain mean, tensor by tensor; the files must be of one run."""
    if not files:
        raise TrainingError('soup: no weights to average; set log.weights in the config of the run')
    total = {name: weight.double() for name, weight in load_weights(files[0]).items()}
    for file in files[1:]:
        more = load_weights(file)
        if {name: weight.shape for name, weight in more.items()} != {
            name: weight.shape for name, weight in total.items()
        }:
            raise TrainingError(f'soup: {file} has other tensors than {files[0]}; average weights of one run')
        total = {name: weight + more[name].double() for name, weight in total.items()}
    return {name: (weight / len(files)).float() for name, weight in total.items()}


def soup(run: Path, out: Path, files: list[Path] | None = None, last: int = 4) -> list[Path]:
    """Averages the last weights of a run, or the named ones, into a model folder in float16; returns what was averaged."""
    if last < 1:
        raise TrainingError(f'--last is {last}; average at least 1')
    if not (run / 'config.json').is_file():
        raise TrainingError(f'soup: {run / "config.json"} is missing; name the folder of a run (`out` in its config)')
    chosen = files or sorted((run / WEIGHTS).glob('*.safetensors'))[-last:]
    config = config_from(json.loads((run / 'config.json').read_text(encoding='utf-8')), str(run / 'config.json'))
    # The start brings what was frozen; the averaged weights replace the rest. So a run need not be over.
    model = make_model(config.model, config.seed)
    put_weights(model, mean_weights(chosen))
    save_model(model, config.model, out)
    halve(out, start_folder(config.model.start))
    return chosen


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog='python -m train.soup', description="Average a run's weights over checkpoints."
    )
    parser.add_argument('run', type=Path)
    parser.add_argument('out', type=Path)
    parser.add_argument('--last', type=int, default=4, help='how many of the newest')
    parser.add_argument('--weights', type=Path, nargs='+', help='these files instead')
    options = parser.parse_args(arguments)
    chosen = soup(options.run, options.out, options.weights, options.last)
    print(f'wrote {options.out}, the mean of {", ".join(file.stem for file in chosen)}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
