"""Which weights learn how fast."""

from __future__ import annotations

import torch

from .settings import Config


HEAD = ('bert.pooler', 'classifier', 'matches')
JOINT = ('joint.', 'segment')


def adamw(model: torch.nn.Module, config: Config) -> torch.optim.AdamW:
    """Four groups: the new head learns faster, biases and norms do not decay."""
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            factor = config.optimiser.head_factor if name.startswith(HEAD) else 1.0
            factor = config.optimiser.joint_factor if name.startswith(JOINT) else factor
            groups.setdefault((factor, config.optimiser.weight_decay if weight.ndim > 1 else 0.0), []).append(weight)
    return torch.optim.AdamW(
        [
            {'params': params, 'weight_decay': decay, 'factor': factor, 'lr': 0.0}
            for (factor, decay), params in groups.items()
        ],
        betas=(0.9, 0.98),
        eps=1e-8,
    )
