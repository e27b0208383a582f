"""Random split rerankers to export, and their own logits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import ROOT
from runs import lean_logit, open_model

from split.files import save_split
from split.model import SplitReranker
from split.shape import SplitShape

TOKENIZER = ROOT / 'test' / 'fixtures' / 'tiny-bert'
Pair = tuple[np.ndarray, np.ndarray]
#: How far float32 may be from PyTorch.
EXACT = 1e-4

DEFAULTS = {
    'hidden_size': 32,
    'layers': 3,
    'heads': 2,
    'intermediate_size': 64,
    'vocab_size': 50,
    'max_positions': 40,
    'layer_norm_epsilon': 1e-12,
    'joint_from': 1,
    'joint_layers': 2,
}


@dataclass(frozen=True)
class SplitSource:
    """A model in PyTorch and the folder it was saved to."""

    model: SplitReranker
    folder: Path

    def logit(self, ids: np.ndarray, types: np.ndarray) -> float:
        """The passage begins with the first token of the pair, [CLS]."""
        with torch.no_grad():
            texts = [self.read(ids[types == 0]), self.read(np.concatenate([ids[:1], ids[types == 1]]))]
            return self.model(*texts).item()

    def read(self, ids: np.ndarray):
        return self.model.read(torch.from_numpy(ids.astype(np.int64))[None], torch.tensor([len(ids)]))

    def save(self) -> None:
        save_split(self.model, TOKENIZER, self.folder)


def save_random_split(folder: Path, seed: int = 3, **shape) -> SplitSource:
    """A SplitReranker whose every parameter is random and wide enough to move the logit."""
    model = SplitReranker(SplitShape(**(DEFAULTS | shape))).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in model.state_dict().items():
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.3 + name.endswith('LayerNorm.weight'))
        model.matches.rarity.abs_().mul_(10)
        model.matches.spread.abs_().add_(0.5)
        model.matches.centre.add_(1)
    source = SplitSource(model, folder)
    source.save()
    return source


@pytest.fixture
def split(tmp_path):
    """Makes a random split reranker of a given shape in a fresh folder."""
    return lambda **shape: save_random_split(tmp_path / 'split', **shape)


def pair_of(query: int, passage: int, vocab_size: int, generator: np.random.Generator) -> Pair:
    """Token ids and types of a pair: so many tokens of type 0, [CLS] and [SEP] among them, and of type 1.

    Half of the passage's tokens are the query's, as in real pairs: exact matches must be there to be counted.
    """
    ids = generator.integers(0, vocab_size, query + passage)
    ids[query:] = np.where(generator.random(passage) < 0.5, ids[query:], generator.choice(ids[:query], passage))
    return ids, (np.arange(query + passage) >= query).astype(np.int64)


def random_pairs(source: SplitSource, seed: int = 5) -> list[Pair]:
    """Lengths as they come, and every one at the edge: empty texts, single tokens, all positions used."""
    shape, generator = source.model.shape, np.random.default_rng(seed)
    most = shape.max_positions
    sizes = [(2, 1), (3, 1), (1, 0), (2, 0), (3, 2), (2, 2), (most - 1, 1), (most, 0), (2, most - 2), (1, most - 1)]
    sizes += [(int(query), int(generator.integers(1, most - query + 1))) for query in generator.integers(2, most, 10)]
    return [pair_of(*size, shape.vocab_size, generator) for size in sizes]


def logits(folder: Path, pairs: list[Pair], max_positions: int) -> np.ndarray:
    session = open_model(folder / 'model.onnx')
    return np.array([lean_logit(session, ids, types, max_positions) for ids, types in pairs])


def differences(source: SplitSource, folder: Path, pairs: list[Pair]) -> np.ndarray:
    wanted = [source.logit(ids, types) for ids, types in pairs]
    return logits(folder, pairs, source.model.shape.max_positions) - np.array(wanted)
