"""Principal components of rows of numbers."""

from __future__ import annotations

import torch
from torch import Tensor


def principal_axes(rows: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """The mean of the rows and, as columns, the `width` directions along which they vary most; signs are fixed."""
    center = rows.mean(0)
    spread = (rows - center).double()
    _, vectors = torch.linalg.eigh(spread.T @ spread)
    axes = vectors.flip(1)[:, :width]
    largest = axes.gather(0, axes.abs().argmax(0, keepdim=True))
    return center, (axes * largest.sign()).float()
