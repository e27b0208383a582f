"""python -m distil.grow OUT --config RUN.toml [--layers 0 --width 128 --heads 4 --inner 512] [--steps N] [--threads N]

Writes a small bi-encoder that was taught by the one in the split reranker that RUN.toml starts from, on the texts of its
pools; `python -m split --encoder OUT` makes a reranker of it. With `data.states`, the teacher's reading is taken from there.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

from prepare.errors import ends_in_one_line
from prepare.log import Log
from split.files import load_split
from split.score import SplitScorer
from split.shape import is_split
from train.cache import load_all
from train.config import read_config
from train.device import choose_device
from train.errors import TrainingError
from train.settings import Config
from train.start import start_folder

from .learn import learn
from .lessons import Lessons
from .tower import Size, new_tower, save_tower, shape_like, word_vectors


def grow(config: Config, size: Size, lessons: Lessons, threads: int | None, out: Path) -> None:
    """Writes the small bi-encoder and, beside it, a log."""
    folder, device = start_folder(config.model.start), choose_device(threads, 'float32')
    if not is_split(folder):
        raise TrainingError(f'model.start is {folder}: no split reranker; name the start of one (python -m split)')
    torch.manual_seed(config.seed)
    caches, _ = load_all(config, folder / 'tokenizer.json')
    large = load_split(folder).eval().requires_grad_(False).to(device.name)
    shape, log = shape_like(large.shape, size), Log(out / 'grow.log')
    teacher = SplitScorer(large, device, config.data.max_text_tokens, config.data.states)
    teacher.prepare(caches, log)
    tower = new_tower(shape, word_vectors(large.bert, *caches[0].marks)).to(device.name)
    learn(tower, teacher, caches, lessons, (config.seed, log))
    save_tower(tower, folder, out)


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog='python -m distil.grow',
        description='Teach a small bi-encoder by a large one.',
    )
    parser.add_argument('out', type=Path)
    parser.add_argument('--config', type=Path, required=True, help='the run of the large split reranker')
    for name, value in vars(Size()).items():
        parser.add_argument(f'--{name}', type=int, default=value)
    parser.add_argument('--word-steps', type=int, default=Lessons.word_steps)
    parser.add_argument('--steps', type=int, default=Lessons.steps)
    parser.add_argument('--threads', type=int)
    options = parser.parse_args(arguments)
    size = Size(**{name: getattr(options, name) for name in vars(Size())})
    lessons = Lessons(word_steps=options.word_steps, steps=options.steps)
    grow(read_config(options.config), size, lessons, options.threads, options.out)
    print(f'wrote {options.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
