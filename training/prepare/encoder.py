"""python -m prepare.encoder MODEL.onnx TOKENIZER.json OUT [--pooling mean|cls] [--query-prompt 'query: '] [--passage-prompt ...]

Makes a plain Hugging Face folder of a BERT that a registry has as ONNX alone. An exporter renames what it transposes
("onnx::MatMul_1525"); the bias that is added afterwards keeps its name, and says whose matrix it was. Pooling and prompts
go where sentence-transformers keeps them (`1_Pooling`, `config_sentence_transformers.json`), and `mine` reads them there.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors.numpy import save_file

from prepare.errors import DataError, ends_in_one_line

#: Heads of a BERT are 64 wide, in small ones 32: the graph hides the number in reshapes.
HEAD_SIZES = {384: 32}
TOKENIZER_CONFIG = {'tokenizer_class': 'BertTokenizer', 'do_lower_case': True, 'model_max_length': 512}


def weights_of(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Every named parameter of the graph, linear layers as PyTorch keeps them, [outputs, inputs]."""
    values = {one.name: one for one in model.graph.initializer}
    found = {
        name: numpy_helper.to_array(one)
        for name, one in values.items()
        if name.endswith(('.weight', '.bias')) and one.data_type == onnx.TensorProto.FLOAT
    }
    products = {node.output[0]: node for node in model.graph.node if node.op_type == 'MatMul'}
    for node in model.graph.node:
        bias = next((name for name in node.input if name in values and name.endswith('.bias')), None)
        product = next((products[name] for name in node.input if name in products), None)
        if node.op_type == 'Add' and bias and product and product.input[1] in values:
            matrix = numpy_helper.to_array(values[product.input[1]])
            found[bias.removesuffix('bias') + 'weight'] = np.ascontiguousarray(matrix.T)
    return found


def config_of(weights: dict[str, np.ndarray]) -> dict:
    """A BertConfig, read off the sizes of the weights. Throws DataError where they are no whole BERT."""
    words = weights.get('embeddings.word_embeddings.weight')
    if words is None:
        raise DataError('the graph has no embeddings.word_embeddings.weight; only a BERT in float32 can be read')
    layers = len({name.split('.')[2] for name in weights if name.startswith('encoder.layer.')})
    for layer in range(layers):
        for part in ('attention.self.query', 'attention.self.key', 'attention.self.value', 'attention.output.dense'):
            if f'encoder.layer.{layer}.{part}.weight' not in weights:
                raise DataError(f'the graph has no matrix of encoder.layer.{layer}.{part}; was it quantised?')
    hidden = words.shape[1]
    return {
        'architectures': ['BertModel'],
        'model_type': 'bert',
        'hidden_act': 'gelu',
        'hidden_size': hidden,
        'intermediate_size': weights['encoder.layer.0.intermediate.dense.weight'].shape[0],
        'layer_norm_eps': 1e-12,
        'max_position_embeddings': weights['embeddings.position_embeddings.weight'].shape[0],
        'num_attention_heads': max(1, hidden // HEAD_SIZES.get(hidden, 64)),
        'num_hidden_layers': layers,
        'type_vocab_size': weights['embeddings.token_type_embeddings.weight'].shape[0],
        'vocab_size': words.shape[0],
    }


def write_encoder(onnx_file: Path, tokenizer: Path, out: Path, pooling: str = 'mean', prompts: dict | None = None) -> None:
    """Writes the folder: config.json, model.safetensors (float32, to the bit), the tokenizer, pooling and prompts."""
    weights = weights_of(onnx.load(onnx_file))
    config = config_of(weights)
    out.mkdir(parents=True, exist_ok=True)
    save_file(weights, out / 'model.safetensors', metadata={'format': 'pt'})
    _write(out / 'config.json', config)
    _write(out / 'tokenizer_config.json', TOKENIZER_CONFIG)
    _write(out / 'tokenizer.json', json.loads(tokenizer.read_text(encoding='utf-8')) | {'truncation': None, 'padding': None})
    (out / '1_Pooling').mkdir(exist_ok=True)
    _write(
        out / '1_Pooling' / 'config.json',
        {
            'word_embedding_dimension': config['hidden_size'],
            'pooling_mode_cls_token': pooling == 'cls',
            'pooling_mode_mean_tokens': pooling == 'mean',
        },
    )
    _write(out / 'config_sentence_transformers.json', {'prompts': prompts or {}})


def _write(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + '\n', encoding='utf-8')


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m prepare.encoder', description='Make a folder of an encoder in ONNX.')
    parser.add_argument('onnx', type=Path)
    parser.add_argument('tokenizer', type=Path)
    parser.add_argument('out', type=Path)
    parser.add_argument('--pooling', choices=('mean', 'cls'), default='mean')
    parser.add_argument('--query-prompt', default='')
    parser.add_argument('--passage-prompt', default='')
    options = parser.parse_args(arguments)
    prompts = {'query': options.query_prompt, 'passage': options.passage_prompt}
    write_encoder(options.onnx, options.tokenizer, options.out, options.pooling, prompts)
    print(f'wrote {options.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
