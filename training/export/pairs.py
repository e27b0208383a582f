"""Runs an exported graph: texts to its two inputs by the reference tokenizer, and scores one pair a run."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnxruntime
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


def nothing_known(session: onnxruntime.InferenceSession) -> dict[str, np.ndarray]:
    """What a graph is fed beside a pair where it takes what it made of a text before: no rows."""
    types = {'tensor(float)': np.float32, 'tensor(uint8)': np.uint8}
    known = [given for given in session.get_inputs() if given.name.startswith('known_')]
    return {given.name: np.zeros((0, given.shape[1]), types[given.type]) for given in known}


class LeanModel:
    """A folder written by `python -m export`, on one thread. Counts its pairs and the seconds that they took."""

    def __init__(self, folder: Path, max_tokens: int):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(str(folder / 'model.onnx'), options, providers=['CPUExecutionProvider'])
        positions = int(self._session.get_modelmeta().custom_metadata_map['secondpass.max_positions'])
        self._nothing = nothing_known(self._session)
        self._encode = PairEncoder(folder, positions, max_tokens)
        self.seconds = 0.0
        self.pairs = 0

    def score(self, query: str, texts: list[str]) -> np.ndarray:
        feeds = [self._encode(query, text) | self._nothing for text in texts]
        started = time.perf_counter()
        scores = [self._session.run(None, feed)[0].item() for feed in feeds]
        self.seconds += time.perf_counter() - started
        self.pairs += len(texts)
        return np.array(scores)
