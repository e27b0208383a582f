"""Token sequences, and the lean and stock graphs run on them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from export.pairs import nothing_known


def random_pair(length: int, vocab_size: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Token ids and token types: a first part of type 0, a second of type 1."""
    types = (np.arange(length) >= generator.integers(1, length + 1)).astype(np.int64)
    return generator.integers(0, vocab_size, length), types


def lean_logit(session: onnxruntime.InferenceSession, ids: np.ndarray, types: np.ndarray, max_positions: int) -> float:
    places = np.arange(len(ids)) + types * max_positions
    feed = {'token_ids': ids.astype(np.int32), 'position_type_ids': places.astype(np.int32)}
    logits = session.run(['logits'], feed | nothing_known(session))[0]
    assert logits.shape == (1, 1) and logits.dtype == np.float32
    return logits.item()


def open_model(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
