"""Scores of models over pools, kept on disk by pair: a stopped evaluation goes on, and what several first stages find is
scored once."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from export.bundle import sha256
from export.pairs import LeanModel
from mine.encoder import in_bfloat16

from .embed import PoolEncoder, encoder_settings
from .first_stage import Pool, PoolSet

#: A number for each text of a query.
Score = Callable[[str, list[str]], np.ndarray]


def model_scores(folder: Path, pool_set: PoolSet, cache: Path, max_tokens: int) -> list[np.ndarray]:
    """Logits of an exported folder, one pair a run; or of a trained one by PyTorch, in bfloat16 where hardware has it."""
    name = f'{pool_set.name}.{sha256(weights_of(folder))[:12]}-{max_tokens}.jsonl'
    return _kept(cache / name, pool_set.pools, lambda: score_by(folder, max_tokens))


def weights_of(folder: Path) -> Path:
    return next((one for one in (folder / 'model.onnx', folder / 'model.safetensors') if one.is_file()), folder / 'model.onnx')


def score_by(folder: Path, max_tokens: int) -> Score:
    """How a model scores the texts of a query."""
    if weights_of(folder).suffix == '.onnx':
        return LeanModel(folder, max_tokens).score
    # PyTorch takes seconds to load, and exported models do without it.
    from .trained import TrainedModel

    return TrainedModel(folder, max_tokens).score


def encoder_scores(folder: Path, pool_set: PoolSet, cache: Path, max_tokens: int) -> list[np.ndarray]:
    """Cosine similarities of the bi-encoder that training starts from."""
    settings = encoder_settings(folder, max_tokens)
    how = '-bfloat16' if in_bfloat16(settings) else ''
    name = f'bi-encoder-{sha256(folder / "model.safetensors")[:12]}-{max_tokens}{how}'
    return _kept(cache / f'{pool_set.name}.{name}.jsonl', pool_set.pools, lambda: PoolEncoder(settings).score)


def _kept(file: Path, pools: list[Pool], make: Callable[[], Score]) -> list[np.ndarray]:
    """A line for each question and what was new of its texts, by digests of both; what is there is not scored again."""
    file.parent.mkdir(parents=True, exist_ok=True)
    known: dict[str, dict[str, float]] = {}
    for question, found in _lines(file):
        known.setdefault(question, {}).update(found)
    score, started, asked = None, time.monotonic(), 0
    rows = []
    for number, pool in enumerate(pools, 1):
        question, texts = _digest(pool.query), {_digest(text): text for text in pool.texts}
        here = known.setdefault(question, {})
        if missing := [one for one in texts if one not in here]:
            score, asked = score or make(), asked + 1
            values = score(pool.query, [texts[one] for one in missing])
            found = {one: round(float(value), 7) for one, value in zip(missing, values, strict=True)}
            here.update(found)
            with file.open('a', encoding='utf-8') as out:
                out.write(json.dumps([question, found]) + '\n')
            if asked % 25 == 0:
                seconds = time.monotonic() - started
                print(f'{file.stem}: {number} of {len(pools)} questions, {seconds:.0f} s', file=sys.stderr, flush=True)
        rows.append(np.array([here[_digest(text)] for text in pool.texts]))
    return rows


def _lines(file: Path) -> Iterator[list]:
    if file.is_file():
        for line in file.read_text(encoding='utf-8').splitlines():
            try:
                yield json.loads(line)
            except json.JSONDecodeError:  # The line that a stopped evaluation was writing.
                continue


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
