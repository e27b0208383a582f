"""The tensors that a model of a given shape must have, by name, with their sizes."""

from __future__ import annotations

from split.shape import SplitShape

from .shape import BertShape

Sizes = dict[str, tuple[int, ...]]


def classifier_sizes(shape: BertShape) -> Sizes:
    """Of a BertForSequenceClassification with one logit."""
    hidden = shape.hidden_size
    sizes = _encoder(shape, shape.token_types) | _dense('bert.pooler.dense', hidden, hidden)
    return sizes | _dense('classifier', hidden, 1)


def split_sizes(shape: SplitShape) -> Sizes:
    """Of a SplitReranker."""
    hidden, features = shape.hidden_size, shape.features
    sizes = _encoder(shape, 2) | _dense('classifier', hidden, 1) | {'segment': (2, hidden)}
    for layer in range(shape.joint_layers):
        sizes |= _layer(f'joint.{layer}.', shape)
    sizes |= {'matches.rarity': (shape.vocab_size,), 'matches.rarity_weight': ()}
    sizes |= {'matches.centre': (features,), 'matches.spread': (features,)}
    return sizes | _dense('matches.token_weight', hidden, 1) | _dense('matches.linear', features, 1)


def _encoder(shape: BertShape | SplitShape, token_types: int) -> Sizes:
    hidden = shape.hidden_size
    sizes = {
        'bert.embeddings.word_embeddings.weight': (shape.vocab_size, hidden),
        'bert.embeddings.position_embeddings.weight': (shape.max_positions, hidden),
        'bert.embeddings.token_type_embeddings.weight': (token_types, hidden),
    } | _norm('bert.embeddings.LayerNorm', hidden)
    for layer in range(shape.layers):
        sizes |= _layer(f'bert.encoder.layer.{layer}.', shape)
    return sizes


def _layer(prefix: str, shape: BertShape | SplitShape) -> Sizes:
    hidden, wide, sizes = shape.hidden_size, shape.intermediate_size, {}
    for part in ('self.query', 'self.key', 'self.value', 'output.dense'):
        sizes |= _dense(f'{prefix}attention.{part}', hidden, hidden)
    sizes |= _dense(prefix + 'intermediate.dense', hidden, wide) | _dense(prefix + 'output.dense', wide, hidden)
    return sizes | _norm(prefix + 'attention.output.LayerNorm', hidden) | _norm(prefix + 'output.LayerNorm', hidden)


def _dense(name: str, inputs: int, outputs: int) -> Sizes:
    return {name + '.weight': (outputs, inputs), name + '.bias': (outputs,)}


def _norm(name: str, size: int) -> Sizes:
    return {name + '.weight': (size,), name + '.bias': (size,)}
