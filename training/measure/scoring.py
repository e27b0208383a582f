"""Scores of an exported folder, one pair a run on one thread, and the time they took."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnxruntime

from export.pairs import PairEncoder


class LeanModel:
    """A folder written by `python -m export`."""

    def __init__(self, folder: Path, max_tokens: int):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(folder / 'model.onnx'), options, providers=['CPUExecutionProvider'])
        positions = int(self._session.get_modelmeta().custom_metadata_map['secondpass.max_positions'])
        self._encode = PairEncoder(folder, positions, max_tokens)
        self.seconds = 0.0
        self.pairs = 0

    def score(self, query: str, texts: list[str]) -> np.ndarray:
        feeds = [self._encode(query, text) for text in texts]
        started = time.perf_counter()
        scores = [self._session.run(None, feed)[0].item() for feed in feeds]
        self.seconds += time.perf_counter() - started
        self.pairs += len(texts)
        return np.array(scores)
