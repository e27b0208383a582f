"""Finds what a training set shares with evaluation sets: exactly, and nearly.

Passages are compared by shingles of eight words. One is a near-duplicate when half of its shingles occur in the
evaluation texts, or as many as 32 words in a row have. Nothing is sampled or estimated: the shingles are 64-bit hashes in
one sorted array.
Queries are compared by their sets of content words (Jaccard).
"""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from prepare.text import normalised, words
from prepare.words import STOP_WORDS

SHINGLE_WORDS = 8
_PRIME = np.uint64(0x9E3779B97F4A7C15)


def shingles(text: str) -> np.ndarray:
    """Hashes of each eight consecutive words; one hash for a shorter text."""
    hashed = np.fromiter(map(_hash, words(text)), dtype=np.uint64)
    size = min(SHINGLE_WORDS, len(hashed))
    if size == 0:
        return hashed
    total = np.zeros(len(hashed) - size + 1, dtype=np.uint64)
    with np.errstate(over='ignore'):
        for offset in range(size):
            total = total * _PRIME + (hashed[offset : offset + len(total)] + np.uint64(size))
            total ^= total >> np.uint64(29)
    return total


@lru_cache(maxsize=1 << 20)
def _hash(word: str) -> int:
    return zlib.crc32(word.encode())


class PassageOverlap:
    """The shingles of all evaluation texts."""

    def __init__(self, texts: Iterable[str], min_share: float = 0.5, min_shared_words: int = 32):
        parts = [shingles(text) for text in texts]
        self._known = np.unique(np.concatenate(parts)) if parts else np.empty(0, dtype=np.uint64)
        self._min_share = min_share
        self._min_shared = max(1, min_shared_words - SHINGLE_WORDS + 1)

    def is_near_duplicate(self, text: str) -> bool:
        found = shingles(text)
        if len(found) == 0 or len(self._known) == 0:
            return False
        places = np.minimum(np.searchsorted(self._known, found), len(self._known) - 1)
        shared = int((self._known[places] == found).sum())
        return shared >= self._min_shared or shared / len(found) >= self._min_share


class QueryOverlap:
    """The questions of all evaluation sets."""

    def __init__(self, queries: Iterable[str], min_jaccard: float = 0.8):
        self._exact = {normalised(query) for query in queries}
        self._sets = [frozenset(content_words(query)) for query in sorted(self._exact)]
        self._min_jaccard = min_jaccard
        self._postings: dict[str, list[int]] = defaultdict(list)
        for place, one in enumerate(self._sets):
            for word in one:
                self._postings[word].append(place)

    def has(self, query: str) -> bool:
        return self.is_exact(query) or self.is_near_duplicate(query)

    def is_exact(self, query: str) -> bool:
        return normalised(query) in self._exact

    def is_near_duplicate(self, query: str) -> bool:
        """At least `min_jaccard` of the content words in common; one word in common is never enough."""
        mine = frozenset(content_words(query))
        shared = Counter(place for word in mine for place in self._postings.get(word, ()))
        return any(
            count > 1 and count / (len(mine) + len(self._sets[place]) - count) >= self._min_jaccard
            for place, count in shared.items()
        )


def content_words(text: str) -> list[str]:
    return [word for word in words(text) if word not in STOP_WORDS]
