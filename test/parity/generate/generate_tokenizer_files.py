"""Writes tokenizer-files.json.gz: folders with a tokenizer.json and files beside it that say otherwise, and the tokenizer that
`AutoTokenizer` of transformers makes of each.

    .venv/bin/python test/parity/generate/generate_tokenizer_files.py

Vocabularies are left out of what is compared: no class changes one. `null` stands for an error.
"""
import json
import tempfile
from pathlib import Path

from transformers import AutoTokenizer

import family_tokenizers as train
from generate_families import BERT_TOKENS, QWEN_TOKENS, ROBERTA_TOKENS
from golden_file import write

BASES = {'bert': train.bert, 'roberta': train.roberta, 'xlm-roberta': train.xlm_roberta, 'xlm-roberta-older': train.xlm_roberta_older,
         'deberta-v2': train.deberta_v2, 'modernbert': train.modernbert, 'qwen': train.qwen}
KINDS = {'bert': 'bert', 'roberta': 'roberta', 'xlm-roberta': 'xlm-roberta', 'xlm-roberta-older': 'xlm-roberta', 'deberta-v2': 'deberta-v2',
         'modernbert': 'modernbert', 'qwen': 'qwen3'}
TOKENS = {'roberta': ROBERTA_TOKENS, 'xlm-roberta': ROBERTA_TOKENS, 'xlm-roberta-older': ROBERTA_TOKENS, 'qwen': QWEN_TOKENS}
CLASSES = {
    'bert': ['BertTokenizer', 'BertTokenizerFast', 'DistilBertTokenizer', 'ElectraTokenizerFast', 'MPNetTokenizer'],
    'roberta': ['RobertaTokenizer', 'RobertaTokenizerFast', 'GPT2Tokenizer', 'LongformerTokenizer', 'DebertaTokenizer', 'BartTokenizerFast'],
    'xlm-roberta': ['XLMRobertaTokenizer', 'XLMRobertaTokenizerFast', 'CamembertTokenizer'],
    'xlm-roberta-older': ['XLMRobertaTokenizer', 'CamembertTokenizer'],
    'deberta-v2': ['DebertaV2Tokenizer', 'DebertaV2TokenizerFast', 'AlbertTokenizer'],
    'modernbert': ['PreTrainedTokenizerFast', 'RobertaTokenizer'],
    'qwen': ['Qwen2Tokenizer', 'Qwen2TokenizerFast', 'LlamaTokenizerFast'],
}


def token(content: str, **flags) -> dict:
    return {'content': content, 'lstrip': False, 'rstrip': False, 'normalized': False, 'single_word': False, 'special': True} | flags


# What tokenizer_config.json says beside the class.
FLAGS = [
    {}, {'do_lower_case': True}, {'do_lower_case': False}, {'strip_accents': True}, {'strip_accents': False}, {'tokenize_chinese_chars': False},
    {'add_prefix_space': True}, {'add_prefix_space': False}, {'add_prefix_space': None}, {'truncation_side': 'left'}, {'padding_side': 'left'},
    {'model_input_names': ['input_ids', 'attention_mask']}, {'model_input_names': ['input_ids', 'token_type_ids', 'attention_mask']},
    {'added_tokens_decoder': {'4': token('[MASK]', lstrip=True), '9': token('the', special=False, normalized=True)}},
    {'added_tokens_decoder': {'900': token('<new>'), '901': token('<other>', special=False)}},
    {'extra_special_tokens': ['<extra>', '[SEP]']}, {'additional_special_tokens': ['<more>']}, {'extra_special_tokens': {'image_token': '<image>'}},
    {'image_token': '<picture>'}, {'mask_token': {'__type': 'AddedToken', **token('<hole>', lstrip=True)}}, {'pad_token': '<nothing>'},
    {'add_bos_token': True, 'add_eos_token': True}, {'clean_up_tokenization_spaces': True}, {'never_split': ['x']}, {'split_by_punct': True},
    {'keep_accents': True, 'do_lower_case': False}, {'trim_offsets': False}, {'model_max_length': 1e30, 'max_length': 12, 'stride': 3},
    {'split_special_tokens': True}, {'cls_token': None}, {'unk_token': '<nowhere>'},
]
PADDED = {'padding': {'strategy': {'Fixed': 20}, 'direction': 'Right', 'pad_to_multiple_of': 8, 'pad_id': 0, 'pad_type_id': 0, 'pad_token': '[NONE]'}}
# What else may be in a folder: changes to tokenizer.json, and other files.
OTHERS = [
    {'tokenizer.json': {'truncation': {'direction': 'Left', 'max_length': 8, 'strategy': 'LongestFirst', 'stride': 0}}},
    {'tokenizer.json': {'truncation': {'direction': 'Left', 'max_length': 8, 'strategy': 'LongestFirst', 'stride': 0}}, 'config': {'truncation_side': 'right'}},
    {'tokenizer.json': PADDED},
    {'tokenizer.json': {'post_processor': None}}, {'tokenizer.json': {'normalizer': None}}, {'tokenizer.json': {'added_tokens': []}},
    {'special_tokens_map.json': {'mask_token': token('[M]', lstrip=True), 'additional_special_tokens': ['<from-map>']}},
    {'special_tokens_map.json': {'mask_token': '[M]'}, 'config': {'added_tokens_decoder': {'4': token('[MASK]')}}},
    {'added_tokens.json': {'<added>': 700, '[MASK]': 4}}, {'no_config': True}, {'no_config': True, 'tokenizer.json': PADDED}, {'config': {'tokenizer_class': None}},
    {'config.json': {'tokenizer_class': 'PreTrainedTokenizerFast'}, 'config': {'tokenizer_class': None}}, {'config.json': {'model_type': 'unheard-of'}},
    {'config.json': {'model_type': 'modernbert'}}, {'config.json': {'model_type': 'bert'}},
]


def folders(base: str):
    for name in CLASSES[base]:
        for flags in FLAGS:
            yield name, {'config': flags}
        for other in OTHERS:
            yield name, other


def build(base: str, inner: dict, name: str, other: dict, folder: Path) -> dict:
    files = {'tokenizer.json': inner | other.get('tokenizer.json', {}), 'config.json': {'model_type': KINDS[base], **other.get('config.json', {})}}
    if 'no_config' not in other:
        files['tokenizer_config.json'] = {'tokenizer_class': name, **TOKENS.get(base, BERT_TOKENS), **other.get('config', {})}
    files |= {file: other[file] for file in ('special_tokens_map.json', 'added_tokens.json') if file in other}
    for file, content in files.items():
        (folder / file).write_text(json.dumps(content))
    return files


def made(folder: Path) -> dict | None:
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder)
        encoded = tokenizer([('a b', 'c d')])
    except Exception:
        return None
    file = json.loads(tokenizer.backend_tokenizer.to_str())
    file['model'].pop('vocab')
    file['model'].pop('merges', None)
    for unused in ('truncation', 'padding', 'decoder', 'version'):
        file.pop(unused)
    return {'tokenizer': file, 'truncationSide': tokenizer.truncation_side, 'hasSegments': 'token_type_ids' in encoded}


if __name__ == '__main__':
    bases, rows = {}, []
    for base, trained in BASES.items():
        inner = bases[base] = json.loads(trained().to_str())
        for name, other in folders(base):
            with tempfile.TemporaryDirectory() as place:
                files = build(base, inner, name, other, Path(place))
                beside = {file: content for file, content in files.items() if file != 'tokenizer.json'}
                rows.append({'base': base, 'changed': other.get('tokenizer.json', {}), 'files': beside, 'made': made(Path(place))})
    write('tokenizer-files.json.gz', {'bases': bases, 'rows': rows})
    print(len(rows), 'folders,', sum(row['made'] is None for row in rows), 'errors')
