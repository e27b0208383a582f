"""Fits the scaling on held-out lists of a run's pools, judges it on others, and writes what the library reads."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from train.cache import load_all
from train.device import choose_device
from train.errors import TrainingError
from train.heldout import held_out_lists
from train.score import score_lists
from train.start import load_model, make_scorer
from train.settings import Config

from .fit import Scaling, expected_calibration_error, fit, log_loss

FILE = 'calibration.json'


def held_out_pairs(folder: Path, config: Config, lists: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Logits and labels, list by list; unjudged candidates as the run's loss takes them."""
    config = dataclasses.replace(config, log=dataclasses.replace(config.log, evaluate_lists=lists))
    training, apart = load_all(config, folder / 'tokenizer.json')
    drawn = held_out_lists(training, apart, config)
    if len(drawn) < 20:
        raise TrainingError(
            f'{len(drawn)} held-out lists have a relevant candidate and another; at least 20 are needed to calibrate on: '
            'label more, or name data.held_out_pools'
        )
    device = choose_device()
    scorer = make_scorer(load_model(folder).to(device.name), config.data, device)
    scorer.prepare(apart or training, print)
    found = []
    with torch.no_grad():
        for one in drawn:
            logits = score_lists(scorer, [one], 8192).logits[0].cpu().numpy().astype(np.float64)
            labels = one.labels if config.loss.unjudged == 'ignore' else np.maximum(one.labels, 0)
            found.append((logits[labels >= 0], labels[labels >= 0].astype(np.float64)))
    return found


def assess(pairs: list[tuple[np.ndarray, np.ndarray]], shift: bool) -> dict[str, float]:
    """Fits on half of the lists and judges on the other half, both ways round; the scaling itself is of all of them."""
    halves = [[np.concatenate(column) for column in zip(*pairs[start::2])] for start in (0, 1)]
    before, after = [], []
    for own, other in (halves, halves[::-1]):
        before.append(_judge(Scaling(), *other))
        after.append(_judge(fit(*own, shift=shift), *other))
    scaling = fit(*(np.concatenate(column) for column in zip(*pairs)), shift=shift)
    rows = {'before': np.mean(before, axis=0), 'after': np.mean(after, axis=0)}
    figures = {
        f'{name}_{when}': round(float(value), 5)
        for when, row in rows.items()
        for name, value in zip(('expected_calibration_error', 'log_loss'), row)
    }
    return {
        'temperature': scaling.temperature,
        'shift': scaling.shift,
        **figures,
        'share': round(float(np.mean(np.concatenate([labels for _, labels in pairs]))), 5),
        'lists': len(pairs),
        'pairs': sum(len(logits) for logits, _ in pairs),
    }


def _judge(scaling: Scaling, logits: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    probabilities = scaling.probability(logits)
    return expected_calibration_error(probabilities, labels), log_loss(probabilities, labels)


def calibrate(folder: Path, config: Config, lists: int = 400, shift: bool = True) -> dict[str, float]:
    """Writes calibration.json and the shifted bias; returns what was written."""
    found = assess(held_out_pairs(folder, config, lists), shift)
    weights = load_file(folder / 'model.safetensors')
    # In float32, so that a bias of many digits is not rounded.
    weights['classifier.bias'] = weights['classifier.bias'].float() + found['shift']
    save_file(weights, folder / 'model.safetensors', metadata={'format': 'pt'})
    (folder / FILE).write_text(json.dumps(found, indent=2) + '\n', encoding='utf-8')
    return found
