"""Finds the widest channels that enter every linear layer, by running the fp32 graph over calibration text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from .pairs import PairEncoder
from .recipe import Recipe
from .shape import ExportError
from .source import Source
from .state_graph import EARLY

DEFAULT_TEXT = Path(__file__).with_name('calibration.jsonl')
MAX_TOKENS = 256


def read_text(path: Path) -> list[tuple[str, str]]:
    """Rows of {"query", "text"}."""
    try:
        lines = [line for line in path.read_text(encoding='utf-8').split('\n') if line.strip()]
        rows = [(row['query'], row['text']) for row in map(json.loads, lines)]
    except OSError as cause:
        raise ExportError(f'{path}: {cause.strerror}; name a file of calibration text') from cause
    except (ValueError, KeyError, TypeError):
        rows = []
    if not rows or not all(isinstance(one, str) for row in rows for one in row):
        raise ExportError(f'{path}: every line must be a JSON object with the strings "query" and "text"')
    return rows


@dataclass(frozen=True)
class Calibration:
    widest: dict[str, np.ndarray]
    """Largest absolute input per channel, by linear layer."""
    states: np.ndarray
    """Of a split reranker, the rows of all texts that are read together, [tokens, channels]; none of another model."""


def calibrate(model_dir: Path, source: Source, text: Path) -> Calibration:
    """Over each row of `text` and each query with the next text."""
    rows = read_text(text)
    strangers = [(query, passage) for (query, _), (_, passage) in zip(rows, rows[1:] + rows[:1])]
    model = source.build(Recipe(dtype='fp32'), {}, True)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=['CPUExecutionProvider'])
    names = [output.name for output in session.get_outputs() if output.name != 'logits']
    encode, widest, states = PairEncoder(model_dir, source.max_positions, MAX_TOKENS), {}, []
    for query, passage in rows + strangers:
        for name, values in zip(names, session.run(names, encode(query, passage))):
            if name == EARLY:
                states.append(values)
            else:
                widest[name] = np.maximum(widest.get(name, 0), values)
    return Calibration(widest, np.concatenate(states) if states else np.zeros((0, 0), np.float32))
