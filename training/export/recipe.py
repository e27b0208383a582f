"""What to keep exact and what to round: the choices of one export."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .quantise import EXACT_LIMIT
from .shape import ExportError

DTYPES = ('int8', 'int8-words', 'fp32')


@dataclass(frozen=True)
class Recipe:
    """How to write the matrices. The numbers of outlier channels are those README.md compares with others."""

    dtype: str = 'int8'
    """'fp32': exact. 'int8': matrices of layers that every token passes, and the word table, in bytes. 'int8-words': the
    word table alone, for models so small that their matrices cost neither space nor time."""
    limit: int = EXACT_LIMIT
    """Largest absolute weight in bytes."""
    hidden_outliers: int = 8
    """Channels of a layer's normalised input kept in float32, before attention and before the feed-forward part."""
    context_outliers: int = 8
    """Channels of what attention gathered kept in float32."""
    intermediate_outliers: int = 32
    """Hidden units of the feed-forward part kept in float32."""
    widest: dict[str, np.ndarray] = field(default_factory=dict)
    """Largest absolute input per channel, by linear layer; without it there are no outlier channels."""

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ExportError(f'dtype is {self.dtype!r}; it is one of {", ".join(DTYPES)}')

    @property
    def int8(self) -> bool:
        return self.dtype == 'int8'

    @property
    def int8_words(self) -> bool:
        return self.dtype in ('int8', 'int8-words')

    def outliers(self, name: str, count: int) -> np.ndarray:
        """Sorted numbers of the `count` widest input channels of a linear layer; at most half of them."""
        if not self.int8 or not count or name not in self.widest:
            return np.array([], np.int64)
        widest = self.widest[name]
        return np.sort(np.argsort(-widest, kind='stable')[: min(count, len(widest) // 2)])
