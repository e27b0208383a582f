"""What to keep exact and what to round: the choices of one export, and the rounding to bytes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .rounding import Rounding
from .shape import ExportError

# AVX2 multiplies unsigned by signed bytes and adds two products in 16 bits: 2 * 255 * 64 = 32640 fits, 2 * 255 * 127
# does not and is silently cut to 32767. Weights within ±64 therefore give the same integers on every CPU.
EXACT_LIMIT = 64
FULL_LIMIT = 127
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
    rounding: Rounding | None = None
    """How what is made of a text by itself is kept; without it, a split reranker reads both texts in every run and keeps
    nothing."""

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


def quantise_columns(weight: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """[inputs, outputs] to int8 within ±limit and one float32 scale per output."""
    scale = np.maximum(np.abs(weight).max(axis=0), 1e-12).astype(np.float32) / np.float32(limit)
    return np.clip(np.rint(weight / scale), -limit, limit).astype(np.int8), scale


def quantise_rows(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """[rows, width] to int8 and one float32 scale per row, [rows, 1]. Rows are looked up, never multiplied as bytes."""
    scale = np.maximum(np.abs(table).max(axis=1, keepdims=True), 1e-12).astype(np.float32) / np.float32(FULL_LIMIT)
    return np.clip(np.rint(table / scale), -FULL_LIMIT, FULL_LIMIT).astype(np.int8), scale
