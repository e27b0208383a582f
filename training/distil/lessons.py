"""What a small bi-encoder learns of a large one, from texts that both have read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from split.reading import Readings
from train.cache import TokenCache
from train.score import Pair

Pairs = tuple[Readings, Readings]
"""Queries and passages, a row each."""

#: Tokens of queries and of passages whose cosines are compared in a step.
SAMPLE = (200, 500)
#: Cosines are divided by it before the softmax over the passages of a step.
TEMPERATURE = 0.05


@dataclass(frozen=True)
class Lessons:
    """How long, how fast, and what counts how much."""

    word_steps: int = 2600
    """Steps with the word table alone, which are ten times as fast."""
    steps: int = 2600
    """Steps with the layers."""
    lists: int = 5
    """Lists of a step that are learned with several `passages` each: what the teacher prefers among like ones."""
    passages: int = 6
    others: int = 10
    """Lists that give a query and one passage. Every query of a step is compared with every passage."""
    word_rate: float = 2e-3
    rate: float = 1e-3
    token: float = 1.0
    text: float = 1.0
    near: float = 1.0
    token_near: float = 10.0


def draw(caches: list[TokenCache], lessons: Lessons, random: np.random.Generator) -> list[Pair]:
    """Pairs of one file of pools, since alike is told from alike there; files by the root of their size."""
    share = np.sqrt([len(cache) for cache in caches])
    cache = caches[random.choice(len(caches), p=share / share.sum())]
    lists = random.choice(len(cache), min(lessons.lists + lessons.others, len(cache)), replace=False)
    pairs = []
    for number, place in enumerate(lists):
        texts = cache.candidates[cache.list_starts[place] : cache.list_starts[place + 1]]
        count = lessons.passages if number < lessons.lists else 1
        for text in random.choice(texts, min(count, len(texts)), replace=False):
            pairs.append((cache, int(cache.queries[place]), int(text)))
    return pairs


def text_losses(small: Pairs, large: Pairs, project: nn.Linear) -> dict[str, Tensor]:
    """`text`: 1 - cosine of the projected mean to the teacher's. `near`: divergence of each query's softmax over the
    passages, of the means as they are, and by half of the projected ones."""
    means, wanted = [one.mean for one in small], [one.mean for one in large]
    projected = [project(mean) for mean in means]
    text = [1 - functional.cosine_similarity(mine, yours, dim=-1) for mine, yours in zip(projected, wanted)]
    goal = _cosines(*wanted)
    near = _divergence(_cosines(*means), goal) + 0.5 * _divergence(_cosines(*projected), goal)
    return {'text': torch.cat(text).mean(), 'near': near}


def token_losses(small: Pairs, large: Pairs, project: nn.Linear) -> dict[str, Tensor]:
    """`token`: 1 - cosine of each projected token to the teacher's. `token_near`: squared difference of the cosines
    between tokens of queries and of passages."""
    mine, yours = ([reading.late[reading.there.bool()] for reading in side] for side in (small, large))
    token = 1 - functional.cosine_similarity(project(torch.cat(mine)), torch.cat(yours), dim=-1)
    places = [torch.randperm(len(part), device=part.device)[:most] for part, most in zip(mine, SAMPLE)]
    found, goal = (_cosines(*(part[place] for part, place in zip(side, places))) for side in (mine, yours))
    return {'token': token.mean(), 'token_near': (found - goal).square().mean()}


def _cosines(query: Tensor, passage: Tensor) -> Tensor:
    return functional.normalize(query, dim=-1) @ functional.normalize(passage, dim=-1).T


def _divergence(found: Tensor, goal: Tensor) -> Tensor:
    found, goal = (functional.log_softmax(one / TEMPERATURE, -1) for one in (found, goal))
    return functional.kl_div(found, goal, log_target=True, reduction='batchmean')
