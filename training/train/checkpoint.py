"""The whole state of a run in one file, replaced at once, so that an interrupted run goes on as if nothing had been."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from transformers import BertForSequenceClassification


def trainable(model: BertForSequenceClassification) -> dict[str, torch.Tensor]:
    """Weights that a run changes; the frozen ones are those of the start."""
    return {name: weight.detach() for name, weight in model.named_parameters() if weight.requires_grad}


def save_state(
    path: Path, model: BertForSequenceClassification, optimiser: torch.optim.Optimizer, notes: dict[str, Any]
) -> None:
    state = {
        'weights': trainable(model),
        'optimiser': optimiser.state_dict(),
        'notes': notes,
        'random': torch.get_rng_state(),
        'random_cuda': torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    }
    partial = path.with_suffix('.partial')
    torch.save(state, partial)
    partial.replace(path)


def read_state(path: Path) -> dict[str, Any]:
    """What `save_state` wrote, its notes under 'notes', for `put_state`."""
    return torch.load(path, map_location='cpu', weights_only=True)


def put_state(state: dict[str, Any], model: BertForSequenceClassification, optimiser: torch.optim.Optimizer) -> None:
    """Puts everything back; the state must be of such a model."""
    put_weights(model, state['weights'])
    optimiser.load_state_dict(state['optimiser'])
    torch.set_rng_state(state['random'])
    if torch.cuda.is_available() and state['random_cuda']:
        torch.cuda.set_rng_state_all(state['random_cuda'])


def put_weights(model: BertForSequenceClassification, weights: dict[str, torch.Tensor]) -> None:
    places = dict(model.named_parameters())
    with torch.no_grad():
        for name, weight in weights.items():
            places[name].copy_(weight)


def save_weights(path: Path, model: BertForSequenceClassification) -> None:
    """The changed weights alone, for averaging."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: weight.contiguous().cpu() for name, weight in trainable(model).items()}, path)


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    return load_file(path)
