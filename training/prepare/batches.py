"""Texts of like length together, so that little is padded."""

from __future__ import annotations

import numpy as np


def batches(lengths: np.ndarray, tokens: int) -> list[np.ndarray]:
    """Places by rising length, in batches of at most `tokens` with padding; a longer one stands alone."""
    order, found, start = np.argsort(lengths, kind='stable'), [], 0
    while start < len(order):
        end = start + 1
        while end < len(order) and lengths[order[end]] * (end + 1 - start) <= tokens:
            end += 1
        found.append(order[start:end])
        start = end
    return found
