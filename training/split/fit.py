"""Fits what is counted before the layers on top learn: a few thousand weights, a thousand pairs a second on one core.

Without it the layers on top spend their first hundred thousand pairs beside a head that still looks for its balance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from train.cache import TokenCache
from train.losses import losses_of
from train.sampler import ListSampler
from train.score import score_lists
from train.settings import Config

from .score import SplitScorer

RATE, PRINT_EVERY = 3e-3, 250
#: Lists a step: more than in a run, for less noise in a head this small.
LISTS = 8


def fit_matches(
    scorer: SplitScorer, caches: list[TokenCache], config: Config, steps: int, say: Callable[[str], None]
) -> None:
    """Trains `matches` alone with the losses of the run; the rest says nothing meanwhile."""
    model, weights = scorer.model, [one for one in scorer.model.matches.parameters() if one.requires_grad]
    config = replace(config, optimiser=replace(config.optimiser, lists=LISTS))
    sampler = ListSampler(caches, config, config.data.held_out if not config.data.held_out_pools else 0.0)
    optimiser = torch.optim.AdamW(weights, lr=RATE, weight_decay=config.optimiser.weight_decay, betas=(0.9, 0.98))
    joint, model.joint, total = model.joint, torch.nn.ModuleList(), 0.0
    try:
        for step in range(steps):
            for group in optimiser.param_groups:
                group['lr'] = RATE * min(1, (step + 1) / 50, 2 * (1 - step / steps))
            scored = score_lists(scorer, sampler.draw(step), config.optimiser.chunk_tokens)
            found = losses_of(scored.logits, scored.labels, scored.teacher, scored.there, config.loss)
            optimiser.zero_grad(set_to_none=True)
            found['loss'].backward()
            optimiser.step()
            total += found['listwise'].item()
            if (step + 1) % PRINT_EVERY == 0:
                say(f'matches: step {step + 1}/{steps}, list loss {total / PRINT_EVERY:.4f}')
                total = 0.0
    finally:
        model.joint = joint
