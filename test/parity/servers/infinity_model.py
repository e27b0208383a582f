"""Writes the tiny model of test/fixtures with PyTorch weights beside its plain graph, as Infinity wants to load it.

    python test/parity/servers/infinity_model.py FOLDER

The weights are read from the graph, so that both sides have the same ones.
"""

import shutil
import sys
from pathlib import Path

import onnx
import torch
from stock_weights import stock_weights
from transformers import BertConfig, BertForSequenceClassification

STOCK = Path(__file__).resolve().parents[2] / 'fixtures' / 'tiny-bert-stock'


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ('config.json', 'tokenizer.json', 'tokenizer_config.json', 'model.onnx'):
        shutil.copy(STOCK / name, folder / name)
    model = BertForSequenceClassification(BertConfig.from_pretrained(STOCK))
    weights = {name: torch.from_numpy(one) for name, one in stock_weights(onnx.load(STOCK / 'model.onnx')).items()}
    missing, unknown = model.load_state_dict(weights, strict=False)
    # The numbering of positions is a constant, not a weight.
    assert not unknown and all(name.endswith(('position_ids', 'token_type_ids')) for name in missing), (missing, unknown)
    model.save_pretrained(folder)


if __name__ == '__main__':
    main(Path(sys.argv[1]))
