"""Writes the tiny model of test/fixtures as GGUF files, as llama.cpp wants to load it.

    python test/parity/servers/llama_cpp_model.py FOLDER

two-types.gguf: its weights as they are. llama.cpp reads every token as of type 0, the query's, so its numbers are others.
one-type.gguf: the same with the row of type 1 made equal to that of type 0, which takes nothing away from what can be
compared; one-type/ has the same weights for this library.

The converter of llama.cpp leaves out the pooler of a BERT-type reranker; here it is the first layer of the head.
"""

import json
import shutil
import sys
from pathlib import Path

import gguf
import numpy as np
import onnx
from onnx import numpy_helper
from stock_weights import stock_weights

STOCK = Path(__file__).resolve().parents[2] / 'fixtures' / 'tiny-bert-stock'
TYPES = 'model.bert.embeddings.token_type_embeddings.weight'

EMBEDDINGS = {
    'word_embeddings': 'token_embd',
    'token_type_embeddings': 'token_types',
    'position_embeddings': 'position_embd',
    'LayerNorm': 'token_embd_norm',
}
LAYER = {
    'attention.self.query': 'attn_q',
    'attention.self.key': 'attn_k',
    'attention.self.value': 'attn_v',
    'attention.output.dense': 'attn_output',
    'attention.output.LayerNorm': 'attn_output_norm',
    'intermediate.dense': 'ffn_up',
    'output.dense': 'ffn_down',
    'output.LayerNorm': 'layer_output_norm',
}


def gguf_name(name: str) -> str:
    """The name that llama.cpp has for a weight of BertForSequenceClassification."""
    module, kind = name.removeprefix('bert.').rsplit('.', 1)
    if module == 'pooler.dense':
        return f'cls.{kind}'
    if module == 'classifier':
        return f'cls.output.{kind}'
    if module.startswith('embeddings.'):
        return f'{EMBEDDINGS[module.removeprefix("embeddings.")]}.{kind}'
    _, _, layer, rest = module.split('.', 3)
    return f'blk.{layer}.{LAYER[rest]}.{kind}'


def write_gguf(path: Path, folder: Path, weights: dict[str, np.ndarray]) -> None:
    config = json.loads((folder / 'config.json').read_text())
    writer = gguf.GGUFWriter(path, 'bert')
    writer.add_name('tiny')
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_block_count(config['num_hidden_layers'])
    writer.add_context_length(config['max_position_embeddings'])
    writer.add_embedding_length(config['hidden_size'])
    writer.add_feed_forward_length(config['intermediate_size'])
    writer.add_head_count(config['num_attention_heads'])
    writer.add_layer_norm_eps(config['layer_norm_eps'])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.RANK)
    add_tokenizer(writer, json.loads((folder / 'tokenizer.json').read_text()), config)
    for name, value in weights.items():
        writer.add_tensor(gguf_name(name), value.astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_tokenizer(writer: gguf.GGUFWriter, tokenizer: dict, config: dict) -> None:
    ids = tokenizer['model']['vocab']
    special = {one['content'] for one in tokenizer['added_tokens'] if one['special']}
    tokens = sorted(ids, key=ids.get)

    # llama.cpp marks where a word begins, WordPiece where it goes on.
    def marked(token: str) -> str:
        if token in special:
            return token
        return token.removeprefix('##') if token.startswith('##') else f'\u2581{token}'

    writer.add_tokenizer_model('bert')
    writer.add_tokenizer_pre('default')
    writer.add_token_type_count(config['type_vocab_size'])
    writer.add_token_list([marked(token) for token in tokens])
    kinds = gguf.TokenType
    writer.add_token_types([kinds.CONTROL if token in special else kinds.NORMAL for token in tokens])
    writer.add_bos_token_id(ids['[CLS]'])
    writer.add_eos_token_id(ids['[SEP]'])
    writer.add_sep_token_id(ids['[SEP]'])
    writer.add_pad_token_id(ids['[PAD]'])
    writer.add_unk_token_id(ids['[UNK]'])
    writer.add_mask_token_id(ids['[MASK]'])
    # [CLS] query [SEP] text [SEP]: its server puts the end mark behind both.
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(True)
    writer.add_add_sep_token(False)


def main(folder: Path) -> None:
    model = onnx.load(STOCK / 'model.onnx')
    one_type = folder / 'one-type'
    one_type.mkdir(parents=True, exist_ok=True)
    write_gguf(folder / 'two-types.gguf', STOCK, stock_weights(model))
    for initializer in model.graph.initializer:
        if initializer.name == TYPES:
            rows = numpy_helper.to_array(initializer)
            initializer.CopyFrom(numpy_helper.from_array(np.stack([rows[0], rows[0]]), TYPES))
    for name in ('config.json', 'tokenizer.json', 'tokenizer_config.json'):
        shutil.copy(STOCK / name, one_type / name)
    onnx.save(model, one_type / 'model.onnx')
    write_gguf(folder / 'one-type.gguf', STOCK, stock_weights(model))


if __name__ == '__main__':
    main(Path(sys.argv[1]))
