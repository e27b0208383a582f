"""Writes a cross-encoder of another size, for benchmarks of time:

    python bench/make_shapes.py MODEL_DIR l2|l4|l12|xlm-r-base|modernbert-32m OUT_DIR

l2, l4 and l12 have the layers of MODEL_DIR, of which the first are kept or which are repeated, so that activations are like
those of a trained model; what they score means nothing. xlm-r-base is the base size of XLM-R, modernbert-32m the size of Ettin's
32 million, with random weights and the tokenizer of MODEL_DIR.
"""

import argparse
import json
import shutil
from pathlib import Path

import torch
from transformers import (AutoConfig, BertForSequenceClassification, ModernBertConfig, ModernBertForSequenceClassification,
                          XLMRobertaConfig, XLMRobertaForSequenceClassification)

TOKENIZER = ('tokenizer.json', 'tokenizer_config.json')


def with_layers(model_dir: Path, count: int) -> BertForSequenceClassification:
    config = AutoConfig.from_pretrained(model_dir)
    source = BertForSequenceClassification.from_pretrained(model_dir, dtype=torch.float32)
    had = config.num_hidden_layers
    config.num_hidden_layers = count
    model = BertForSequenceClassification(config)
    wanted = {}
    for name in model.state_dict():
        parts = name.split('.')
        if parts[:3] == ['bert', 'encoder', 'layer']:
            parts[3] = str(int(parts[3]) % had)
        wanted[name] = source.state_dict()['.'.join(parts)].clone()
    model.load_state_dict(wanted)
    return model


def xlm_r_base(model_dir: Path) -> XLMRobertaForSequenceClassification:
    torch.manual_seed(21)
    words = AutoConfig.from_pretrained(model_dir).vocab_size
    # As in the published model, but for the table of words, which costs no time.
    config = XLMRobertaConfig(vocab_size=words, max_position_embeddings=514, type_vocab_size=1, num_labels=1,
                              pad_token_id=0, bos_token_id=None, eos_token_id=None, layer_norm_eps=1e-5)
    return XLMRobertaForSequenceClassification(config)


def modernbert_32m(model_dir: Path) -> ModernBertForSequenceClassification:
    torch.manual_seed(21)
    words = AutoConfig.from_pretrained(model_dir).vocab_size
    config = ModernBertConfig(vocab_size=words, hidden_size=384, intermediate_size=576, num_hidden_layers=10, num_attention_heads=6,
                              max_position_embeddings=512, num_labels=1, pad_token_id=0, bos_token_id=None, eos_token_id=None,
                              cls_token_id=101, sep_token_id=102, initializer_range=.06)
    return ModernBertForSequenceClassification(config)


RANDOM = {'xlm-r-base': xlm_r_base, 'modernbert-32m': modernbert_32m}


def main() -> None:
    parser = argparse.ArgumentParser(description='Write a cross-encoder of another size.')
    parser.add_argument('model_dir', type=Path)
    parser.add_argument('shape', choices=['l2', 'l4', 'l12', *RANDOM])
    parser.add_argument('out_dir', type=Path)
    options = parser.parse_args()
    is_bert = options.shape not in RANDOM
    model = with_layers(options.model_dir, int(options.shape[1:])) if is_bert else RANDOM[options.shape](options.model_dir)
    model.save_pretrained(options.out_dir)
    for name in TOKENIZER:
        shutil.copyfile(options.model_dir / name, options.out_dir / name)
    if not is_bert:
        # Its only token type is 0.
        path = options.out_dir / 'tokenizer_config.json'
        path.write_text(json.dumps(json.loads(path.read_text()) | {'model_input_names': ['input_ids', 'attention_mask']}))


if __name__ == '__main__':
    main()
