"""How fast which weights learn: AdamW in groups, and the rate over steps, up, level, and down to zero at the end of the run."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from .settings import Config, Optimiser

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


@dataclass
class Schedule:
    """Level for as long as one likes, so that a run can be extended; `decay_start` may be moved to an earlier step."""

    warmup_steps: int
    decay_steps: int
    decay_start: int

    @classmethod
    def planned(cls, settings: Optimiser) -> Schedule:
        return cls(settings.warmup_steps, settings.decay_steps, max(settings.steps - settings.decay_steps, 0))

    @property
    def steps(self) -> int:
        return self.decay_start + self.decay_steps

    def factor(self, step: int) -> float:
        """Multiplies the learning rate of step `step`, the first being 0; above 0 until the last step is done."""
        up = min(1.0, (step + 1) / max(self.warmup_steps, 1))
        down = 1.0 if step < self.decay_start else (self.steps - step) / max(self.decay_steps + 1, 1)
        return max(0.0, min(up, down))

    def decay_from(self, step: int) -> bool:
        """Starts the decay at `step` unless it began before; True if that changed anything."""
        if step >= self.decay_start:
            return False
        self.decay_start = step
        return True
