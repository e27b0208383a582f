"""Texts to the two inputs of the lean graph, by the reference tokenizer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tokenizers import Tokenizer


class PairEncoder:
    """[CLS] query [SEP] text [SEP], cut longest side first to `max_tokens`."""

    def __init__(self, model_dir: Path, max_positions: int, max_tokens: int | None = None):
        self._tokenizer = Tokenizer.from_file(str(model_dir / 'tokenizer.json'))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(min(max_tokens or max_positions, max_positions), strategy='longest_first')
        self._max_positions = max_positions

    def __call__(self, query: str, text: str) -> dict[str, np.ndarray]:
        encoding = self._tokenizer.encode(query, text)
        types = np.array(encoding.type_ids, np.int32)
        places = np.arange(len(types), dtype=np.int32)
        return {'token_ids': np.array(encoding.ids, np.int32), 'position_type_ids': places + types * self._max_positions}
