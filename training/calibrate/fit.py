"""Platt scaling in two steps that keep every order: a shift of the logit, and a temperature that divides it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 15


@dataclass(frozen=True)
class Scaling:
    """The probability is sigmoid((logit + shift) / temperature)."""

    temperature: float = 1.0
    shift: float = 0.0

    def probability(self, logits: np.ndarray) -> np.ndarray:
        return sigmoid((logits + self.shift) / self.temperature)


def sigmoid(values: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * values))


def fit(logits: np.ndarray, labels: np.ndarray, shift: bool = True, rounds: int = 100) -> Scaling:
    """Least log loss over (logit, label 0 to 1), by Newton steps on slope and offset; the slope stays above 0."""
    slope, offset = 1.0, 0.0
    for _ in range(rounds):
        p = sigmoid(slope * logits + offset)
        error, weight = p - labels, np.maximum(p * (1 - p), 1e-9)
        gradient = np.array([(error * logits).mean(), error.mean() if shift else 0.0])
        cross = (weight * logits).mean() if shift else 0.0
        curve = np.array([[(weight * logits**2).mean() + 1e-9, cross], [cross, weight.mean() + 1e-9]])
        step = np.clip(np.linalg.solve(curve, gradient), -1, 1)
        slope, offset = max(slope - step[0], 0.01), offset - step[1]
        if np.abs(step).max() < 1e-10:
            break
    return Scaling(temperature=float(1 / slope), shift=float(offset / slope))


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> float:
    """Mean distance between probability and frequency over equally wide bins, weighted by how many pairs a bin has."""
    place = np.minimum((probabilities * bins).astype(int), bins - 1)
    counts = np.bincount(place, minlength=bins)
    gap = np.abs(np.bincount(place, probabilities, bins) - np.bincount(place, labels, bins))
    return float(gap[counts > 0].sum() / len(labels))


def log_loss(probabilities: np.ndarray, labels: np.ndarray) -> float:
    kept = np.clip(probabilities, 1e-7, 1 - 1e-7)
    return float(-(labels * np.log(kept) + (1 - labels) * np.log(1 - kept)).mean())
