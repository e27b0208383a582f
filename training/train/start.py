"""The weights a run starts from, and the folder it leaves."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import AutoConfig, BertConfig, BertForSequenceClassification
from transformers.utils import logging

from mine.encoder import find_encoder
from split.files import freeze, load_split, save_split
from split.model import SplitReranker
from split.score import SplitScorer
from split.shape import is_split

from .device import Device
from .errors import TrainingError
from .score import BertScorer, PairScorer
from .settings import Data, Model
from .tokenizer import TOKENIZER, copy_tokenizer

Reranker = BertForSequenceClassification | SplitReranker

# What is missing from the start is known, and a log is no place for progress bars.
logging.set_verbosity_error()
logging.disable_progress_bar()


def start_folder(name: str, argument: str = 'model.start') -> Path:
    """The folder of that name, or of that package, checked to hold a BERT and its tokenizer. Errors name `argument`."""
    folder = find_encoder(name, argument)
    for file in ('config.json', 'model.safetensors', *TOKENIZER):
        if not (folder / file).is_file():
            raise TrainingError(
                f'{argument} is {name!r}; {folder / file} is missing: name a folder written by save_pretrained()'
            )
    return folder


def make_model(settings: Model, seed: int) -> Reranker:
    """A cross-encoder or a split reranker with one logit, in float32, dropout 0, frozen parts marked."""
    torch.manual_seed(seed)
    folder = start_folder(settings.start)
    if is_split(folder):
        model = load_split(folder)
        if (settings.joint_alone or settings.joint_beside) and not model.shape.joint_layers:
            name = 'joint_alone' if settings.joint_alone else 'joint_beside'
            raise TrainingError(f'model.{name} is true; {folder} has no layers that read both texts')
        model.joint_alone, model.joint_beside = settings.joint_alone, settings.joint_beside
        return freeze(
            model, settings.frozen_embeddings, settings.frozen_layers, settings.frozen_matches or settings.joint_alone
        )
    model = _from_folder(folder, settings.init)
    _freeze(model, settings)
    return model


def load_model(folder: Path) -> Reranker:
    """A trained model as it was saved, to score with."""
    if is_split(folder):
        return load_split(folder).eval()
    return BertForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()


def make_scorer(model: Reranker, data: Data, device: Device) -> PairScorer:
    """How the model's pairs are made and scored."""
    if isinstance(model, SplitReranker):
        return SplitScorer(model, device, data.max_text_tokens, data.states)
    return BertScorer(model, device, data.max_tokens)


def _from_folder(folder: Path, init: str) -> BertForSequenceClassification:
    config = _plain_config(AutoConfig.from_pretrained(folder))
    model = BertForSequenceClassification.from_pretrained(folder, config=config, dtype=torch.float32)
    if init == 'encoder':
        for layer in (model.bert.pooler.dense, model.classifier):
            torch.nn.init.normal_(layer.weight, std=config.initializer_range)
            torch.nn.init.zeros_(layer.bias)
    return model


def _plain_config(config: BertConfig) -> BertConfig:
    """One logit and no dropout: a score is a function of the pair, in training too."""
    if config.model_type != 'bert':
        raise TrainingError(f'model.start: model_type is {config.model_type!r}; only bert can be trained and exported')
    config.num_labels = 1
    config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
    return config


def _freeze(model: BertForSequenceClassification, settings: Model) -> None:
    frozen = [model.bert.embeddings] if settings.frozen_embeddings else []
    frozen += model.bert.encoder.layer[: settings.frozen_layers]
    for part in frozen:
        part.requires_grad_(False)


def save_model(model: Reranker, settings: Model, folder: Path) -> None:
    """What `python -m export` takes: weights, config, and the tokenizer of the start."""
    if isinstance(model, SplitReranker):
        save_split(model, start_folder(settings.start), folder)
        return
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    copy_tokenizer(start_folder(settings.start), folder)


def halve(folder: Path, start: Path | None = None) -> None:
    """Rounds the weights of a folder to float16, which the export stores in half the bytes with every bit kept.

    What a split reranker took over from its bi-encoder stays as it was, to the bit: all that reads apart, or, with `start`,
    what is still as it was there.
    """
    path, apart = folder / 'model.safetensors', is_split(folder)
    before = load_file(start / 'model.safetensors') if start and apart else {}

    def kept(name: str, weight: Tensor) -> bool:
        return apart and name.startswith('bert.') and (name not in before or torch.equal(before[name], weight))

    weights = {name: weight if kept(name, weight) else weight.half() for name, weight in load_file(path).items()}
    save_file(weights, path, metadata={'format': 'pt'})
