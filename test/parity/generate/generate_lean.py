"""Writes ../lean.json.gz and ../lean-modernbert.json.gz: tiny rerankers as others ship them, and what transformers computes.

    python test/parity/generate/generate_lean.py

Random weights and random token ids. Each model is there as model.safetensors and as ONNX files of several exporters'
forms: attention written out or as PyTorch's own function, opset 14 (norms in parts) and 17, and what the optimizer of
onnxruntime fuses; each ModernBERT as model.safetensors alone. Needs requirements-families.txt.
"""
import base64
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers as hf
from onnxruntime.transformers import optimizer
from safetensors.torch import save_file

from family_models import SMALL, Graph, fill
from golden_file import VERSIONS, write

WORDS, LIMIT = 60, 64
TYPED, UNTYPED = ('input_ids', 'attention_mask', 'token_type_ids'), ('input_ids', 'attention_mask')
AT_0 = SMALL | dict(vocab_size=WORDS, max_position_embeddings=LIMIT)
BEHIND_PADDING = SMALL | dict(vocab_size=WORDS, max_position_embeddings=LIMIT + 2, type_vocab_size=1, pad_token_id=1)
MODELS = {
    'bert': (hf.BertForSequenceClassification(hf.BertConfig(**AT_0, num_labels=1)), TYPED),
    'bert, three labels': (hf.BertForSequenceClassification(hf.BertConfig(**AT_0, num_labels=3)), TYPED),
    'bert, no segments': (hf.BertForSequenceClassification(hf.BertConfig(**AT_0, num_labels=1)), UNTYPED),
    'roberta': (hf.RobertaForSequenceClassification(hf.RobertaConfig(**BEHIND_PADDING, num_labels=1)), UNTYPED),
    'xlm-roberta, two labels': (hf.XLMRobertaForSequenceClassification(hf.XLMRobertaConfig(**BEHIND_PADDING, num_labels=2)), UNTYPED),
    'electra': (hf.ElectraForSequenceClassification(hf.ElectraConfig(**AT_0, embedding_size=8, num_labels=1)), TYPED),
}
MODERN = dict(vocab_size=WORDS, hidden_size=16, intermediate_size=24, num_hidden_layers=4, num_attention_heads=2, max_position_embeddings=LIMIT,
              local_attention=8, pad_token_id=0, bos_token_id=1, eos_token_id=2, cls_token_id=1, sep_token_id=2)
MODERN_MODELS = {
    'modernbert, first token': hf.ModernBertForSequenceClassification(hf.ModernBertConfig(**MODERN, num_labels=1)),
    'modernbert, mean': hf.ModernBertForSequenceClassification(hf.ModernBertConfig(**MODERN, num_labels=2, classifier_pooling='mean')),
    'modernbert, biases': hf.ModernBertForSequenceClassification(hf.ModernBertConfig(
        **MODERN | dict(num_hidden_layers=3, global_attn_every_n_layers=2), num_labels=1, attention_bias=True, mlp_bias=True, norm_bias=True, classifier_bias=True)),
    'modernbert, encoder': hf.ModernBertModel(hf.ModernBertConfig(**MODERN | dict(num_hidden_layers=2))),
}
FORMS = {'eager, opset 17': ('eager', 17), 'sdpa, opset 14': ('sdpa', 14)}
LENGTHS = (3, 7, 12, 20, 33, 47, 63, 64)


def export(model: torch.nn.Module, inputs: tuple[str, ...], path: Path, attention: str, opset: int) -> None:
    """Traced on a padded batch, so that the mask is not folded away."""
    model.set_attn_implementation(attention)
    ids = torch.randint(5, WORDS, (2, 16), generator=torch.Generator().manual_seed(7))
    mask, types = torch.ones_like(ids), torch.zeros_like(ids)
    mask[1, 11:], types[:, 6:] = 0, 1
    values = {'input_ids': ids, 'attention_mask': mask, 'token_type_ids': types}
    axes = {name: {0: 'batch', 1: 'length'} for name in inputs} | {'logits': {0: 'batch'}}
    torch.onnx.export(Graph(model, inputs, 'logits').eval(), tuple(values[name] for name in inputs), str(path),
                      input_names=list(inputs), output_names=['logits'], dynamic_axes=axes, opset_version=opset, dynamo=False)


def files(model: torch.nn.Module, inputs: tuple[str, ...], folder: Path) -> dict[str, str]:
    path = folder / 'model'
    save_file({name: weight.contiguous() for name, weight in model.state_dict().items()}, path)
    made = {'safetensors': encoded(path)}
    for form, (attention, opset) in FORMS.items():
        export(model, inputs, path, attention, opset)
        made[form] = encoded(path)
        if model.config.model_type != 'electra':
            fused = optimizer.optimize_model(str(path), 'bert', num_heads=2, hidden_size=16, opt_level=1)
            fused.save_model_to_file(str(path))
            made[f'{form}, fused'] = encoded(path)
    return made


def encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def rows(model: torch.nn.Module, inputs: tuple[str, ...]) -> list[dict]:
    model.set_attn_implementation('eager')
    source, made = np.random.default_rng(3), []
    for length in LENGTHS:
        ids = source.integers(5, WORDS, length)
        start = int(length // 3) if 'token_type_ids' in inputs else length
        types = (np.arange(length) >= start).astype(np.int64)
        values = {'input_ids': ids, 'attention_mask': np.ones_like(ids), 'token_type_ids': types}
        with torch.no_grad():
            found = model(**{name: torch.from_numpy(values[name])[None] for name in inputs})
            # Of an encoder alone: the numbers of all tokens, one after the other.
            logits = (found.logits[0] if 'logits' in found else found.last_hidden_state[0].flatten()).tolist()
        made.append({'ids': ids.tolist(), 'secondSegmentStart': start, 'logits': [round(logit, 7) for logit in logits]})
    return made


def modern(name: str, model: torch.nn.Module) -> dict:
    fill(model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'model'
        save_file({name: weight.contiguous() for name, weight in model.state_dict().items()}, path)
        return {'name': name, 'config': model.config.to_dict(), 'rows': rows(model, UNTYPED), 'files': {'safetensors': encoded(path)}}


def main() -> None:
    write('lean-modernbert.json.gz', {'madeWith': VERSIONS, 'models': [modern(name, model) for name, model in MODERN_MODELS.items()]})
    made = []
    for name, (model, inputs) in MODELS.items():
        fill(model)
        with tempfile.TemporaryDirectory() as folder:
            config = model.config.to_dict()
            made.append({'name': name, 'config': config, 'rows': rows(model, inputs), 'files': files(model, inputs, Path(folder))})
    write('lean.json.gz', {'madeWith': VERSIONS, 'models': made})


if __name__ == '__main__':
    main()
