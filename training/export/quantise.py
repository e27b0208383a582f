"""float32 to int8: one scale per output channel of a matrix, one scale per row of a table."""

from __future__ import annotations

import numpy as np

# AVX2 multiplies unsigned by signed bytes and adds two products in 16 bits: 2 * 255 * 64 = 32640 fits, 2 * 255 * 127
# does not and is silently cut to 32767. Weights within ±64 therefore give the same integers on every CPU.
EXACT_LIMIT = 64
FULL_LIMIT = 127


def quantise_columns(weight: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """[inputs, outputs] to int8 within ±limit and one float32 scale per output."""
    scale = np.maximum(np.abs(weight).max(axis=0), 1e-12).astype(np.float32) / np.float32(limit)
    return np.clip(np.rint(weight / scale), -limit, limit).astype(np.int8), scale


def quantise_rows(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[rows, width] to int8 and one float32 scale per row, [rows, 1]. Rows are looked up, never multiplied as bytes."""
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12).astype(np.float32) / np.float32(FULL_LIMIT)
    return np.clip(np.rint(table / scale), -FULL_LIMIT, FULL_LIMIT).astype(np.int8), scale
