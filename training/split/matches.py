"""What can be counted about a pair without reading it together, and the numbers made of it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .reading import Readings
from .shape import (
    AVERAGE_LENGTH,
    CONTEXT_KERNELS,
    LENGTH_SHARE,
    OPENING,
    SATURATION,
    STRETCHES,
    TOKEN_OFFSET,
    WORD_KERNELS,
    Kernels,
    SplitShape,
)


class Matches(nn.Module):
    """Features of a pair, [rows, shape.features], and their weighted sum."""

    def __init__(self, shape: SplitShape):
        super().__init__()
        self.register_buffer('rarity', torch.zeros(shape.vocab_size))
        """Inverse document frequency of every entry of the vocabulary, in general English text."""
        self.register_buffer('centre', torch.zeros(shape.features))
        self.register_buffer('spread', torch.ones(shape.features))
        self.token_weight = nn.Linear(shape.hidden_size, 1)
        self.rarity_weight = nn.Parameter(torch.ones(()))
        self.linear = nn.Linear(shape.features, 1)
        self.has_stretches = shape.match_stretches

    def begin(self) -> None:
        """Nothing but the cosine counts at first."""
        for layer in (self.token_weight, self.linear):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        with torch.no_grad():
            self.linear.weight[0, 0] = 1.5

    def forward(self, words: Tensor, query: Readings, passage: Readings) -> Tensor:
        """One number a row. `words` is the table of word embeddings, [vocabulary, width]."""
        return self.linear((self.features(words, query, passage) - self.centre) / self.spread)[:, 0]

    def features(self, words: Tensor, query: Readings, passage: Readings) -> Tensor:
        """One row a pair. Counted over tokens between [CLS] and [SEP]; the cosine of the texts is that of the means over
        all tokens."""
        inside = passage.inside
        weight = functional.softplus(
            self.rarity_weight * self.rarity[query.ids] + self.token_weight(query.late)[..., 0] + TOKEN_OFFSET
        )
        weight = weight * query.inside
        share = weight / (weight.sum(1, keepdim=True) + 1e-6)
        alike = _cosines(functional.embedding(query.ids, words), functional.embedding(passage.ids, words))
        near = _cosines(query.late, passage.late)
        columns = [functional.cosine_similarity(query.mean, passage.mean, dim=-1)]
        for cosines, kernels in ((alike, WORD_KERNELS), (near, CONTEXT_KERNELS)):
            columns += [(share * one).sum(1) for one in _counted(cosines, inside, kernels)]
            best = cosines.masked_fill(inside[:, None] == 0, -1).amax(-1)
            columns.append((share * best).sum(1))
        columns += self._exact(query, passage)
        if self.has_stretches:
            columns += _together(near.clamp(min=0) * inside[:, None], share)
        return torch.stack(columns, 1)

    def _exact(self, query: Readings, passage: Readings) -> list[Tensor]:
        """BM25's sum over equal tokens, absolute and as a share of what the query could get; and the lengths."""
        length = passage.inside.sum(1)
        times = ((query.ids[:, :, None] == passage.ids[:, None]) * passage.inside[:, None]).sum(-1)
        norm = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length / AVERAGE_LENGTH)
        rarity = self.rarity[query.ids] * query.inside
        total, found = rarity.sum(1), (rarity * times / (times + norm[:, None])).sum(1)
        return [found, found / (total + 1e-6), length.log1p(), query.inside.sum(1).log1p(), total.log1p()]


def _together(near: Tensor, share: Tensor) -> list[Tensor]:
    """How much of the query is said close together: of the best stretch of each size (they begin half a size apart), and of
    the passage's opening. `near`: cosines, 0 where negative and beside the passage."""
    found = []
    for size in STRETCHES:
        best = functional.max_pool1d(functional.pad(near, (0, size - 1)), size, size // 2)
        found.append((share[:, None] @ best)[:, 0].amax(-1))
    return [*found, (share * near[..., :OPENING].amax(-1)).sum(1)]


def _cosines(query: Tensor, passage: Tensor) -> Tensor:
    """[rows, query tokens, passage tokens]"""
    return functional.normalize(query, dim=-1) @ functional.normalize(passage, dim=-1).transpose(1, 2)


def _counted(cosines: Tensor, inside: Tensor, kernels: Kernels) -> list[Tensor]:
    """log(1 + soft count) of every query token, a [rows, query tokens] for each kernel."""
    found = []
    for mean, width in zip(kernels.means, kernels.widths):
        near = torch.exp(-((cosines - mean) ** 2) / (2 * width * width))
        found.append(torch.log1p((near * inside[:, None]).sum(-1)))
    return found
