"""Which lists a step takes, and which candidates of each. A function of the seed and of how often it was asked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np

from .cache import TokenCache
from .errors import TrainingError
from .settings import Config


@dataclass(frozen=True)
class ListDraw:
    """A list and the candidates chosen from it."""

    cache: TokenCache
    query: int
    texts: np.ndarray
    labels: np.ndarray
    teacher: np.ndarray
    set_name: str

    def only(self, kept: np.ndarray) -> ListDraw:
        """The same list with those of its candidates, in that order."""
        return replace(self, texts=self.texts[kept], labels=self.labels[kept], teacher=self.teacher[kept])


def is_held_out(cache: TokenCache, share: float) -> np.ndarray:
    """True for lists that are never trained on; the same for a list in every file and run."""
    return cache.hashes % np.uint64(100_000) < np.uint64(round(share * 100_000))


def ensemble(scores: np.ndarray, weights: dict[str, float], teachers: list[str]) -> np.ndarray:
    """Weighted mean of the teachers' scores, min-max normalised within the list; NaN where no teacher scored anything.

    A teacher that scored only some candidates gives the others its lowest score; one that scored none is left out.
    The weight of '*' is that of every teacher without one of its own.
    """
    total, weight_sum = np.zeros(len(scores)), 0.0
    for name, column in zip(teachers, scores.T):
        weight = weights.get(name, weights.get('*', 0.0))
        known = np.isfinite(column)
        if not known.any() or weight == 0:
            continue
        low, high = column[known].min(), column[known].max()
        total += weight * np.where(known, (column - low) / max(high - low, 1e-9), 0)
        weight_sum += weight
    return total / weight_sum if weight_sum else np.full(len(scores), np.nan)


@dataclass
class _Stream:
    """The lists of one set in one file."""

    set_name: str
    cache: TokenCache
    places: np.ndarray
    _round: int = -1
    _order: np.ndarray | None = None

    def order(self, seed: int, key: str, round_: int) -> np.ndarray:
        """The lists in the order of that round, whatever other files there are."""
        if self._round != round_ or self._order is None:
            number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], 'little')
            self._order, self._round = np.random.default_rng([seed, 2, number, round_]).permutation(self.places), round_
        return self._order


def is_easy(cache: TokenCache) -> np.ndarray:
    """True for lists in which no other candidate has a higher BM25 score than the best positive; none without scores."""
    easy = np.zeros(len(cache), bool)
    if 'bm25' not in cache.teachers:
        return easy
    column = cache.scores[:, cache.teachers.index('bm25')]
    for place in range(len(cache)):
        span = _span(cache, place)
        positive = cache.labels[span] > 0
        if positive.any():
            easy[place] = column[span][positive].max() >= np.nanmax(column[span])
    return easy


def _streams_of(caches: list[TokenCache], held_out: float, easy_share: float = 1.0) -> dict[str, _Stream]:
    found = {}
    for cache in caches:
        usable = ~is_held_out(cache, held_out)
        if easy_share < 1:
            usable &= ~is_easy(cache) | (cache.hashes // np.uint64(100_000) % np.uint64(1000) < round(easy_share * 1000))
        for number, name in enumerate(cache.sets):
            places = np.flatnonzero(usable & (cache.set_numbers == number))
            if len(places):
                found[f'{cache.file} {name}'] = _Stream(name, cache, places)
    return dict(sorted(found.items()))


class ListSampler:
    """Draws sets by size and weight, and of each set the file that was gone through least often, in a fresh order each time."""

    def __init__(self, caches: list[TokenCache], config: Config, held_out: float):
        self._config = config
        self._streams = _streams_of(caches, held_out, config.data.easy_share)
        sizes: dict[str, int] = {}
        for stream in self._streams.values():
            sizes[stream.set_name] = sizes.get(stream.set_name, 0) + len(stream.places)
        weights = np.array(
            [size**config.data.mix_power * config.data.set_weights.get(name, 1.0) for name, size in sizes.items()]
        )
        if not len(weights) or weights.sum() <= 0:
            raise TrainingError('data: no list is left to train on; add pools, or look at set_weights and held_out')
        self.sizes, self._names, self._shares = sizes, list(sizes), weights / weights.sum()
        self.state: dict[str, list[int]] = {key: [0, 0] for key in self._streams}

    @property
    def stream_sizes(self) -> dict[str, int]:
        return {key: len(stream.places) for key, stream in self._streams.items()}

    def restore(self, state: dict[str, list[int]], sizes: dict[str, int]) -> list[str]:
        """Goes on where a run stopped; files that changed since begin a new round. Returns the new and the changed."""
        changed = [key for key, size in self.stream_sizes.items() if sizes.get(key) != size]
        for key in self._streams:
            round_, offset = state.get(key, [0, 0])
            self.state[key] = [round_ + 1, 0] if key in changed and key in state else [round_, offset]
        return changed

    def draw(self, step: int) -> list[ListDraw]:
        random = np.random.default_rng([self._config.seed, 1, step])
        names = random.choice(len(self._names), self._config.optimiser.lists, p=self._shares)
        return [self._choose(*self._next(self._names[number]), random) for number in names]

    def _next(self, name: str) -> tuple[TokenCache, int]:
        own = [key for key, stream in self._streams.items() if stream.set_name == name]
        key = min(own, key=self._rounds)
        stream, (round_, offset) = self._streams[key], self.state[key]
        self.state[key] = [round_, offset + 1] if offset + 1 < len(stream.places) else [round_ + 1, 0]
        return stream.cache, int(stream.order(self._config.seed, key, round_)[offset])

    def _rounds(self, key: str) -> float:
        """How often the lists of one file were gone through."""
        round_, offset = self.state[key]
        return round_ + offset / len(self._streams[key].places)

    def _choose(self, cache: TokenCache, place: int, random: np.random.Generator) -> ListDraw:
        whole = whole_list(cache, place, self._config)
        ratio = self._config.data.false_negative_ratios.get(whole.set_name)
        if ratio is not None:
            whole = without_likely_positives(whole, similarities(cache, place), ratio)
        kept = choose_candidates(whole.labels, whole.teacher, self._config.optimiser.candidates, random)
        return whole.only(kept)


def _span(cache: TokenCache, place: int) -> slice:
    """Where the candidates of a list stand among all of the cache."""
    return slice(cache.list_starts[place], cache.list_starts[place + 1])


def whole_list(cache: TokenCache, place: int, config: Config) -> ListDraw:
    span = _span(cache, place)
    teacher = ensemble(cache.scores[span], config.loss.teachers, cache.teachers)
    return ListDraw(
        cache,
        int(cache.queries[place]),
        cache.candidates[span],
        cache.labels[span].astype(np.float32),
        teacher,
        cache.sets[cache.set_numbers[place]],
    )


def similarities(cache: TokenCache, place: int) -> np.ndarray:
    """What the bi-encoder said of a list's candidates; NaN where it said nothing."""
    span = _span(cache, place)
    if 'bi-encoder' not in cache.teachers:
        return np.full(span.stop - span.start, np.nan)
    return cache.scores[span, cache.teachers.index('bi-encoder')]


def without_likely_positives(whole: ListDraw, similar: np.ndarray, ratio: float) -> ListDraw:
    """Leaves out unlabelled candidates that look better than `ratio` times the best positive."""
    positive = similar[whole.labels > 0]
    if not len(positive) or not np.isfinite(positive).any():
        return whole
    kept = np.flatnonzero(~((whole.labels < 0) & (similar > ratio * np.nanmax(positive))))
    return whole.only(kept)


def choose_candidates(labels: np.ndarray, teacher: np.ndarray, count: int, random: np.random.Generator) -> np.ndarray:
    """Positives first, a third of the places at most (one at least); the rest at random, the teachers' best likelier."""
    positive = np.flatnonzero(labels > 0)
    kept = random.permutation(positive)[: max(1, count // 3)]
    rest = np.setdiff1d(np.arange(len(labels)), positive)
    rank = np.empty(len(rest))
    rank[np.argsort(-np.nan_to_num(teacher[rest]), kind='stable')] = np.arange(1, len(rest) + 1)
    keys = -0.5 * np.log(rank) + random.gumbel(size=len(rest))
    return np.concatenate([kept, rest[np.argsort(-keys)][: count - len(kept)]]).astype(np.int64)
