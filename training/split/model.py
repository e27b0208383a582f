"""Query and passage read apart by a bi-encoder, matched token by token, and read together by a few layers on top.

The parts are known: layers that read apart below and together above (MacAvaney et al., "Efficient Document Re-Ranking for
Transformers by Precomputing Term Representations", SIGIR 2020; Cao et al., "DeFormer", ACL 2020), and soft counts of
matching tokens (K-NRM, Xiong et al. 2017; beside a transformer: CEDR, MacAvaney et al. 2019). What it is for here: the
bi-encoder was trained on a billion pairs, the layers on top on some hundred thousand, so the model begins at what
the bi-encoder and exact matches know and learns where they are wrong.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel
from transformers.models.bert.modeling_bert import BertLayer

from train.forward import layer_of, mask_of

from .matches import Matches
from .reading import Readings, read
from .shape import SplitShape


class SplitReranker(nn.Module):
    """`bert` reads apart; `joint` reads together from `segment`-marked states on; `matches` counts; the logits add up."""

    def __init__(self, shape: SplitShape):
        super().__init__()
        self.shape = shape
        self.joint_alone = False
        """Whether the logit is that of the layers that read together, which then learn to score by themselves."""
        self.joint_beside = False
        """Whether there are two logits, each with losses of its own: that of the matches and that of the joint layers."""
        config = bert_config(shape)
        self.bert = BertModel(config, add_pooling_layer=False)
        self.joint = nn.ModuleList(BertLayer(config) for _ in range(shape.joint_layers))
        self.segment = nn.Parameter(torch.zeros(2, shape.hidden_size))
        self.matches = Matches(shape)
        self.classifier = nn.Linear(shape.hidden_size, 1)

    @property
    def words(self) -> Tensor:
        """The table of word embeddings; matches compare words by it and leave it as it is."""
        return self.bert.embeddings.word_embeddings.weight.detach()

    def read(self, ids: Tensor, lengths: Tensor) -> Readings:
        """[CLS] text [SEP] of each row, read by itself."""
        return read(self.bert, ids, lengths, self.shape.joint_from)

    def forward(self, query: Readings, passage: Readings) -> Tensor:
        """A logit a row, float32; [rows, 2] with `joint_beside`."""
        if self.joint_alone:
            return self._joint(query, passage)
        logits = self.matches(self.words, query, passage)
        if self.joint_beside:
            return torch.stack([logits, self._joint(query, passage)], -1)
        return logits + self._joint(query, passage) if len(self.joint) else logits + self.classifier.bias

    def _joint(self, query: Readings, passage: Readings) -> Tensor:
        """The last layer is computed for the query's [CLS] alone: nothing reads the rest."""
        place, second, present = _side_by_side(query, passage)
        mask = mask_of(present)
        x = torch.cat([query.early, passage.early], 1)
        x = x.gather(1, place[..., None].expand(-1, -1, x.shape[-1]))
        x = x + self.segment[0] + second[..., None] * (self.segment[1] - self.segment[0])
        for layer in self.joint[:-1]:
            x = layer_of(layer, x, x, mask)
        first = layer_of(self.joint[-1], x[:, :1], x, mask)[:, 0]
        return self.classifier(first)[:, 0]


def _side_by_side(query: Readings, passage: Readings) -> tuple[Tensor, Tensor, Tensor]:
    """Where the tokens of both come from once the padding between them is left out, 1 for those of the passage, and 1 for
    a token at all: each [rows, longest pair].

    Places count over the padded query and then the padded passage. Lengths of queries and of passages vary apart from one
    another, so that a third of all rows would be padding.
    """
    total = query.lengths + passage.lengths
    column = torch.arange(int(total.max()), device=total.device)[None]
    own = query.lengths[:, None]
    shifted = torch.where(column < own, column, column - own + query.ids.shape[1])
    last = query.ids.shape[1] + passage.ids.shape[1] - 1
    return shifted.clamp(max=last), (column >= own).float(), (column < total[:, None]).float()


def bert_config(shape: SplitShape) -> BertConfig:
    return BertConfig(
        vocab_size=shape.vocab_size,
        hidden_size=shape.hidden_size,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.intermediate_size,
        max_position_embeddings=shape.max_positions,
        type_vocab_size=2,
        layer_norm_eps=shape.layer_norm_epsilon,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        num_labels=1,
        architectures=['SplitReranker'],
    )
