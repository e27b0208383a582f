"""nDCG@10 on lists that are never trained on: the curve to watch. Not an evaluation: its negatives are mined."""

from __future__ import annotations

import numpy as np
import torch

from evaluate.metrics import ndcg

from .cache import TokenCache
from .errors import TrainingError
from .losses import losses_of
from .sampler import ListDraw, is_held_out, whole_list
from .score import PairScorer, score_lists
from .settings import Config

LISTS_AT_ONCE = 8


def held_out_lists(training: list[TokenCache], apart: list[TokenCache], config: Config) -> list[ListDraw]:
    """The same lists for the same pools: those with a positive and another candidate, in the order of their hashes."""
    caches, found = apart or training, []
    names = {name for cache in caches for name in cache.sets}
    if unknown := sorted(set(config.data.held_out_sets) - names):
        known = ', '.join(sorted(map(repr, names))) or 'none'
        raise TrainingError(f'data.held_out_sets names {unknown[0]!r}; the sets of the pools are {known}')
    wanted = set(config.data.held_out_sets) or names
    for cache in caches:
        for place in np.flatnonzero(is_held_out(cache, 1.0 if apart else config.data.held_out)):
            name = cache.sets[cache.set_numbers[place]]
            drawn = whole_list(cache, int(place), config)
            positive = int((drawn.labels > 0).sum())
            counts = name in wanted and config.data.set_weights.get(name, 1.0) > 0
            if counts and 0 < positive < len(drawn.labels):
                found.append((int(cache.hashes[place]), drawn))
    return [drawn for _, drawn in sorted(found, key=lambda one: one[0])][: config.log.evaluate_lists]


@torch.no_grad()
def evaluate_held_out(scorer: PairScorer, lists: list[ListDraw], config: Config) -> dict[str, float]:
    """nDCG@10 of the model and of its teachers, and the loss. Candidates are whole pools; unjudged ones count as negatives."""
    losses: list[float] = []
    orders: dict[str, list[list[str]]] = {'ndcg': [], 'teacher_ndcg': []}
    for start in range(0, len(lists), LISTS_AT_ONCE):
        part = lists[start : start + LISTS_AT_ONCE]
        scored = score_lists(scorer, part, 4 * config.optimiser.chunk_tokens)
        loss = losses_of(scored.logits, scored.labels, scored.teacher, scored.there, config.loss)['loss'].item()
        logits = scored.logits.cpu().numpy()
        losses += [loss] * len(part)
        orders['ndcg'] += [_order(logits[row, : len(one.texts)]) for row, one in enumerate(part)]
        if len(scored.parts) > 1:
            for number, each in enumerate(scored.parts):
                ranked = [_order(each[row, : len(one.texts)].cpu().numpy()) for row, one in enumerate(part)]
                orders.setdefault(f'part_{number}_ndcg', []).extend(ranked)
        orders['teacher_ndcg'] += [_order(np.nan_to_num(one.teacher)) for one in part]
    if not losses:
        return {}
    judged = [_grades(one) for one in lists]
    means = {name: float(ndcg(ranked, judged).mean()) for name, ranked in orders.items()}
    return {f'held_out_{name}': value for name, value in (means | {'loss': float(np.mean(losses))}).items()}


def _order(scores: np.ndarray) -> list[str]:
    """Places, best first. A tie counts against the positive: pools list positives first, and that must not be worth anything."""
    places = np.arange(len(scores))[::-1]
    return [str(place) for place in places[np.argsort(-scores[places], kind='stable')]]


def _grades(drawn: ListDraw) -> dict[str, int]:
    """Labels from 0 to 1 as the whole numbers that grades must be; nDCG does not depend on their unit."""
    return {str(place): round(10_000 * max(float(label), 0.0)) for place, label in enumerate(drawn.labels)}
