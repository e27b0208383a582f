"""Adds a cross-encoder's logits to token caches as one more teacher."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from train.cache import TokenCache, read_cache, write_cache
from train.device import Device
from train.errors import TrainingError
from train.sampler import ListDraw
from train.score import PairScorer, score_lists
from train.settings import Data
from train.start import load_model, make_scorer

LISTS_AT_ONCE = 16


def teach(model_dir: Path, source: Path, target: Path, settings: Teaching) -> int:
    """Copies every cache below `source` to `target` with the column `name` filled; returns how many pairs were scored.

    Caches that are done already, by the same model, are left as they are, so that a stopped run goes on.
    """
    files = sorted(source.glob('*/*.npz'))
    if not files:
        raise TrainingError(f'{source}: has no caches; train the teacher first, which writes data.cache')
    data = Data(max_tokens=settings.max_tokens, max_text_tokens=settings.max_text_tokens)
    scorer = make_scorer(load_model(model_dir).to(settings.device.name), data, settings.device)
    digest = hashlib.sha256((model_dir / 'model.safetensors').read_bytes()).hexdigest()[:16]
    scored = 0
    for file in files:
        cache, out = read_cache(file), target / file.relative_to(source)
        mark = f'{cache.source} {settings.name} {digest} {settings.lists}'
        if out.is_file() and read_cache(out).source == mark:
            continue
        out.parent.mkdir(parents=True, exist_ok=True)
        column = score_cache(scorer, cache, settings)
        write_cache(with_teacher(cache, settings.name, column, mark), out)
        scored += int(np.isfinite(column).sum())
        settings.say(f'{out.name}: {np.isfinite(column).sum()} of {len(column)} pairs scored')
    return scored


@dataclasses.dataclass(frozen=True)
class Teaching:
    """How to score. Only the first `lists` of a cache are, if not all; the others keep the teachers they have."""

    device: Device
    name: str = 'cross-encoder'
    lists: int | None = None
    max_tokens: int = 256
    max_text_tokens: int = 160
    chunk_tokens: int = 8192
    say: Callable[[str], None] = print


@torch.no_grad()
def score_cache(scorer: PairScorer, cache: TokenCache, settings: Teaching) -> np.ndarray:
    """One logit a candidate; NaN beyond the lists asked for."""
    count = len(cache) if settings.lists is None else min(settings.lists, len(cache))
    column = np.full(len(cache.candidates), np.nan, np.float32)
    for start in range(0, count, LISTS_AT_ONCE):
        part = [_plain(cache, place) for place in range(start, min(start + LISTS_AT_ONCE, count))]
        scored = score_lists(scorer, part, settings.chunk_tokens)
        span = slice(cache.list_starts[start], cache.list_starts[start + len(part)])
        column[span] = scored.logits[scored.there].float().cpu().numpy()
    return column


def _plain(cache: TokenCache, place: int) -> ListDraw:
    span = slice(cache.list_starts[place], cache.list_starts[place + 1])
    empty = np.zeros(span.stop - span.start, np.float32)
    return ListDraw(cache, int(cache.queries[place]), cache.candidates[span], empty, empty, '')


def with_teacher(cache: TokenCache, name: str, column: np.ndarray, source: str) -> TokenCache:
    """The same lists with one more column of scores, or with that column replaced."""
    kept = [place for place, teacher in enumerate(cache.teachers) if teacher != name]
    scores = np.concatenate([cache.scores[:, kept], column[:, None]], axis=1).astype(np.float32)
    return dataclasses.replace(
        cache, scores=scores, teachers=[cache.teachers[place] for place in kept] + [name], source=source
    )
