"""A small bi-encoder whose words begin as what the large one makes of each word alone.

Its table holds the principal components of those vectors. The layers begin close to passing their input on, so that
what the table has learned counts from the first step with layers.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional
from transformers import BertModel

from split.model import bert_config
from split.reading import Readings, read
from split.shape import SplitShape
from train.errors import TrainingError
from train.tokenizer import copy_tokenizer

WORDS_AT_ONCE = 512
#: The standard deviation of the table's entries, and a factor on what each layer adds to its input at first.
SPREAD, NOISE = 0.25, 0.2


@dataclass(frozen=True)
class Size:
    """Of the small model."""

    layers: int = 0
    """0: the mean of the table's rows, which learns most in little time (NOTES.md)."""
    width: int = 128
    heads: int = 4
    inner: int = 512


class Tower(nn.Module):
    """`bert` is kept. `project`, from its width to the teacher's, is for learning alone."""

    def __init__(self, shape: SplitShape, teacher_width: int):
        super().__init__()
        self.bert = BertModel(bert_config(shape), add_pooling_layer=False)
        self.project = nn.Linear(shape.hidden_size, teacher_width)
        # [PAD] is never read, and a table with a row left out of training is trained more slowly.
        self.bert.embeddings.word_embeddings.padding_idx = None

    def read(self, texts: Readings, layers: bool) -> Readings:
        """The same texts, by this model; without its layers if so wished."""
        if layers:
            return read(self.bert, texts.ids, texts.lengths, 0)
        found = self.bert.embeddings(input_ids=texts.ids)
        return replace(texts, early=found, late=found)


def shape_like(teacher: SplitShape, size: Size) -> SplitShape:
    """A smaller shape with the teacher's vocabulary and positions."""
    if not 0 < size.width <= teacher.hidden_size:
        raise TrainingError(f'--width is {size.width}; the teacher is {teacher.hidden_size} wide, which is the most')
    if size.heads < 1 or size.width % size.heads:
        raise TrainingError(f'--heads is {size.heads}; it must divide --width, {size.width}')
    if size.layers < 0:
        raise TrainingError(f'--layers is {size.layers}; 0 is a table of words alone')
    sizes = {
        'hidden_size': size.width,
        'layers': size.layers,
        'heads': size.heads,
        'intermediate_size': size.inner,
    }
    return replace(teacher, **sizes, joint_from=0, joint_layers=0)


@torch.no_grad()
def word_vectors(teacher: BertModel, cls: int, sep: int) -> Tensor:
    """What the teacher makes of each entry of its vocabulary between [CLS] and [SEP]: unit vectors."""
    found = []
    for start in range(0, teacher.config.vocab_size, WORDS_AT_ONCE):
        words = torch.arange(start, min(start + WORDS_AT_ONCE, teacher.config.vocab_size))
        ids = torch.stack([torch.full_like(words, cls), words, torch.full_like(words, sep)], 1).to(teacher.device)
        found.append(read(teacher, ids, torch.full((len(ids),), 3, device=ids.device), 0).mean.cpu())
    return functional.normalize(torch.cat(found), dim=-1)


def principal_axes(rows: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """The mean of the rows and, as columns, the `width` directions along which they vary most; signs are fixed."""
    center = rows.mean(0)
    spread = (rows - center).double()
    _, vectors = torch.linalg.eigh(spread.T @ spread)
    axes = vectors.flip(1)[:, :width]
    largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))
    return center, (axes * largest.sign()).float()


@torch.no_grad()
def new_tower(shape: SplitShape, vectors: Tensor) -> Tower:
    """`vectors`: a row a word."""
    tower = Tower(shape, vectors.shape[1])
    center, axes = principal_axes(vectors, shape.hidden_size)
    rows = functional.normalize((vectors - center) @ axes, dim=-1)
    tables = tower.bert.embeddings
    tables.word_embeddings.weight.copy_(rows / rows.std() * SPREAD)
    for table in (tables.position_embeddings, tables.token_type_embeddings):
        nn.init.zeros_(table.weight)
    for layer in tower.bert.encoder.layer:
        for linear in (layer.attention.output.dense, layer.output.dense):
            linear.weight.mul_(NOISE)
    tower.project.weight.copy_(axes * 0.3)
    nn.init.zeros_(tower.project.bias)
    return tower


def save_tower(tower: Tower, tokenizer_of: Path, folder: Path) -> None:
    """A BERT without a pooler, which `python -m split --encoder` takes, and the tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: weight.detach().cpu().contiguous() for name, weight in tower.bert.state_dict().items()}
    save_file(weights, folder / 'model.safetensors', metadata={'format': 'pt'})
    config = tower.bert.config.to_dict() | {
        'architectures': ['BertModel'],
        'model_type': 'bert',
    }
    (folder / 'config.json').write_text(json.dumps(dict(sorted(config.items())), indent=2) + '\n', encoding='utf-8')
    copy_tokenizer(tokenizer_of, folder)
