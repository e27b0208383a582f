"""Token caches as small as they get: each text once as 16-bit ids, lists as indices, what teachers said as bytes."""

from __future__ import annotations

import io
import json
import lzma

import numpy as np

from prepare.errors import DataError
from train.cache import TokenCache
from train.sampler import similarities

#: A score is a byte, from 0 for a teacher's lowest in a list to this for its highest; the byte above it is "said nothing".
HIGHEST, NOTHING = 254, 255
#: Whether a list is held out depends on its hash modulo this (train/sampler.py).
HASH_MODULUS = 100_000
_LABELS = 100


def pack_lists(caches: dict[str, TokenCache]) -> bytes:
    """One compressed file of all caches, by name. What a loss reads of them is kept: scores count within their list."""
    arrays: dict[str, np.ndarray] = {}
    for name, cache in caches.items():
        notes = {'sets': cache.sets, 'teachers': cache.teachers, 'marks': cache.marks, 'source': cache.source}
        arrays |= {
            f'{name}|notes': np.frombuffer(json.dumps(notes).encode(), np.uint8),
            f'{name}|tokens': cache.tokens,
            f'{name}|text_lengths': np.diff(cache.text_starts).astype(np.uint16),
            f'{name}|queries': cache.queries.astype(np.uint32),
            f'{name}|list_lengths': np.diff(cache.list_starts).astype(np.uint16),
            # Texts are numbered as they come up, so that most steps are 1.
            f'{name}|candidates': np.diff(cache.candidates, prepend=0).astype(np.int32),
            f'{name}|labels': np.where(cache.labels < 0, -1, np.round(cache.labels * _LABELS)).astype(np.int8),
            f'{name}|scores': as_bytes(cache.scores, cache.list_starts),
            f'{name}|hashes': (cache.hashes % np.uint64(HASH_MODULUS)).astype(np.uint32),
            f'{name}|set_numbers': cache.set_numbers.astype(np.uint8),
        }
    file = io.BytesIO()
    np.savez(file, **arrays)
    return lzma.compress(file.getvalue(), preset=6)


def unpack_lists(packed: bytes) -> dict[str, TokenCache]:
    with np.load(io.BytesIO(lzma.decompress(packed))) as file:
        names = list(dict.fromkeys(key.split('|')[0] for key in file))
        return {name: _unpack({key: file[f'{name}|{key}'] for key in _KEYS}) for name in names}


_KEYS = ('notes', 'tokens', 'text_lengths', 'queries', 'list_lengths', 'candidates', 'labels', 'scores', 'hashes', 'set_numbers')


def _unpack(part: dict[str, np.ndarray]) -> TokenCache:
    labels = part['labels'].astype(np.float16)
    scores = part['scores'].astype(np.float32)
    return TokenCache(
        tokens=part['tokens'],
        text_starts=_starts(part['text_lengths']),
        queries=part['queries'].astype(np.int64),
        list_starts=_starts(part['list_lengths']),
        candidates=np.cumsum(part['candidates'], dtype=np.int64),
        labels=np.where(labels < 0, np.float16(-1), labels / np.float16(_LABELS)),
        scores=np.where(scores == NOTHING, np.float32(np.nan), scores / HIGHEST),
        hashes=part['hashes'].astype(np.uint64),
        set_numbers=part['set_numbers'].astype(np.int16),
        **json.loads(part['notes'].tobytes()),
    )


def _starts(lengths: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])


def as_bytes(scores: np.ndarray, list_starts: np.ndarray) -> np.ndarray:
    """Each teacher's scores min-max normalised within each list, as the ensemble of a run does it anyway."""
    found = np.full(scores.shape, NOTHING, np.uint8)
    sizes, begins = np.diff(list_starts), list_starts[:-1]
    if not len(begins):
        return found
    for column in range(scores.shape[1]):
        values, known = scores[:, column], np.isfinite(scores[:, column])
        low = np.minimum.reduceat(np.where(known, values, np.inf), begins).repeat(sizes)
        high = np.maximum.reduceat(np.where(known, values, -np.inf), begins).repeat(sizes)
        span = np.where(known & (high > low), high - low, 1)
        found[known, column] = np.round(HIGHEST * (values - np.where(known, low, 0)) / span)[known].astype(np.uint8)
    return found


def part_of(cache: TokenCache, places: np.ndarray) -> TokenCache:
    """Those of its lists, and the texts that they use, numbered anew."""
    spans = [np.arange(cache.list_starts[place], cache.list_starts[place + 1]) for place in places]
    taken = np.concatenate(spans) if spans else np.zeros(0, np.int64)
    return _chosen(cache, places, taken, np.array([len(one) for one in spans], np.int64))


def without_false_negatives(cache: TokenCache, ratios: dict[str, float]) -> TokenCache:
    """Leaves out what a run would not draw (`data.false_negative_ratios`): bytes no longer tell how alike two texts are."""
    kept, lengths = [], []
    for place in range(len(cache)):
        span = np.arange(cache.list_starts[place], cache.list_starts[place + 1])
        ratio = ratios.get(cache.sets[cache.set_numbers[place]])
        labels, similar = cache.labels[span], similarities(cache, place)
        positive = similar[labels > 0]
        if ratio is not None and np.isfinite(positive).any():
            span = span[~((labels < 0) & (similar > ratio * np.nanmax(positive)))]
        kept.append(span)
        lengths.append(len(span))
    taken = np.concatenate(kept) if kept else np.zeros(0, np.int64)
    return _chosen(cache, np.arange(len(cache)), taken, np.array(lengths, np.int64))


def _chosen(cache: TokenCache, places: np.ndarray, taken: np.ndarray, lengths: np.ndarray) -> TokenCache:
    if not len(places):
        raise DataError(f'{cache.file}: no list is left to pack; allow more bytes')
    used = np.concatenate([cache.queries[places], cache.candidates[taken]])
    first, inverse = np.unique(used, return_inverse=True)
    texts = [cache.text(int(number)) for number in first]
    return TokenCache(
        tokens=np.concatenate(texts),
        text_starts=_starts(np.array([len(text) for text in texts])),
        queries=inverse[: len(places)].astype(np.int64),
        list_starts=_starts(lengths),
        candidates=inverse[len(places) :].astype(np.int64),
        labels=cache.labels[taken],
        scores=cache.scores[taken],
        hashes=cache.hashes[places],
        set_numbers=cache.set_numbers[places],
        sets=cache.sets,
        teachers=cache.teachers,
        marks=cache.marks,
        source=cache.source,
    )
