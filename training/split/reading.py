"""What the layers that read a text by itself make of it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
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
    mask = mask_of(there(ids, lengths))
    x = bert.embeddings(input_ids=ids)
    early = x
    for number, layer in enumerate(bert.encoder.layer, 1):
        x = layer_of(layer, x, x, mask)
        early = x if number == joint_from else early
    return Readings(ids, lengths, early, x)
