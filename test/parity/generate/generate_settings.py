"""Writes settings.json.gz: folders that differ from a tiny model's in one setting or a few, and what `CrossEncoder` makes of each.

    .venv/bin/python test/parity/generate/generate_settings.py

`null` stands for an error of Python. Every other folder is to give the same tokens and scores, or to be refused by name.
"""
import base64
import copy
import json
import tempfile
from pathlib import Path

import sentence_transformers
import torch
import transformers as hf

import family_models as make
import family_tokenizers as train
from generate_families import BERT_TOKENS
from generate_layouts import IDENTITY, LAYOUTS, TYPED, build
from golden_file import VERSIONS, write

SIGMOID_NAME, IDENTITY_NAME = 'torch.nn.modules.activation.Sigmoid', 'torch.nn.modules.linear.Identity'
PAIRS = [('what is water', 'the bridge under the window'), ('Wasser ÉTÉ', 'Café Über ΣΑΣ'), ('', ''), ('漢字 a', '我们在河边 b'), ('😀', 'a [SEP] b [MASK]c'),
         ('a b c d e f g h', 'seven quietly ' * 40), ('reader ' * 60, 'short'), ('counter ' * 60, 'entry ' * 60)]


def classifier(labels: int, folder: Path) -> None:
    """A BERT with so many labels, in the way of transformers alone."""
    inner = train.bert()
    model = make.fill(hf.BertForSequenceClassification(hf.BertConfig(
        **make.SMALL, vocab_size=inner.get_vocab_size(), max_position_embeddings=64, num_labels=labels,
        **({'id2label': {0: 'irrelevant', 1: 'relevant'}} if labels == 2 else {}))))
    tokenizer = hf.BertTokenizer(vocab=inner.get_vocab(), do_lower_case=False, model_max_length=64, **BERT_TOKENS)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    make.export(model, TYPED, str(folder / 'model.onnx'))


def saved(folder: Path) -> None:
    """The same model, saved by sentence_transformers."""
    classifier(1, folder)
    graph = (folder / 'model.onnx').read_bytes()
    sentence_transformers.CrossEncoder(str(folder), device='cpu').save_pretrained(str(folder), create_model_card=False)
    (folder / 'model.onnx').write_bytes(graph)


BASES = {'plain': lambda folder: classifier(1, folder), 'two': lambda folder: classifier(2, folder), 'saved': saved,
         'ettin': lambda folder: build(LAYOUTS['ettin'], folder)}
TOKENIZER, CONFIG, SENTENCE, SETTINGS, MODULES = (
    'tokenizer_config.json', 'config.json', 'sentence_bert_config.json', 'config_sentence_transformers.json', 'modules.json')
WITHOUT = object()  # A setting, or a file, that is taken out.
LEFT = {'direction': 'Left', 'max_length': 64, 'strategy': 'LongestFirst', 'stride': 0}
PLAIN_CHAT = "{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}"
PAIR_CHAT = "{{ messages[0].content }} is {{ messages[1].content }}"
POOLING, DENSE, NORM, LAST = '1_Pooling/config.json', '2_Dense/config.json', '3_LayerNorm/config.json', '4_Dense/config.json'



# label -> base, changes by file. A dict is merged into the file, anything else takes its place.
FOLDERS: dict[str, tuple[str, dict]] = {f'{base}: as it is': (base, {}) for base in BASES}
TOKENIZER_SETTINGS = {
    'shorter': {'model_max_length': 12}, 'no limit': {'model_max_length': 1e30}, 'no limit named': {'model_max_length': WITHOUT},
    'older limit': {'model_max_length': WITHOUT, 'max_len': 20},
    'cut at the left': {'truncation_side': 'left'}, 'padded at the left': {'padding_side': 'left'}, 'no segments': {'model_input_names': ['input_ids', 'attention_mask']},
    'segments': {'model_input_names': ['input_ids', 'token_type_ids', 'attention_mask']}, 'lower case': {'do_lower_case': True},
    'no accents': {'strip_accents': True}, 'accents': {'do_lower_case': True, 'strip_accents': False}, 'chinese': {'tokenize_chinese_chars': False},
    'as it stands': {'tokenizer_class': 'PreTrainedTokenizerFast'}, 'distilbert': {'tokenizer_class': 'DistilBertTokenizer'},
    'electra': {'tokenizer_class': 'ElectraTokenizerFast'}, 'unheard of': {'tokenizer_class': 'NobodysTokenizer'}, 'chat': {'chat_template': PLAIN_CHAT},
    'chat for pairs': {'chat_template': PAIR_CHAT}, 'named chats': {'chat_template': [{'name': 'default', 'template': PAIR_CHAT}, {'name': 'tool', 'template': 'x'}]},
    'split special tokens': {'split_special_tokens': True}, 'more tokens': {'extra_special_tokens': ['bridge', 'under the']},
    'listed tokens': {'added_tokens_decoder': {'4': {'content': '[MASK]', 'lstrip': True, 'rstrip': True, 'normalized': False, 'single_word': False, 'special': True}}},
}
for name, change in TOKENIZER_SETTINGS.items():
    FOLDERS[f'plain: {name}'] = ('plain', {TOKENIZER: change})
    FOLDERS[f'saved: {name}'] = ('saved', {TOKENIZER: change})
for name, change in {
    'Identity': {'sentence_transformers': {'activation_fn': IDENTITY_NAME}}, 'Sigmoid': {'sentence_transformers': {'activation_fn': SIGMOID_NAME}},
    'Tanh': {'sentence_transformers': {'activation_fn': 'torch.nn.modules.activation.Tanh'}}, 'nobody’s': {'sentence_transformers': {'activation_fn': 'nobody.Activation'}},
    'none': {'sentence_transformers': {'activation_fn': None, 'version': '5.0.0'}, 'sbert_ce_default_activation_function': IDENTITY_NAME},
    'older Identity': {'sbert_ce_default_activation_function': IDENTITY_NAME}, 'older nobody’s': {'sbert_ce_default_activation_function': 'nobody.Activation'},
    'problem': {'problem_type': 'regression'}, 'bare model': {'architectures': ['BertModel']}, 'no architecture': {'architectures': WITHOUT},
    'other labels': {'id2label': {'0': 'a', '1': 'b', '2': 'c'}, 'label2id': {'a': 0, 'b': 1, 'c': 2}}, 'number of labels': {'num_labels': 1},
    'more labels than names': {'num_labels': 4}, 'no labels': {'id2label': WITHOUT, 'label2id': WITHOUT},
}.items():
    for base in ('plain', 'saved', 'two'):
        FOLDERS[f'{base}: config, {name}'] = (base, {CONFIG: change})
# What counts only beside modules.json.
for name, change in {
    'sentence length': {SENTENCE: {'max_seq_length': 12}}, 'sentence lower case': {SENTENCE: {'do_lower_case': True}},
    'settings': {SETTINGS: {'activation_fn': IDENTITY_NAME, 'prompts': {'q': 'find '}, 'default_prompt_name': 'q', 'model_type': 'CrossEncoder'}},
    'stray module': {'1_LogitScore/config.json': {'true_token_id': 3, 'false_token_id': 4, 'module_input_name': 'causal_logits'}},
    'cut at the left in tokenizer.json': {'tokenizer.json': {'truncation': LEFT}},
    'cut at the left in tokenizer.json, not beside it': {'tokenizer.json': {'truncation': LEFT}, TOKENIZER: {'truncation_side': 'right'}},
    'jinja': {'chat_template.jinja': PAIR_CHAT}, 'jinja for chats': {'chat_template.jinja': PLAIN_CHAT}, 'no tokenizer_config': {TOKENIZER: WITHOUT},
}.items():
    for base in ('plain', 'saved'):
        FOLDERS[f'{base}: {name}'] = (base, change)
TEXT = 'processing_kwargs'
FORWARD = {'method': 'forward', 'method_output_name': 'logits'}
FLAT, STRUCTURED = ({'text': FORWARD, 'message': FORWARD | {'format': name}} for name in ('flat', 'structured'))
for name, change in {
    'roberta’s name': {SENTENCE: WITHOUT, 'sentence_roberta_config.json': {'transformer_task': 'sequence-classification', 'max_seq_length': 14}},
    'both names': {'sentence_roberta_config.json': {'max_seq_length': 14}}, 'no settings at all': {SENTENCE: WITHOUT},
    'empty settings': {SENTENCE: '{}', 'sentence_xlnet_config.json': {'transformer_task': 'sequence-classification', 'max_seq_length': 13}},
    'max_length': {SENTENCE: {TEXT: {'text': {'max_length': 10}}}}, 'max_length of both': {SENTENCE: {'max_seq_length': 30, TEXT: {'common': {'max_length': 11}}}},
    'padding': {SENTENCE: {TEXT: {'text': {'padding': 'max_length', 'pad_to_multiple_of': 8}}}}, 'only_second': {SENTENCE: {TEXT: {'text': {'truncation': 'only_second'}}}},
    'truncation': {SENTENCE: {TEXT: {'text': {'truncation': True}}}}, 'no special tokens': {SENTENCE: {TEXT: {'text': {'add_special_tokens': False}}}},
    'image': {SENTENCE: {TEXT: {'image': {'size': 3}}}}, 'processor limit': {SENTENCE: {'processor_kwargs': {'model_max_length': 15}}},
    'older processor limit': {SENTENCE: {'tokenizer_args': {'model_max_length': 15}, 'max_seq_length': 20}}, 'processor lower case': {SENTENCE: {'processor_kwargs': {'do_lower_case': True}}},
    'processor segments': {SENTENCE: {'processor_kwargs': {'model_input_names': ['input_ids', 'attention_mask']}}},
    'model options': {SENTENCE: {'model_kwargs': {'attn_implementation': 'eager'}}}, 'config options': {SENTENCE: {'config_kwargs': {'num_labels': 1}}},
    'embedding task': {SENTENCE: {'transformer_task': 'feature-extraction'}}, 'no task': {SENTENCE: {'transformer_task': WITHOUT, 'modality_config': WITHOUT, 'module_output_name': WITHOUT}},
    'other output': {SENTENCE: {'modality_config': {'text': {'method': 'forward', 'method_output_name': ['hidden_states', -1]}}}}, 'other name': {SENTENCE: {'module_output_name': 'numbers'}},
    'messages': {SENTENCE: {'modality_config': FLAT}, 'chat_template.jinja': PAIR_CHAT},
    'messages alone': {SENTENCE: {'modality_config': {'message': FLAT['message']}}, 'chat_template.jinja': PAIR_CHAT},
    'messages without template': {SENTENCE: {'modality_config': FLAT}},
    'structured messages': {SENTENCE: {'modality_config': STRUCTURED},
                            'chat_template.jinja': '{{ messages[0].content[0].text }} is {{ messages[1].content[0].text }}{{ end }}',},
    'template variables': {SENTENCE: {'modality_config': FLAT, TEXT: {'chat_template': {'end': ' seven'}}},
                           'chat_template.jinja': PAIR_CHAT + '{{ end }}'},
    'no suffix': {SENTENCE: {'modality_config': FLAT, TEXT: {'chat_template': {'end': ' seven', 'restore_suffix': False}}},
                  'chat_template.jinja': PAIR_CHAT + '{{ end }}'},
    'unpadded': {SENTENCE: {'unpad_inputs': False}}, 'query length': {SENTENCE: {'query_length': 5, 'document_length': 5}}, 'unknown setting': {SENTENCE: {'nobodys': 1}},
    'Identity': {SETTINGS: {'activation_fn': IDENTITY_NAME}}, 'Tanh': {SETTINGS: {'activation_fn': 'torch.nn.modules.activation.Tanh'}}, 'nobody’s': {SETTINGS: {'activation_fn': 'nobody.Activation'}},
    'no activation': {SETTINGS: {'activation_fn': None}}, 'short name': {SETTINGS: {'activation_fn': 'torch.nn.Identity'}}, 'lower name': {SETTINGS: {'activation_fn': 'torch.sigmoid'}},
    'activation of config.json': {SETTINGS: {'activation_fn': WITHOUT}, CONFIG: {'sentence_transformers': {'activation_fn': IDENTITY_NAME}}},
    'prompt': {SETTINGS: {'prompts': {'q': 'find '}, 'default_prompt_name': 'q'}}, 'prompt without default': {SETTINGS: {'prompts': {'q': 'find '}}},
    'empty prompt': {SETTINGS: {'prompts': {'q': ''}, 'default_prompt_name': 'q'}}, 'null prompt': {SETTINGS: {'prompts': {'q': None}, 'default_prompt_name': 'q'}},
    'missing prompt': {SETTINGS: {'prompts': {'q': 'find '}, 'default_prompt_name': 'p'}}, 'other kind': {SETTINGS: {'model_type': 'SentenceTransformer', 'prompts': {'q': 'find '}, 'default_prompt_name': 'q'}},
    'no kind': {SETTINGS: {'model_type': WITHOUT}}, 'no settings': {SETTINGS: WITHOUT}, 'requirements': {SETTINGS: {'requirements': {'transformers': '>=5'}}}, 'fp32': {SETTINGS: {'keep_in_fp32_modules': []}},
}.items():
    FOLDERS[f'saved: {name}'] = ('saved', change)


def modules(*more: dict) -> str:
    first = {'idx': 0, 'name': '0', 'path': '', 'type': 'sentence_transformers.base.modules.transformer.Transformer'}
    return json.dumps([first, *more])


def module(name: str, path: str, kind: str) -> dict:
    return {'idx': 1, 'name': name, 'path': path, 'type': kind}


ST = 'sentence_transformers.'
POOL, DENSE_MODULE = ST + 'sentence_transformer.modules.pooling.Pooling', ST + 'base.modules.dense.Dense'
FOLDERS |= {
    'saved: older class': ('saved', {MODULES: modules().replace('base.modules.transformer', 'models')}),
    'saved: nobody’s class': ('saved', {MODULES: modules(module('1', '1_X', 'nobody.Module'))}),
    'saved: path': ('saved', {MODULES: modules().replace('"path": ""', '"path": "0_Transformer"')}),
    'ettin: older classes': ('ettin', {MODULES: modules(module('1', '1_Pooling', ST + 'models.Pooling'), module('2', '2_Dense', ST + 'models.Dense'),
                                                       module('3', '3_LayerNorm', ST + 'models.LayerNorm'), module('4', '4_Dense', ST + 'models.Dense'))}),
    'ettin: same names': ('ettin', {MODULES: modules(module('1', '1_Pooling', POOL), module('1', '4_Dense', DENSE_MODULE))}),
    'ettin: out of the folder': ('ettin', {MODULES: modules(module('1', '../1_Pooling', POOL), module('2', '4_Dense', DENSE_MODULE))}),
    'ettin: no pooling': ('ettin', {MODULES: modules(module('1', '4_Dense', DENSE_MODULE))}),
    'ettin: no scores': ('ettin', {MODULES: modules(module('1', '1_Pooling', POOL))}),
    'ettin: no dense before': ('ettin', {MODULES: modules(module('1', '1_Pooling', POOL), module('2', '4_Dense', DENSE_MODULE))}),
    'ettin: unknown module': ('ettin', {MODULES: modules(module('1', '1_Pooling', POOL), module('2', '4_Dense', ST + 'sentence_transformer.modules.cnn.CNN'))}),
    'ettin: mean': ('ettin', {POOLING: {'pooling_mode': 'mean'}}), 'ettin: last': ('ettin', {POOLING: {'pooling_mode': ['lasttoken']}}),
    'ettin: nobody’s pooling': ('ettin', {POOLING: {'pooling_mode': 'best'}}), 'ettin: two poolings': ('ettin', {POOLING: {'pooling_mode': ['cls', 'max']}}),
    'ettin: older pooling': ('ettin', {POOLING: json.dumps({'word_embedding_dimension': 16, 'pooling_mode_cls_token': False, 'pooling_mode_mean_tokens': True, 'pooling_mode_max_tokens': False,
                                                            'pooling_mode_mean_sqrt_len_tokens': False})}),
    'ettin: older pooling of nothing': ('ettin', {POOLING: json.dumps({'word_embedding_dimension': 16, 'pooling_mode_cls_token': False})}),
    'ettin: other width': ('ettin', {POOLING: {'embedding_dimension': 8}}), 'ettin: pooling setting': ('ettin', {POOLING: {'nobodys': 1}}),
    'ettin: prompt left out': ('ettin', {POOLING: {'include_prompt': False}, SETTINGS: {'prompts': {'q': 'find '}, 'default_prompt_name': 'q'}}),
    'ettin: no prompt to leave out': ('ettin', {POOLING: {'include_prompt': False}}), 'ettin: prompt': ('ettin', {SETTINGS: {'prompts': {'q': 'find '}, 'default_prompt_name': 'q'}}),
    'ettin: default activation': ('ettin', {DENSE: {'activation_function': WITHOUT}}), 'ettin: null activation': ('ettin', {DENSE: {'activation_function': None}}),
    'ettin: nobody’s activation': ('ettin', {DENSE: {'activation_function': 'nobody.Activation'}}), 'ettin: Softplus': ('ettin', {DENSE: {'activation_function': 'torch.nn.modules.activation.Softplus'}}),
    'ettin: SiLU': ('ettin', {DENSE: {'activation_function': 'torch.nn.SiLU'}}), 'ettin: residual': ('ettin', {DENSE: {'use_residual': True}}), 'ettin: dense setting': ('ettin', {DENSE: {'nobodys': 1}}),
    'ettin: other size': ('ettin', {DENSE: {'out_features': 8}}), 'ettin: bias': ('ettin', {DENSE: {'bias': True}}), 'ettin: no bias': ('ettin', {LAST: {'bias': False}}),
    'ettin: two scores': ('ettin', {LAST: {'out_features': 2}}), 'ettin: other output': ('ettin', {LAST: {'module_output_name': 'numbers'}}), 'ettin: scores of another': ('ettin', {LAST: {'module_input_name': 'numbers'}}),
    'ettin: norm size': ('ettin', {NORM: {'dimension': 8}}), 'ettin: no weights': ('ettin', {'2_Dense/model.safetensors': WITHOUT}), 'ettin: others’ weights': ('ettin', {'2_Dense/model.safetensors': 'copy 4_Dense/model.safetensors'}),
    'ettin: as an embedding': ('ettin', {SETTINGS: {'model_type': 'SentenceTransformer'}}), 'ettin: without modules': ('ettin', {MODULES: WITHOUT}),
    'ettin: default': ('ettin', {SETTINGS: {'activation_fn': WITHOUT}}), 'ettin: length': ('ettin', {SENTENCE: {'max_seq_length': 20}}),
}


def changed(base: Path, changes: dict) -> dict[str, str | None]:
    """The files to be written, in base64, or `None` for one to be taken out."""
    made: dict[str, str | None] = {}
    for name, change in changes.items():
        place = base / name
        if change is WITHOUT:
            made[name] = None
            continue
        if isinstance(change, str) and change.startswith('copy '):
            content = (base / change.removeprefix('copy ')).read_bytes()
        elif isinstance(change, str):
            content = change.encode()
        else:
            whole = copy.deepcopy(json.loads(place.read_text())) if place.exists() else {}
            whole |= change
            content = json.dumps({key: value for key, value in whole.items() if value is not WITHOUT}).encode()
        made[name] = base64.b64encode(content).decode()
    return made


def predictions(folder: Path) -> list | None:
    try:
        model = sentence_transformers.CrossEncoder(str(folder), device='cpu')
        rows = []
        for pair in PAIRS:
            features = model.preprocess([pair], prompt=model._resolve_prompt(None, None))
            several = model.num_labels > 1
            score = model.predict([pair], apply_softmax=several)[0]
            rows.append({'ids': features['input_ids'][0].tolist(), 'score': round(float(score[1] if several else score), 7)})
        return rows
    except Exception:
        return None


def main() -> None:
    torch.manual_seed(3)
    bases, rows = {}, []
    with tempfile.TemporaryDirectory() as place:
        for base, make_base in BASES.items():
            folder = Path(place) / base
            folder.mkdir()
            make_base(folder)
            bases[base] = {str(path.relative_to(folder)): base64.b64encode(path.read_bytes()).decode()
                           for path in sorted(folder.rglob('*')) if path.is_file() and path != folder / 'model.safetensors'}
        for label, (base, changes) in FOLDERS.items():
            files = changed(Path(place) / base, changes)
            kept = {name: (Path(place) / base / name).read_bytes() if (Path(place) / base / name).exists() else None for name in files}
            for name, content in files.items():
                target = Path(place) / base / name
                target.parent.mkdir(exist_ok=True)
                target.unlink(missing_ok=True) if content is None else target.write_bytes(base64.b64decode(content))
            rows.append({'label': label, 'base': base, 'files': files, 'made': predictions(Path(place) / base)})
            for name, content in kept.items():
                target = Path(place) / base / name
                target.unlink(missing_ok=True) if content is None else target.write_bytes(content)
    # The same model twice.
    bases['saved']['model.onnx'] = '= plain'
    write('settings.json.gz', {'madeWith': VERSIONS, 'pairs': PAIRS, 'bases': bases, 'rows': rows})
    print(len(rows), 'folders,', sum(row['made'] is None for row in rows), 'errors of Python')


if __name__ == '__main__':
    main()
