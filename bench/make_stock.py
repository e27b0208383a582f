"""Writes the stock graph of a model folder, the way others ship it: the thing the benchmarks compare with.

    python bench/make_stock.py MODEL_DIR OUT_DIR

OUT_DIR gets config.json, tokenizer.json, tokenizer_config.json, onnx/model.onnx (fp32, inputs input_ids,
attention_mask and token_type_ids, int64 [B, L]) and onnx/model_quantized.onnx (dynamic int8, per channel, as
`onnxruntime.quantization` makes it with its defaults). The fp32 file is refused unless it equals PyTorch.
"""

import argparse
import shutil
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from transformers import AutoModelForSequenceClassification, AutoTokenizer, PreTrainedModel

INPUTS = ('input_ids', 'attention_mask', 'token_type_ids')
PARITY_PAIRS = [
    ('how do I reset the router', 'Hold the reset button for ten seconds until the light turns amber.'),
    ('What is the boiling point of water at high altitude?', 'Water boils at a lower temperature in the mountains. ' * 12),
    ('short', 'x'),
]
TOLERANCE = 1e-4


class Logits(torch.nn.Module):
    """Takes plain tensors and gives the logits, so that no mask or cache object is traced as an input."""

    def __init__(self, model: PreTrainedModel):
        super().__init__()
        self.model = model

    def forward(self, *inputs):
        return self.model(**dict(zip(INPUTS, inputs))).logits


def inputs_of(model: PreTrainedModel) -> tuple[str, ...]:
    """Token types are no input of a model that has only one, as XLM-R."""
    return INPUTS if getattr(model.config, 'type_vocab_size', 1) > 1 else INPUTS[:2]


def export_stock(model: PreTrainedModel, path: Path, vocab_size: int) -> None:
    """Exports with free batch and length; traced on a padded batch, so that the mask is not folded away."""
    generator = torch.Generator().manual_seed(7)
    ids = torch.randint(5, vocab_size, (2, 16), generator=generator)
    mask, types = torch.ones_like(ids), torch.zeros_like(ids)
    mask[1, 11:], types[:, 6:] = 0, 1
    names = inputs_of(model)
    axes = {name: {0: 'batch', 1: 'length'} for name in names} | {'logits': {0: 'batch'}}
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(Logits(model).eval(), (ids, mask, types)[: len(names)], str(path), input_names=list(names), output_names=['logits'],
                      dynamic_axes=axes, opset_version=17, dynamo=False)


def largest_difference(model: PreTrainedModel, path: Path, batches: list[dict]) -> float:
    """Largest |ONNX - PyTorch| over batches of tensors with the three inputs."""
    session = onnxruntime.InferenceSession(str(path), providers=['CPUExecutionProvider'])
    worst = 0.0
    for batch in batches:
        with torch.no_grad():
            wanted = model(**batch).logits.numpy()
        got = session.run(['logits'], {name: batch[name].numpy().astype(np.int64) for name in inputs_of(model)})[0]
        worst = max(worst, float(np.abs(got - wanted).max()))
    return worst


def load_model(model_dir: Path) -> PreTrainedModel:
    return AutoModelForSequenceClassification.from_pretrained(model_dir, dtype=torch.float32, attn_implementation='eager').eval()


def main() -> int:
    parser = argparse.ArgumentParser(description='Write the stock ONNX graph of a BERT or XLM-R cross-encoder, fp32 and int8.')
    parser.add_argument('model_dir', type=Path)
    parser.add_argument('out_dir', type=Path)
    options = parser.parse_args()
    model, tokenizer = load_model(options.model_dir), AutoTokenizer.from_pretrained(options.model_dir)
    plain = options.out_dir / 'onnx' / 'model.onnx'
    export_stock(model, plain, model.config.vocab_size)
    batches = [dict(tokenizer(*map(list, zip(*PARITY_PAIRS)), padding=True, return_tensors='pt'))]
    batches += [dict(tokenizer(query, text, return_tensors='pt')) for query, text in PARITY_PAIRS]
    worst = largest_difference(model, plain, batches)
    if worst > TOLERANCE:
        plain.unlink()
        print(f'error: the exported graph differs from PyTorch by {worst:.2g}; try another torch version', file=sys.stderr)
        return 1
    quantize_dynamic(plain, plain.with_name('model_quantized.onnx'), per_channel=True, weight_type=QuantType.QInt8)
    for name in ('config.json', 'tokenizer.json', 'tokenizer_config.json'):
        shutil.copyfile(options.model_dir / name, options.out_dir / name)
    print(f'wrote {options.out_dir}; fp32 equals PyTorch to {worst:.1g}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
