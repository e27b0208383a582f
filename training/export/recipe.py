"""What to keep exact and what to round: the choices of one export."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .quantise import EXACT_LIMIT


@dataclass(frozen=True)
class Recipe:
    """`widest` maps the name of a linear layer to the largest absolute input of each channel (see outliers.py)."""

    dtype: str = 'int8'
    limit: int = EXACT_LIMIT
    hidden_outliers: int = 8
    intermediate_outliers: int = 16
    context_outliers: int = 0
    fp32_layers: tuple[int, ...] = ()
    widest: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def int8(self) -> bool:
        return self.dtype == 'int8'

    def outliers(self, layer_name: str, count: int) -> np.ndarray:
        """Sorted numbers of the `count` widest input channels of a linear layer; at most half of them."""
        widest = self.widest.get(layer_name)
        if widest is None or not count:
            return np.array([], np.int64)
        return np.sort(np.argsort(-widest, kind='stable')[: min(count, len(widest) // 2)])
