"""[CLS] query [SEP] text [SEP] from cached token ids, cut as the tokenizer would, and chunks of similar length."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

PAD = 0
"""Any id does where the mask hides it."""


def cut(query: int, text: int, room: int) -> tuple[int, int]:
    """How many tokens of each remain when the longer gives way first: 'longest_first' of the tokenizers library."""
    if query + text <= room:
        return query, text
    shorter = min(query, text)
    longer = max(room - shorter, shorter)
    if shorter + longer > room:
        shorter = room // 2
        longer = shorter + room % 2
    return (longer, shorter) if query > text else (shorter, longer)


def join(query: np.ndarray, text: np.ndarray, max_tokens: int, marks: list[int]) -> tuple[np.ndarray, int]:
    """Ids of the pair, and how many of them, from the front, have token type 0. `marks` are [CLS] and [SEP]."""
    cls, sep = marks
    kept_query, kept_text = cut(len(query), len(text), max_tokens - 3)
    ids = np.concatenate([[cls], query[:kept_query], [sep], text[:kept_text], [sep]]).astype(np.int64)
    return ids, kept_query + 2


@dataclass(frozen=True)
class Chunk:
    """Padded pairs. `places` are their numbers among the pairs given."""

    ids: np.ndarray
    types: np.ndarray
    lengths: np.ndarray
    places: np.ndarray


def chunks_of(pairs: list[tuple[np.ndarray, int]], chunk_tokens: int) -> list[Chunk]:
    """All pairs, longest first, in chunks of at most `chunk_tokens` with padding; a longer pair stands alone."""
    order = sorted(range(len(pairs)), key=lambda place: (-len(pairs[place][0]), place))
    chunks, start = [], 0
    while start < len(order):
        rows = max(1, chunk_tokens // len(pairs[order[start]][0]))
        chunks.append(_pad(pairs, order[start : start + rows]))
        start += rows
    return chunks


def _pad(pairs: list[tuple[np.ndarray, int]], places: list[int]) -> Chunk:
    lengths = np.array([len(pairs[place][0]) for place in places])
    ids = np.full((len(places), lengths.max()), PAD, np.int64)
    types = np.zeros_like(ids)
    for row, place in enumerate(places):
        tokens, first = pairs[place]
        ids[row, : len(tokens)] = tokens
        types[row, first : len(tokens)] = 1
    return Chunk(ids, types, lengths, np.array(places))
