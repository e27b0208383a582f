"""python -m distil.shorten ENCODER OUT --layers 1 2 3 4 5 6 7 9 11 12 [--centre POOLS]

Writes a bi-encoder with some of another's layers, from which a run goes on that trains the upper ones (`frozen_layers`).
With `--centre`, what the last layer says of every token alike is taken out of its bias: encoders trained with a low
temperature leave all tokens in a narrow cone, where soft counts of matching tokens see no difference.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import islice
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModel, AutoTokenizer, BertModel

from prepare.errors import DataError, ends_in_one_line
from prepare.pools import read_pools
from split.reading import read
from train.start import start_folder
from train.tokenizer import copy_tokenizer

#: Texts that the common part is taken from, and how long they may be.
TEXTS, TOKENS = 200, 96


def shorten(encoder: Path, out: Path, layers: list[int], texts: list[str]) -> None:
    """`layers` count from 1. Without `texts`, the last bias stays as it is."""
    model = AutoModel.from_pretrained(encoder, dtype=torch.float32, add_pooling_layer=False).eval()
    there = model.config.num_hidden_layers
    if not layers or sorted(set(layers)) != layers or not 1 <= layers[0] <= layers[-1] <= there:
        raise DataError(f'--layers is {layers}; name some of 1 to {there}, rising')
    model.encoder.layer = torch.nn.ModuleList(model.encoder.layer[number - 1] for number in layers)
    model.config.num_hidden_layers = len(layers)
    if texts:
        common = common_part(model, AutoTokenizer.from_pretrained(encoder), texts)
        with torch.no_grad():
            model.encoder.layer[-1].output.LayerNorm.bias -= common
    out.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: weight.contiguous() for name, weight in model.state_dict().items()},
        out / 'model.safetensors',
        metadata={'format': 'pt'},
    )
    notes = model.config.to_dict() | {'architectures': ['BertModel'], 'layers_kept': layers, 'centred': bool(texts)}
    (out / 'config.json').write_text(json.dumps(dict(sorted(notes.items())), indent=2) + '\n', encoding='utf-8')
    copy_tokenizer(encoder, out)


@torch.no_grad()
def common_part(model: BertModel, tokenizer, texts: list[str]) -> torch.Tensor:
    """The mean of the last layer over all tokens of the texts, [width]."""
    total, count = torch.zeros(model.config.hidden_size, dtype=torch.float64), 0
    for at in range(0, len(texts), 16):
        fed = tokenizer(texts[at : at + 16], truncation=True, max_length=TOKENS, padding=True, return_tensors='pt')
        reading = read(model, fed['input_ids'], fed['attention_mask'].sum(1), len(model.encoder.layer))
        rows = reading.late[reading.there.bool()]
        total, count = total + rows.double().sum(0), count + len(rows)
    return (total / count).float()


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m distil.shorten', description='Keep some layers of a bi-encoder.')
    parser.add_argument('encoder', help='folder or package')
    parser.add_argument('out', type=Path)
    parser.add_argument('--layers', type=int, nargs='+', required=True, help='counted from 1')
    parser.add_argument('--centre', type=Path, help='pools whose texts say what all tokens have in common')
    options = parser.parse_args(arguments)
    pools = islice(read_pools(options.centre), TEXTS) if options.centre else []
    texts = [pool.candidates[0].text for pool in pools]
    shorten(start_folder(options.encoder, 'encoder'), options.out, options.layers, texts)
    print(f'wrote {options.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
