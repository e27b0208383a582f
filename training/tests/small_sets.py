"""An invented set to mine, and an encoder that counts words instead of a neural one."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from invented import write_invented

from mine.config import MineConfig
from mine.encoder import PASSAGE
from prepare.text import words


def count_words(texts: list[str], kind: str = PASSAGE) -> np.ndarray:
    vectors = np.zeros((len(texts), 256), np.float32)
    for place, text in enumerate(texts):
        for word in words(text):
            vectors[place, zlib.crc32(word.encode()) % 256] += 1
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


@pytest.fixture
def config(tmp_path):
    write_invented(tmp_path / 'sets' / 'house', repeats=4)
    return MineConfig(
        tmp_path / 'sets', tmp_path / 'pools', rounds=2, passages_per_slice=100, run_length=25, max_positive_rank=30
    )


def silent(line: str) -> None:
    pass
