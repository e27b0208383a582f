"""Random models to export, and the real one when it is there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from small_run import config  # noqa: F401  a fixture that several files use
from split.shape import is_split

ROOT = Path(__file__).resolve().parents[2]
# Two threads on matrices this small, or beside other work, are slower than one.
torch.set_num_threads(1)


@dataclass(frozen=True)
class Source:
    """A model in PyTorch and the folder it was saved to."""

    model: BertForSequenceClassification
    folder: Path

    def logit(self, ids: np.ndarray, types: np.ndarray) -> float:
        tensors = {'input_ids': torch.from_numpy(ids)[None], 'token_type_ids': torch.from_numpy(types)[None]}
        with torch.no_grad():
            return self.model(**tensors).logits.item()


def save_random(folder: Path, seed: int = 3, **shape) -> Source:
    """A BertForSequenceClassification whose every parameter is random and wide enough to move the logit."""
    defaults = {
        'vocab_size': 50,
        'hidden_size': 32,
        'num_hidden_layers': 2,
        'num_attention_heads': 2,
        'intermediate_size': 64,
        'max_position_embeddings': 40,
        'num_labels': 1,
    }
    model = BertForSequenceClassification(BertConfig(**(defaults | shape))).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.3 + name.endswith('LayerNorm.weight'))
    model.save_pretrained(folder)
    for name in ('tokenizer.json', 'tokenizer_config.json'):
        (folder / name).write_bytes((ROOT / 'test' / 'fixtures' / 'tiny-bert' / name).read_bytes())
    return Source(model, folder)


@pytest.fixture
def source(tmp_path):
    """Makes a random model of a given shape in a fresh folder."""
    return lambda **shape: save_random(tmp_path / 'source', **shape)


@pytest.fixture(scope='session')
def trained():
    """The trained BERT in SECONDPASS_WEIGHTS, or in the optional folder `shared` beside the checkout."""
    found = os.environ.get('SECONDPASS_WEIGHTS')
    models = sorted((ROOT.parent / 'shared' / 'models').glob('*/model.safetensors'))
    beside = [path.parent for path in models if not is_split(path.parent)]
    folder = Path(found) if found else beside[0] if beside else None
    if folder is None:
        pytest.skip('no trained weights: set SECONDPASS_WEIGHTS to a folder with model.safetensors')
    return Source(BertForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval(), folder)
