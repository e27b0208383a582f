"""The reference implementation of a model folder in PyTorch: one pair in, its fp32 logit out.

A BERT with one logit is the one of `transformers`; a split reranker the one of `training/split`, which this folder needs
for that. Both take what `transformers` makes of a pair.
"""
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from transformers import BatchEncoding, BertForSequenceClassification

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / 'training'))
from split.files import load_split  # noqa: E402
from split.shape import is_split  # noqa: E402

Reference = Callable[[BatchEncoding], float]


def reference_of(weights: Path) -> Reference:
    """`weights` holds config.json and model.safetensors."""
    return _split(weights) if is_split(weights) else _bert(weights)


def _bert(weights: Path) -> Reference:
    model = BertForSequenceClassification.from_pretrained(weights, dtype=torch.float32).eval()

    def logit(encoded: BatchEncoding) -> float:
        with torch.no_grad():
            return model(**encoded).logits.item()

    return logit


def _split(weights: Path) -> Reference:
    """The pair is parted where its second segment begins: [CLS] query [SEP], and [CLS] passage [SEP] with a [CLS] of its own."""
    model = load_split(weights).eval()

    def read(ids: torch.Tensor):
        return model.read(ids[None], torch.tensor([len(ids)]))

    def logit(encoded: BatchEncoding) -> float:
        ids, start = encoded['input_ids'][0], encoded['token_type_ids'][0].tolist().index(1)
        query, passage = ids[:start], torch.cat([ids[:1], ids[start:]])
        with torch.no_grad():
            return model(read(query), read(passage)).item()

    return logit
