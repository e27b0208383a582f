"""Scores of models over pools, kept on disk by question so that a stopped evaluation goes on where it was."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from export.bundle import sha256
from export.pairs import LeanModel
from mine.encoder import in_bfloat16

from .embed import PoolEncoder, encoder_settings
from .first_stage import Pool, PoolSet

ScorePool = Callable[[Pool], np.ndarray]


def model_scores(folder: Path, pool_set: PoolSet, cache: Path, max_tokens: int) -> list[np.ndarray]:
    """Logits of an exported folder, one pair a run."""
    name = f'{sha256(folder / "model.onnx")[:12]}-{max_tokens}'
    return _kept(cache / f'{pool_set.name}.{name}.jsonl', pool_set.pools, lambda: _lean(folder, max_tokens))


def encoder_scores(folder: Path, pool_set: PoolSet, cache: Path, max_tokens: int) -> list[np.ndarray]:
    """Cosine similarities of the bi-encoder that training starts from."""
    settings = encoder_settings(folder, max_tokens)
    how = '-bfloat16' if in_bfloat16(settings) else ''
    name = f'bi-encoder-{sha256(folder / "model.safetensors")[:12]}-{max_tokens}{how}'
    return _kept(cache / f'{pool_set.name}.{name}.jsonl', pool_set.pools, lambda: PoolEncoder(settings).score)


def _lean(folder: Path, max_tokens: int) -> ScorePool:
    model = LeanModel(folder, max_tokens)
    return lambda pool: model.score(pool.query, pool.texts)


def _kept(file: Path, pools: list[Pool], make: Callable[[], ScorePool]) -> list[np.ndarray]:
    """A line for each pool under a digest of its texts; what is there is not scored again."""
    file.parent.mkdir(parents=True, exist_ok=True)
    known = {row[0]: np.array(row[1]) for row in _lines(file)}
    missing, score, started = [pool for pool in pools if _digest(pool) not in known], None, time.monotonic()
    for number, pool in enumerate(missing, 1):
        score = score or make()
        known[_digest(pool)] = score(pool)
        with file.open('a', encoding='utf-8') as out:
            out.write(json.dumps([_digest(pool), [round(float(value), 7) for value in known[_digest(pool)]]]) + '\n')
        if number % 25 == 0:
            print(
                f'{file.stem}: {number} of {len(missing)} questions, {time.monotonic() - started:.0f} s',
                file=sys.stderr,
                flush=True,
            )
    return [known[_digest(pool)] for pool in pools]


def _lines(file: Path) -> list[list]:
    if not file.is_file():
        return []
    rows = []
    for line in file.read_text(encoding='utf-8').splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


def _digest(pool: Pool) -> str:
    return hashlib.sha256(json.dumps([pool.query, pool.texts]).encode()).hexdigest()[:16]
