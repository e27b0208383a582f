"""The bi-encoder that training starts from, as one more system to compare with. In bfloat16 where the hardware multiplies
it, which is several times as fast: cosines move by some thousandths."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mine.config import MineConfig
from mine.encoder import BiEncoder


def encoder_settings(folder: Path, max_tokens: int) -> MineConfig:
    """How texts are embedded."""
    return MineConfig(
        data=Path(),
        out=Path(),
        encoder=str(folder),
        max_embed_tokens=max_tokens,
        max_embed_characters=max_tokens * 16,
    )


class PoolEncoder:
    """Scores pools by cosine; each text is embedded once, however many pools it is in."""

    def __init__(self, settings: MineConfig):
        self._embed, self._known = BiEncoder(settings), {}

    def score(self, query: str, texts: list[str]) -> np.ndarray:
        texts = [query, *texts]
        missing = sorted({text for text in texts if text not in self._known})
        if missing:
            self._known.update(zip(missing, self._embed(missing)))
        vectors = np.stack([self._known[text] for text in texts])
        return vectors[1:] @ vectors[0]
