"""A tiny model of each family: its configuration, random weights, and its export as others ship it."""
import torch
import transformers as hf
from transformers.cache_utils import DynamicCache

SMALL = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
DECODER = SMALL | dict(num_key_value_heads=1, head_dim=8, max_position_embeddings=448, tie_word_embeddings=True)
ENCODER_INPUTS = ('input_ids', 'attention_mask')


def bert(size: int) -> torch.nn.Module:
    return hf.BertForSequenceClassification(hf.BertConfig(
        **SMALL, vocab_size=size, max_position_embeddings=64, num_labels=2, id2label={0: 'irrelevant', 1: 'relevant'}))


def roberta(size: int) -> torch.nn.Module:
    return hf.RobertaForSequenceClassification(hf.RobertaConfig(
        **SMALL, vocab_size=size, max_position_embeddings=66, type_vocab_size=1, num_labels=1, pad_token_id=1))


def xlm_roberta(size: int) -> torch.nn.Module:
    return hf.XLMRobertaForSequenceClassification(hf.XLMRobertaConfig(
        **SMALL, vocab_size=size, max_position_embeddings=66, type_vocab_size=1, num_labels=1, pad_token_id=1))


def deberta_v2(size: int) -> torch.nn.Module:
    return hf.DebertaV2ForSequenceClassification(hf.DebertaV2Config(
        **SMALL, vocab_size=size, max_position_embeddings=64, type_vocab_size=0, num_labels=1, relative_attention=True,
        pos_att_type=['p2c', 'c2p'], position_buckets=16, norm_rel_ebd='layer_norm', share_att_key=True,
        position_biased_input=False, pooler_hidden_size=16))


def modernbert(size: int) -> torch.nn.Module:
    return hf.ModernBertForSequenceClassification(hf.ModernBertConfig(
        **SMALL, vocab_size=size, max_position_embeddings=64, num_labels=1, local_attention=16, global_attn_every_n_layers=2,
        pad_token_id=0, cls_token_id=1, sep_token_id=2, bos_token_id=1, eos_token_id=2))


def qwen3(size: int) -> torch.nn.Module:
    return hf.Qwen3ForCausalLM(hf.Qwen3Config(**DECODER, vocab_size=size))


def qwen3_classifier(size: int) -> torch.nn.Module:
    return hf.Qwen3ForSequenceClassification(hf.Qwen3Config(**DECODER, vocab_size=size, num_labels=1, pad_token_id=0))


def qwen2(size: int) -> torch.nn.Module:
    config = {key: value for key, value in DECODER.items() if key != 'head_dim'}
    return hf.Qwen2ForCausalLM(hf.Qwen2Config(**config, vocab_size=size))


def fill(model: torch.nn.Module) -> torch.nn.Module:
    """Weights wide enough that every part of the graph moves the logit."""
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            values = torch.randn(weight.shape, generator=generator) * 0.3
            weight.copy_(values + 1 if 'norm' in name.lower() and name.endswith('weight') else values)
    model.set_attn_implementation('eager')
    return model.eval()


class Graph(torch.nn.Module):
    """Plain tensors in, logits out, so that no mask or cache object is traced as an input."""

    def __init__(self, model: torch.nn.Module, inputs: tuple[str, ...], output: str):
        super().__init__()
        self.model, self.inputs, self.output = model, inputs, output

    def forward(self, *values):
        named = dict(zip(self.inputs, values))
        past = [named.pop(name) for name in self.inputs if name.startswith('past_key_values')]
        if past:
            cache = DynamicCache()
            for layer in range(len(past) // 2):
                cache.update(past[2 * layer], past[2 * layer + 1], layer)
            return self.model(**named, past_key_values=cache, use_cache=True)[self.output]
        decoder = {'use_cache': False} if hasattr(self.model.config, 'use_cache') else {}
        return self.model(**named, **decoder)[self.output]


def export(model: torch.nn.Module, inputs: tuple[str, ...], path: str, output: str = 'logits') -> None:
    """Free batch and length; traced on a padded batch, so that the mask is not folded away. `output`: what the graph gives."""
    generator = torch.Generator().manual_seed(7)
    ids = torch.randint(5, model.config.vocab_size, (2, 16), generator=generator)
    mask, types = torch.ones_like(ids), torch.zeros_like(ids)
    causal = 'position_ids' in inputs
    mask[1, :5 if causal else 16], mask[1, 11:], types[:, 6:] = (0, 1, 1) if causal else (1, 0, 1)
    past_length = 3
    values = {'input_ids': ids, 'attention_mask': mask, 'token_type_ids': types,
              'position_ids': torch.arange(16)[None].repeat(2, 1)}
    axes = {name: {0: 'batch', 1: 'length'} for name in values} | {output: {0: 'batch'}}
    for name in inputs:
        if name.startswith('past_key_values'):
            values[name] = torch.randn(2, model.config.num_key_value_heads, past_length, 8, generator=generator)
            axes[name] = {0: 'batch', 2: 'past'}
    if any(name.startswith('past') for name in inputs):
        values['attention_mask'] = torch.cat([torch.ones(2, past_length, dtype=ids.dtype), mask], 1)
        values['position_ids'] = values['position_ids'] + past_length
        axes['attention_mask'] = {0: 'batch', 1: 'total'}
    if type(model).__name__.endswith('ForCausalLM') or output == 'last_hidden_state':
        axes[output][1] = 'length'
    torch.onnx.export(Graph(model, inputs, output).eval(), tuple(values[name] for name in inputs), path, input_names=list(inputs),
                      output_names=[output], dynamic_axes={name: axes[name] for name in (*inputs, output)},
                      opset_version=17, dynamo=False)
