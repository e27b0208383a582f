"""What the layers that read a text by itself make of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import BertModel

from train.forward import layer_of, mask_of, there


@dataclass(frozen=True)
class Readings:
    """Texts of a batch, padded. Tokens include [CLS] and [SEP]."""

    ids: Tensor
    """[rows, tokens], int64."""
    lengths: Tensor
    """[rows]"""
    early: Tensor
    """After layer `joint_from`, [rows, tokens, width]."""
    late: Tensor
    """After the last layer."""

    @property
    def there(self) -> Tensor:
        """1 for a token, 0 for padding, [rows, tokens], float32."""
        return there(self.ids, self.lengths)

    @property
    def inside(self) -> Tensor:
        """The same without [CLS] and [SEP]."""
        place = torch.arange(self.ids.shape[1], device=self.ids.device)[None]
        return ((place > 0) & (place < self.lengths[:, None] - 1)).float()

    @property
    def mean(self) -> Tensor:
        """The bi-encoder's vector, not normalised: the mean of the last layer over all tokens, [rows, width]."""
        return (self.late * self.there[..., None]).sum(1) / self.lengths[:, None]


def read(bert: BertModel, ids: Tensor, lengths: Tensor, joint_from: int) -> Readings:
    """Runs the layers over texts that stand alone: token type 0, positions from 0."""
    early = read_early(bert, ids, lengths, joint_from)
    return read_on(bert, ids, lengths, early, joint_from)


def read_early(bert: BertModel, ids: Tensor, lengths: Tensor, joint_from: int) -> Tensor:
    """What the layers up to `joint_from` make of the texts, [rows, tokens, width]."""
    return _through(bert.encoder.layer[:joint_from], bert.embeddings(input_ids=ids), mask_of(there(ids, lengths)))


def read_on(bert: BertModel, ids: Tensor, lengths: Tensor, early: Tensor, joint_from: int) -> Readings:
    """The rest, from what the layers up to `joint_from` made."""
    late = _through(bert.encoder.layer[joint_from:], early, mask_of(there(ids, lengths)))
    return Readings(ids, lengths, early, late)


def _through(layers: Iterable[nn.Module], x: Tensor, mask: Tensor) -> Tensor:
    for layer in layers:
        x = layer_of(layer, x, x, mask)
    return x
