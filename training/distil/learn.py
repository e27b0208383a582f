"""The lessons themselves: words first, then all of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from split.score import SplitScorer
from train.cache import TokenCache

from .lessons import Lessons, draw, text_losses, token_losses
from .tower import Tower

NOTE_EVERY, WARM_UP, LEVEL_SHARE = 100, 100, 0.4


def learn(
    tower: Tower,
    teacher: SplitScorer,
    caches: list[TokenCache],
    lessons: Lessons,
    notes: tuple[int, Callable[[str], object]] = (1, print),
) -> None:
    """Changes `tower`. `notes`: the seed of the draws, and who is told how it goes."""
    random, say = np.random.default_rng(notes[0]), notes[1]
    torch.manual_seed(notes[0])
    for layers in (False, True) if len(tower.bert.encoder.layer) else (False,):
        name = 'layers' if layers else 'words'
        steps, rate = (lessons.steps, lessons.rate) if layers else (lessons.word_steps, lessons.word_rate)
        weights = [weight for weight_name, weight in tower.named_parameters() if layers or '.layer.' not in weight_name]
        optimiser = torch.optim.AdamW(weights, lr=rate, weight_decay=0.01, betas=(0.9, 0.98))
        sums: dict[str, float] = {}
        for step in range(1, steps + 1):
            losses = _losses(tower, teacher, draw(caches, lessons, random), layers)
            optimiser.param_groups[0]['lr'] = rate * rate_share(step, steps)
            _change(
                optimiser,
                weights,
                sum(getattr(lessons, part) * loss for part, loss in losses.items()),
            )
            sums = {part: sums.get(part, 0.0) + loss.item() for part, loss in losses.items()}
            if step % NOTE_EVERY == 0:
                means = '  '.join(f'{part} {total / NOTE_EVERY:.4f}' for part, total in sums.items())
                say(f'{name}, step {step}/{steps}  {means}')
                sums = {}


def rate_share(step: int, steps: int) -> float:
    """Up over the first steps, level, and down in a line to nothing."""
    return min(1.0, step / WARM_UP, (steps - step + 1) / ((1 - LEVEL_SHARE) * steps))


def _losses(tower: Tower, teacher: SplitScorer, pairs: list, layers: bool) -> dict[str, Tensor]:
    with torch.no_grad():
        query, passage = teacher.readings(pairs)
    small, large = (
        (tower.read(query, layers), tower.read(passage, layers)),
        (query, passage),
    )
    losses = text_losses(small, large, tower.project)
    return losses | token_losses(small, large, tower.project) if layers else losses


def _change(optimiser: torch.optim.Optimizer, weights: list[Tensor], loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(weights, 1.0)
    optimiser.step()
