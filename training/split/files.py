"""A split reranker in a folder: config.json, model.safetensors and the tokenizer of its bi-encoder."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel

from prepare.errors import DataError
from train.tokenizer import copy_tokenizer

from .model import SplitReranker, bert_config
from .shape import MODEL_TYPE, SplitShape, read_split_shape


def save_split(model: SplitReranker, tokenizer_of: Path, folder: Path) -> None:
    """Writes what `load_split` and `python -m export` read."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: weight.detach().cpu().contiguous() for name, weight in model.state_dict().items()}
    save_file(weights, folder / 'model.safetensors', metadata={'format': 'pt'})
    shape = {name: value for name, value in asdict(model.shape).items() if name.startswith(('joint', 'match'))}
    config = bert_config(model.shape).to_dict() | {'model_type': MODEL_TYPE, 'num_labels': 1, **shape}
    (folder / 'config.json').write_text(json.dumps(dict(sorted(config.items())), indent=2) + '\n', encoding='utf-8')
    copy_tokenizer(tokenizer_of, folder)


def load_split(folder: Path) -> SplitReranker:
    """The model in float32, every weight as the file has it."""
    model = SplitReranker(read_split_shape(folder))
    weights = {name: weight.float() for name, weight in load_file(folder / 'model.safetensors').items()}
    model.load_state_dict(weights, strict=True)
    return model


def freeze(model: SplitReranker, embeddings: bool, layers: int, matches: bool = False) -> SplitReranker:
    """Marks what keeps its weights: the embeddings, that many of the layers that read apart, the matches."""
    frozen = [*([model.bert.embeddings] if embeddings else []), *model.bert.encoder.layer[:layers]]
    for part in [*frozen, *([model.matches] if matches else [])]:
        part.requires_grad_(False)
    return model


def new_split(
    encoder: Path, joint_from: int, joint_layers: int | None = None, match_stretches: bool = False
) -> SplitReranker:
    """The bi-encoder as it is, copies of its layers above `joint_from` to read together, and a head that says nothing yet.

    With more `joint_layers` than there are to copy, those on top begin at random: a table of words alone has none.
    """
    config = AutoConfig.from_pretrained(encoder)
    layers = config.num_hidden_layers
    if not 0 <= joint_from <= layers:
        raise DataError(f'--joint-from is {joint_from}; {encoder} has layers 0 to {layers}')
    if joint_layers is not None and joint_layers < 0:
        raise DataError(f'--joint-layers is {joint_layers}; 0 is none')
    shape = SplitShape(
        config.hidden_size,
        layers,
        config.num_attention_heads,
        config.intermediate_size,
        config.vocab_size,
        config.max_position_embeddings,
        config.layer_norm_eps,
        joint_from,
        layers - joint_from if joint_layers is None else joint_layers,
        match_stretches,
    )
    model = SplitReranker(shape)
    own = AutoModel.from_pretrained(encoder, dtype=torch.float32, add_pooling_layer=False)
    model.bert.load_state_dict(own.state_dict(), strict=True)
    for copy, layer in zip(model.joint, own.encoder.layer[joint_from:], strict=False):
        copy.load_state_dict(layer.state_dict())
    torch.nn.init.zeros_(model.classifier.weight)
    torch.nn.init.zeros_(model.classifier.bias)
    model.matches.begin()
    return model


def give_share(folder: Path, share: float) -> None:
    """Multiplies what the joint layers add to the logit, and notes the share in config.json. For a run with
    `model.joint_alone`, before it is calibrated."""
    path = folder / 'model.safetensors'
    weights = load_file(path)
    for name in ('classifier.weight', 'classifier.bias'):
        weights[name] = (weights[name].float() * share).to(weights[name].dtype)
    save_file(weights, path, metadata={'format': 'pt'})
    notes = folder / 'config.json'
    config = json.loads(notes.read_text(encoding='utf-8')) | {'joint_share': share}
    notes.write_text(json.dumps(dict(sorted(config.items())), indent=2) + '\n', encoding='utf-8')
