"""The shape of a model, read from config.json, and what this exporter refuses."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from prepare.errors import DataError


class ExportError(DataError):
    """The model folder cannot be exported; the message says what is wrong and what would be right."""


@dataclass(frozen=True)
class BertShape:
    """Everything of a BertForSequenceClassification that the graph depends on, apart from its weights."""

    hidden_size: int
    layers: int
    heads: int
    intermediate_size: int
    vocab_size: int
    max_positions: int
    token_types: int
    layer_norm_epsilon: float

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.heads


# Not refused are only settings that leave the numbers as they are.
_REQUIRED = {
    'model_type': ('bert', None),
    'hidden_act': ('gelu', 'gelu'),
    'position_embedding_type': ('absolute', 'absolute'),
    'is_decoder': (False, False),
    'add_cross_attention': (False, False),
}


def read_shape(model_dir: Path) -> BertShape:
    """Reads config.json and raises ExportError for any model whose graph would differ from the one built here."""
    path = model_dir / 'config.json'
    if not path.is_file():
        raise ExportError(f'model_dir: {path} is missing; pass a folder saved by save_pretrained()')
    config = json.loads(path.read_text(encoding='utf-8'))
    for key, (wanted, default) in _REQUIRED.items():
        value = config.get(key, default)
        if value != wanted:
            raise ExportError(f'{path}: {key} is {value!r}; only {wanted!r} can be exported')
    labels = config.get('num_labels') or len(config.get('id2label') or {0: '', 1: ''})
    if labels != 1:
        raise ExportError(f'{path}: the model has {labels} labels; only one logit can be exported (num_labels = 1)')
    return _shape(config, path)


def _shape(config: dict, path: Path) -> BertShape:
    try:
        shape = BertShape(
            hidden_size=config['hidden_size'],
            layers=config['num_hidden_layers'],
            heads=config['num_attention_heads'],
            intermediate_size=config['intermediate_size'],
            vocab_size=config['vocab_size'],
            max_positions=config['max_position_embeddings'],
            token_types=config.get('type_vocab_size', 2),
            layer_norm_epsilon=config.get('layer_norm_eps', 1e-12),
        )
    except KeyError as error:
        raise ExportError(f'{path}: {error.args[0]} is missing; a BertConfig always has it') from error
    if shape.layers < 1 or shape.hidden_size % shape.heads:
        raise ExportError(f'{path}: {shape.layers} layers of {shape.hidden_size} in {shape.heads} heads is no BERT')
    return shape
