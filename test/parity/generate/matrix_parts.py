"""The axes of the matrix: what a tokenizer.json, a tokenizer_config.json and a config.json may say, one choice at a time.

Everything is JSON as it stands in the files, so that a cell is its choices put together. All text is invented.
"""
import json
from functools import cache

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from family_texts import corpus
from golden_file import read

# As many rows as the word table of every model has: ids of all vocabularies lie below it.
VOCABULARY = 700
ADDED_FROM = 640


def regex(pattern: str) -> dict:
    return {'Regex': pattern}


def text(pattern: str) -> dict:
    return {'String': pattern}


def sequence(kind: str, *parts: dict) -> dict:
    return {'type': 'Sequence', ('normalizers' if kind == 'n' else 'pretokenizers'): list(parts)}


BERT_SPECIAL = {'pad_token': '[PAD]', 'unk_token': '[UNK]', 'cls_token': '[CLS]', 'sep_token': '[SEP]', 'mask_token': '[MASK]'}
ROBERTA_SPECIAL = {'bos_token': '<s>', 'cls_token': '<s>', 'eos_token': '</s>', 'sep_token': '</s>', 'unk_token': '<unk>',
                   'pad_token': '<pad>', 'mask_token': '<mask>'}


@cache
def families() -> dict:
    """Vocabularies of the models of families/: trained once, so that they are the same in every run."""
    return {name: read(f'families/{name}.json.gz')['files']['tokenizer.json'] for name in ('bert', 'roberta', 'xlm-roberta')}


@cache
def metaspace_bpe() -> dict:
    """Characters joined by merges, with a token for every byte, as Llama and Gemma have it."""
    tokenizer = Tokenizer(models.BPE(unk_token='<unk>', fuse_unk=True, byte_fallback=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme='always')
    special = ['<s>', '<pad>', '</s>', '<unk>', '<mask>', *(f'<0x{byte:02X}>' for byte in range(256))]
    lines = [line for line in corpus() if line.isascii()]
    tokenizer.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=480, special_tokens=special, show_progress=False))
    return json.loads(tokenizer.to_str())['model']


@cache
def word_level() -> dict:
    words = sorted({word for line in corpus() for word in line.split() if word.isalpha()})[:500]
    vocabulary = ['[PAD]', '[CLS]', '[SEP]', '[UNK]', '[MASK]', *'.,!?-\'"()', *'0123456789', *words]
    return {'type': 'WordLevel', 'vocab': {word: at for at, word in enumerate(vocabulary)}, 'unk_token': '[UNK]'}


@cache
def unigram_with_bytes() -> dict:
    model = json.loads(json.dumps(families()['xlm-roberta']['model']))
    model['vocab'] += [[f'<0x{byte:02X}>', -12.0] for byte in range(256)]
    model['byte_fallback'] = True
    assert len(model['vocab']) <= VOCABULARY
    return model


def with_affix(name: str, affix: str) -> dict:
    """A BPE of characters whose pieces inside or at the end of a word carry a sign, as XLM or Herbert have it."""
    tokenizer = Tokenizer(models.BPE(unk_token='<unk>', **{name: affix}))
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator([line.lower() for line in corpus()], trainers.BpeTrainer(
        vocab_size=520, special_tokens=['<s>', '<pad>', '</s>', '<unk>', '<mask>'], show_progress=False, **{name: affix}))
    return json.loads(tokenizer.to_str())['model']


@cache
def model_table() -> dict[str, tuple[dict, dict]]:
    """Each with the special tokens that it was trained with."""
    wordpiece, bytes_bpe, unigram = (families()[name]['model'] for name in ('bert', 'roberta', 'xlm-roberta'))
    known = families()['roberta']['model']['vocab']
    byte_unknown = {**bytes_bpe, 'vocab': {k: v for k, v in known.items() if k not in 'éxQ'}, 'merges': [], 'unk_token': '<unk>'}
    return {
        'wordpiece': (wordpiece, BERT_SPECIAL),
        'wordpiece-prefix': ({**wordpiece, 'continuing_subword_prefix': '@@'}, BERT_SPECIAL),
        'wordpiece-short': ({**wordpiece, 'max_input_chars_per_word': 5}, BERT_SPECIAL),
        'bytes': (bytes_bpe, ROBERTA_SPECIAL),
        'bytes-ignore-merges': ({**bytes_bpe, 'ignore_merges': True}, ROBERTA_SPECIAL),
        'bytes-missing': ({**byte_unknown, 'fuse_unk': False}, ROBERTA_SPECIAL),
        'bytes-missing-fused': ({**byte_unknown, 'fuse_unk': True}, ROBERTA_SPECIAL),
        'bytes-dropped': ({**byte_unknown, 'unk_token': None}, ROBERTA_SPECIAL),
        'unigram': (unigram, ROBERTA_SPECIAL),
        'unigram-bytes': (unigram_with_bytes(), ROBERTA_SPECIAL),
        'characters': (metaspace_bpe(), ROBERTA_SPECIAL),
        'characters-no-bytes': ({**metaspace_bpe(), 'byte_fallback': False, 'fuse_unk': False}, ROBERTA_SPECIAL),
        'bpe-inner-prefix': (with_affix('continuing_subword_prefix', '##'), ROBERTA_SPECIAL),
        'bpe-end-suffix': (with_affix('end_of_word_suffix', '</w>'), ROBERTA_SPECIAL),
        'words': (word_level(), BERT_SPECIAL),
        'dropout': ({**bytes_bpe, 'dropout': 0.3}, ROBERTA_SPECIAL),
    }


@cache
def normalizer_table() -> dict[str, dict | None]:
    table = next(step for step in families()['xlm-roberta']['normalizer']['normalizers'] if step['type'] == 'Precompiled')
    def bert_normalizer(lowercase, accents=None, chinese=True, clean=True):
        return {'type': 'BertNormalizer', 'clean_text': clean, 'handle_chinese_chars': chinese, 'strip_accents': accents, 'lowercase': lowercase}
    def replace(pattern, content):
        return {'type': 'Replace', 'pattern': pattern, 'content': content}
    simple = {name: {'type': name} for name in ('NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents', 'Nmt')}
    strip = {'type': 'Strip', 'strip_left': True, 'strip_right': True}
    return {
        'none': None, 'bert-lower': bert_normalizer(True), 'bert-cased': bert_normalizer(False),
        'bert-accents': bert_normalizer(True, False, False), 'bert-raw': bert_normalizer(False, True, True, False),
        **simple, 'Strip': strip, 'precompiled': table,
        'xlm': sequence('n', table, {'type': 'Strip', 'strip_left': False, 'strip_right': True}, replace(regex(' {2,}'), '▁')),
        'deberta': sequence('n', strip, table, replace(regex(' {2,}'), ' ')),
        'accents': sequence('n', {'type': 'NFD'}, {'type': 'Lowercase'}, {'type': 'StripAccents'}),
        'replace-text': replace(text('``'), '"'), 'replace-space': replace(text(' '), '▁'), 'replace-words': replace(text('e b'), 'X'),
        'replace-regex': replace(regex(r'\d+|(?<=o)n'), '#'), 'prepend': {'type': 'Prepend', 'prepend': '▁'},
        'llama': sequence('n', {'type': 'Prepend', 'prepend': '▁'}, replace(text(' '), '▁')),
        'bytes': {'type': 'ByteLevel'},
    }


GPT4 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def splitter_table() -> dict[str, dict | None]:
    def split(pattern, behavior, invert=False):
        return {'type': 'Split', 'pattern': pattern, 'behavior': behavior, 'invert': invert}
    def punctuation(behavior):
        return {'type': 'Punctuation', 'behavior': behavior}
    def metaspace(scheme, split=True):
        return {'type': 'Metaspace', 'replacement': '▁', 'prepend_scheme': scheme, 'split': split}
    def byte_level(prefix, use_regex=True):
        return {'type': 'ByteLevel', 'add_prefix_space': prefix, 'trim_offsets': True, 'use_regex': use_regex}
    def digits(alone):
        return {'type': 'Digits', 'individual_digits': alone}
    white = {'type': 'WhitespaceSplit'}
    return {
        'none': None, 'bert': {'type': 'BertPreTokenizer'}, 'Whitespace': {'type': 'Whitespace'}, 'WhitespaceSplit': white,
        'isolated': punctuation('Isolated'), 'removed': punctuation('Removed'), 'contiguous': punctuation('Contiguous'),
        'previous': punctuation('MergedWithPrevious'), 'next': punctuation('MergedWithNext'),
        'split-text': split(text(' '), 'MergedWithPrevious'), 'split-next': split(text('e'), 'MergedWithNext'),
        'split-contiguous': split(regex(r'[aeiou]'), 'Contiguous'), 'split-invert': split(regex(r'\w+'), 'Removed', True),
        'split-isolated-invert': split(regex(r'\w+|[^\w\s]+'), 'Isolated', True),
        'gpt4': sequence('p', split(regex(GPT4), 'Isolated'), byte_level(False, False)),
        'qwen': sequence('p', split(regex(QWEN), 'Isolated'), byte_level(False, False)),
        'qwen-prefix': sequence('p', split(regex(QWEN), 'Isolated'), byte_level(True, False)),
        'digits': sequence('p', white, digits(False)), 'each-digit': sequence('p', digits(True), byte_level(False)),
        'bytes': byte_level(False), 'bytes-prefix': byte_level(True), 'bytes-whole': byte_level(False, False),
        'meta': metaspace('always'), 'meta-first': metaspace('first'), 'meta-never': metaspace('never'), 'meta-whole': metaspace('always', False),
        'xlm': sequence('p', white, metaspace('always')), 'deberta': sequence('p', punctuation('Isolated'), metaspace('always')),
        'delimiter': {'type': 'CharDelimiterSplit', 'delimiter': '-'}, 'scripts': sequence('p', {'type': 'UnicodeScripts'}, metaspace('first')),
        'fixed': {'type': 'FixedLength', 'length': 4},
    }


def joiner_table(special: dict, ids: dict[str, int]) -> dict[str, dict | None]:
    """Post-processors, for a model with these special tokens."""
    first, last = special['cls_token'], special['sep_token']
    cls, sep = [first, ids[first]], [last, ids[last]]
    def template(single: str, pair: str) -> dict:
        def piece(part):
            name, kind = part.rsplit(':', 1)
            return {'Sequence': {'id': name[1:], 'type_id': int(kind)}} if name[0] == '$' else {'SpecialToken': {'id': name, 'type_id': int(kind)}}
        names = sorted({part.rsplit(':', 1)[0] for part in pair.split() if part[0] != '$'})
        return {'type': 'TemplateProcessing', 'single': [piece(part) for part in single.split()], 'pair': [piece(part) for part in pair.split()],
                'special_tokens': {name: {'id': name, 'ids': [ids[name]], 'tokens': [name]} for name in names}}
    bert_like = template(f'{first}:0 $A:0 {last}:0', f'{first}:0 $A:0 {last}:0 $B:1 {last}:1')
    return {
        'bert-template': bert_like,
        'roberta-template': template(f'{first}:0 $A:0 {last}:0', f'{first}:0 $A:0 {last}:0 {last}:0 $B:0 {last}:0'),
        'BertProcessing': {'type': 'BertProcessing', 'sep': sep, 'cls': cls},
        'RobertaProcessing': {'type': 'RobertaProcessing', 'sep': sep, 'cls': cls, 'trim_offsets': True, 'add_prefix_space': True},
        'behind-bytes': {'type': 'Sequence', 'processors': [{'type': 'ByteLevel', 'add_prefix_space': True, 'trim_offsets': False, 'use_regex': True}, bert_like]},
        'begin-only': template(f'{first}:0 $A:0', f'{first}:0 $A:0 {first}:1 $B:1'),
        'end-only': template(f'$A:0 {last}:0', f'$A:0 {last}:0 $B:0 {last}:0'),
        'text-first': template(f'{first}:0 $A:0 {last}:0', f'{first}:0 $B:0 {last}:0 $A:1 {last}:1'),
        'types-back': template(f'{first}:0 $A:0 {last}:0', f'{first}:1 $A:1 {last}:1 $B:0 {last}:0'),
        'nothing': None,
        'bytes-only': {'type': 'ByteLevel', 'add_prefix_space': True, 'trim_offsets': False, 'use_regex': True},
    }


def added_table() -> dict[str, list[dict]]:
    def token(content, special=False, **flags):
        return {'content': content, 'single_word': False, 'lstrip': False, 'rstrip': False, 'normalized': False, 'special': special} | flags
    return {
        'none': [],
        'plain': [token('<ent>'), token('<word>', special=True)],
        'single-word': [token('<ent>', single_word=True), token('the', single_word=True)],
        'lstrip': [token('<ent>', lstrip=True), token('<word>', special=True, lstrip=True)],
        'rstrip': [token('<ent>', rstrip=True), token('bridge', rstrip=True)],
        'both': [token('<ent>', lstrip=True, rstrip=True), token('<word>', single_word=True, lstrip=True)],
        'normalized': [token('<Word>', normalized=True), token('<norm>', normalized=True), token('Ångström', normalized=True)],
        'spaces': [token('  ', normalized=True), token('    ', normalized=True), token('two  spaces'), token('\n\n')],
        'overlapping': [token('<en'), token('<ent>'), token('nt>s'), token('👍')],
    }


CONFIG_FLAGS: dict[str, dict] = {
    'none': {}, 'lower': {'do_lower_case': True}, 'cased': {'do_lower_case': False}, 'accents': {'strip_accents': True},
    'keep-accents': {'strip_accents': False, 'do_lower_case': True}, 'chinese': {'tokenize_chinese_chars': False},
    'prefix': {'add_prefix_space': True}, 'no-prefix': {'add_prefix_space': False}, 'split-special': {'split_special_tokens': True},
    'extra-tokens': {'additional_special_tokens': ['<new>', '<ent>']}, 'bos-eos': {'add_bos_token': True, 'add_eos_token': True},
    'decoder': {'added_tokens_decoder': {
        str(ADDED_FROM): {'content': '<ent>', 'lstrip': True, 'rstrip': True, 'normalized': False, 'single_word': False, 'special': True},
        str(ADDED_FROM + 9): {'content': '<more>', 'lstrip': False, 'rstrip': False, 'normalized': True, 'single_word': True, 'special': False}}},
    'left': {'truncation_side': 'left'}, 'pad-left': {'padding_side': 'left'}, 'short': {'model_max_length': 24},
    'endless': {'model_max_length': 10**30}, 'types': {'model_input_names': ['input_ids', 'token_type_ids', 'attention_mask']},
    'no-types': {'model_input_names': ['input_ids', 'attention_mask']}, 'clean': {'clean_up_tokenization_spaces': True},
}

FILE_TRUNCATION: dict[str, dict | None] = {
    'none': None,
    'right': {'direction': 'Right', 'max_length': 20, 'strategy': 'LongestFirst', 'stride': 0},
    'left': {'direction': 'Left', 'max_length': 40, 'strategy': 'LongestFirst', 'stride': 0},
    'first': {'direction': 'Right', 'max_length': 30, 'strategy': 'OnlyFirst', 'stride': 4},
}

FILE_PADDING: dict[str, dict | None] = {
    'none': None,
    'fixed': {'strategy': {'Fixed': 80}, 'direction': 'Left', 'pad_to_multiple_of': None, 'pad_id': 1, 'pad_type_id': 0, 'pad_token': '<pad>'},
    'multiple': {'strategy': 'BatchLongest', 'direction': 'Right', 'pad_to_multiple_of': 8, 'pad_id': 0, 'pad_type_id': 0, 'pad_token': '[PAD]'},
}

# What tokenizer_config.json names: the class of no pipeline, that of the architecture, the same with Fast, none; or no such file.
CLASSES = ('PreTrainedTokenizerFast', 'TokenizersBackend', 'own', 'ownFast', 'unnamed', 'no-file')

ACTIVATIONS: dict[str, dict] = {
    'default': {},
    'identity': {'sentence_transformers': {'activation_fn': 'torch.nn.modules.linear.Identity'}},
    'older': {'sbert_ce_default_activation_function': 'torch.nn.modules.activation.Sigmoid'},
}

PAIRS: list[tuple[str, str]] = [
    ('what is water', 'water under the bridge, reader quietly.'),
    ('', ''),
    ('water 😀', 'a😀b 👍🏽 👨‍👩‍👧 𝄞c 𐐀 the 😀'),
    ('ΟΔΟΣ ΣΊΣΥΦΟΣ', "ΣΑΣ, Σ. ΌΣΟΣ 'Σ AΣ·"),
    ('\u0085a \ufeffb', 'x\u0085y\ufeffz \u00a0 \u2028 \u200bw\u2029\u3000v\u180e'),
    ('Ångström café naïve', 'e\u0301 a\u20dd n\u0303 क्षत्रिय กำลัง \u0489x ﬁne İstanbul ǅungla Straße ẞ ① ㌔'),
    ('snake_case camelCase x1y2z3', 'a1b22 ३४ ½ ² Ⅷ 1,000.5 v2.0-beta 007'),
    ("don't we'll!! ``hm''", 'wait... what?! (yes) «non» —em– "" -- ;; a-b_c ~$5 ¿qué?'),
    ('  two  spaces ', ' lead    trail  \t tab\n\nnewline \r\n  end '),
    ('[MASK] <mask> the', 'a [SEP] b</s>c <s> [CLS]<unk> [UNK] <pad> x[MASK] . <ent> <ent>s the<ent>  <ent>  foo<word>bar <Word> <norm> <NORM> <new> <more> theme'),
    ('水 図書館', '我们在河边读书。漢字カタカナ 한국어 물 𠀀𪚥 豈 ｆｕｌｌ'),
    ('☃ ꙮ éxQ', '\U000f0000 \u0378 ⿰ ɸʃʒ \x00nul\x01 \x7f\ufffd e b'),
    (' '.join(f'water {number}' for number in range(40)), ' '.join(f'bridge-{number} reader' for number in range(40))),
    ('a short one', ' '.join(f'window{number}' for number in range(60)) + ' the very end'),
    (' '.join(f'seven{number}' for number in range(60)) + ' last', 'quiet'),
    ('ماء كِتَابٌ', 'שָׁלוֹם ภาษาไทย 1٣٤ ، ؟'),
    ('https://example.org/a?b=c&d=%20', 'const x=await f(y)??[]; if(a!==b){return`${e}`} // <0x41> ▁a a▁b ##ing Ġx'),
    ('x' * 120, 'é' * 90 + ' ' + '漢' * 40 + ' 😀😀😀'),
]
