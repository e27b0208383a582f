"""The four losses over a batch of lists. Every tensor is [lists, candidates]; `there` is False where a list is shorter."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from .settings import Loss

NEVER = -1e9


def losses_of(logits: Tensor, labels: Tensor, teacher: Tensor, there: Tensor, settings: Loss) -> dict[str, Tensor]:
    """Each loss by name, unweighted, and their weighted sum as 'loss'.

    `labels` are 0 to 1, or below 0 where unjudged; `teacher` is 0 to 1, NaN throughout a list that no teacher scored.
    """
    labels = _settle(labels, there, settings.unjudged)
    parts = {
        'listwise': listwise(logits, labels, there),
        'binary': binary(logits, labels, there),
        'distil': divergence(logits, teacher, there, settings.temperature),
        'margin': margins(logits, teacher, there, settings.temperature),
    }
    total = sum(getattr(settings, name) * value for name, value in parts.items())
    return {'loss': total, **parts}


def _settle(labels: Tensor, there: Tensor, unjudged: str) -> Tensor:
    """Unjudged candidates of a list with a positive become negatives if so wished; others stay unjudged."""
    if unjudged == 'ignore':
        return labels
    positive = ((labels > 0) & there).any(1, keepdim=True)
    return torch.where((labels < 0) & positive, torch.zeros_like(labels), labels)


def listwise(logits: Tensor, labels: Tensor, there: Tensor) -> Tensor:
    """Cross-entropy of the softmax over the judged against the labels as shares; lists with both kinds only."""
    judged = (labels >= 0) & there
    gains = torch.where(judged, labels, torch.zeros_like(labels))
    usable = (gains.sum(1) > 0) & (judged & (labels == 0)).any(1)
    log_share = torch.log_softmax(logits.masked_fill(~judged, NEVER), 1)
    target = gains / gains.sum(1, keepdim=True).clamp(min=1e-6)
    return _mean(-(target * log_share).sum(1), usable)


def binary(logits: Tensor, labels: Tensor, there: Tensor) -> Tensor:
    """Sigmoid cross-entropy, mean over the judged of a list, then over lists."""
    judged = (labels >= 0) & there
    each = functional.binary_cross_entropy_with_logits(logits, labels.clamp(0, 1), reduction='none')
    return _mean((each * judged).sum(1) / judged.sum(1).clamp(min=1), judged.any(1))


def divergence(logits: Tensor, teacher: Tensor, there: Tensor, temperature: float) -> Tensor:
    """Kullback-Leibler divergence of the student's softmax from the teachers'."""
    taught, teacher = _taught(teacher, there)
    target = torch.log_softmax((teacher / temperature).masked_fill(~there, NEVER), 1)
    found = torch.log_softmax(logits.masked_fill(~there, NEVER), 1)
    each = torch.where(there, target.exp() * (target - found), torch.zeros_like(found))
    return _mean(each.sum(1), taught)


def margins(logits: Tensor, teacher: Tensor, there: Tensor, temperature: float) -> Tensor:
    """Squared difference of the margins below the teachers' best, in units of the teachers' score."""
    taught, teacher = _taught(teacher, there)
    best = teacher.masked_fill(~there, NEVER).argmax(1, keepdim=True)
    wanted = teacher.gather(1, best) - teacher
    found = (logits.gather(1, best) - logits) * temperature
    each = torch.where(there, (found - wanted) ** 2, torch.zeros_like(found))
    return _mean(each.sum(1) / (there.sum(1) - 1).clamp(min=1), taught)


def _taught(teacher: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
    missing = torch.isnan(teacher)
    return ~(missing & there).any(1), torch.where(missing, torch.zeros_like(teacher), teacher)


def _mean(each: Tensor, usable: Tensor) -> Tensor:
    """Mean over the usable lists; 0 without any."""
    return torch.where(usable, each, torch.zeros_like(each)).sum() / usable.sum().clamp(min=1)
