"""The logits of a chunk of pairs, with less work than the stock forward pass and the same numbers.

The last layer computes everything but keys and values for [CLS] alone, as the exported graph does, and frozen parts
leave no trace for the backward pass.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional
from transformers import BertForSequenceClassification


def logits_of(model: BertForSequenceClassification, ids: Tensor, types: Tensor, lengths: Tensor) -> Tensor:
    """One logit a row, float32. `ids` and `types` are [rows, longest]; a row counts up to its length."""
    mask = mask_of(there(ids, lengths))
    x = model.bert.embeddings(input_ids=ids, token_type_ids=types)
    layers = model.bert.encoder.layer
    for layer in layers[:-1]:
        x = layer_of(layer, x, x, mask)
    first = layer_of(layers[-1], x[:, :1], x, mask)[:, 0]
    pooled = torch.tanh(model.bert.pooler.dense(first))
    return model.classifier(pooled)[:, 0].float()


def there(ids: Tensor, lengths: Tensor) -> Tensor:
    """1 for a token, 0 for padding, [rows, tokens], float32."""
    return (torch.arange(ids.shape[1], device=ids.device)[None] < lengths[:, None]).float()


def mask_of(there: Tensor) -> Tensor:
    """What attention adds to its scores, [rows, 1, 1, tokens]: nothing for tokens, enough to hide padding."""
    return torch.zeros_like(there).masked_fill_(there == 0, -1e9)[:, None, None]


def layer_of(layer, x: Tensor, context: Tensor, mask: Tensor) -> Tensor:
    """One encoder layer for the rows of `x`, which look at `context`."""
    attention = layer.attention
    attended = attention.output.dense(_attend(attention.self, x, context, mask))
    x = attention.output.LayerNorm(attended + x)
    inner = functional.gelu(layer.intermediate.dense(x))
    return layer.output.LayerNorm(layer.output.dense(inner) + x)


def _attend(part, x: Tensor, context: Tensor, mask: Tensor) -> Tensor:
    heads = part.num_attention_heads
    query, key, value = (_by_head(one, heads) for one in _projected(part, x, context))
    if x.device.type == 'cuda':
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask.to(query.dtype))
    elif query.dtype == torch.bfloat16:
        mixed = _attend_in_bfloat16(query, key, value, mask)
    else:
        weights = torch.softmax(query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5 + mask, -1)
        mixed = weights @ value
    return mixed.transpose(1, 2).flatten(2)


def _projected(part, x: Tensor, context: Tensor) -> tuple[Tensor, ...]:
    """Query, key and value; in one product where the rows look at themselves."""
    if x is not context:
        return part.query(x), part.key(context), part.value(context)
    layers = part.query, part.key, part.value
    weight, bias = (torch.cat([getattr(layer, name) for layer in layers]) for name in ('weight', 'bias'))
    return functional.linear(x, weight, bias).chunk(3, -1)


def _attend_in_bfloat16(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """Nothing of the size of the scores is widened to float32: on a CPU that takes longer than the products."""
    with torch.autocast('cpu', enabled=False):
        scores = (query * query.shape[-1] ** -0.5).contiguous() @ key.contiguous().transpose(-1, -2)
        return torch.softmax(scores.add_(mask.to(scores.dtype)), -1) @ value.contiguous()


def _by_head(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)
