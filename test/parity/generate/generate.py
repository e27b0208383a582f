"""Writes the golden files of this folder with the reference implementation.

    python -m venv .venv && .venv/bin/pip install -r test/parity/generate/requirements.txt
    .venv/bin/python test/parity/generate/generate.py

- code-points.json.gz  a digest per 4096 code points of what the normaliser, the splitter and WordPiece make of each, and
                       the pieces of random mixtures of marks
- added-tokens.json.gz 1,500 texts full of added tokens of every kind, under 60 tokenizers
- truncation.json.gz   10,000 lengths and limits, and what `longest_first` keeps of them

What depends on weights is written by generate_pairs.py.
"""
import hashlib
import json
import random
import unicodedata

import tokenizers
from golden_file import ROOT, VERSIONS, write
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

MODEL = ROOT / 'packages/model-en-mini'


# --- code points ---------------------------------------------------------------------------------------------------

BLOCK = 4096
VARIANTS = {
    'uncased': dict(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=True),
    'cased': dict(clean_text=True, handle_chinese_chars=True, strip_accents=None, lowercase=False),
    'lower only': dict(clean_text=True, handle_chinese_chars=True, strip_accents=False, lowercase=True),
    'strip only': dict(clean_text=True, handle_chinese_chars=False, strip_accents=True, lowercase=False),
    'as it is': dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False),
    'unclean': dict(clean_text=False, handle_chinese_chars=True, strip_accents=True, lowercase=True),
}


def points(block: int) -> list[int]:
    return [point for point in range(block * BLOCK, (block + 1) * BLOCK) if not 0xD800 <= point < 0xE000]


def block_vocabulary(block: int) -> dict[str, int]:
    """Spells every character of the block and of the first one, so that few words end as the unknown token."""
    vocabulary = {'[UNK]': 0}
    for point in [*points(0), *points(block)]:
        for token in (chr(point), f'##{chr(point)}'):
            vocabulary.setdefault(token, len(vocabulary))
    return vocabulary


def block_digest(block: int, normaliser: dict) -> str:
    """Of the pieces and ids of each code point c of the block: alone, as "acb", and as "\u00c9c\u0301" (marks on both sides)."""
    tokenizer = Tokenizer(models.WordPiece(block_vocabulary(block), unk_token='[UNK]', max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(**normaliser)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    digest = hashlib.sha256()
    for point in points(block):
        char = chr(point)
        for text in (char, f'a{char}b', f'\u00c9{char}\u0301'):
            pieces = [piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(tokenizer.normalizer.normalize_str(text))]
            ids = tokenizer.encode(text).ids
            digest.update(f'{point:x} {"|".join(pieces)} {" ".join(map(str, ids))}\n'.encode())
    return digest.hexdigest()[:12]


def is_tried(variant: str, block: int) -> bool:
    # One variant goes through everything; the others leave out planes without letters, and blocks of one category.
    if variant == 'uncased' or points(block) == []:
        return points(block) != []
    categories = {unicodedata.category(chr(point)) for point in points(block)}
    return len(categories) > 1 and block * BLOCK >> 16 in (0, 1, 2, 14)


# Marks that change places, keep them, or came after the crate's tables; what is removed before and what parts pieces.
MIXED = 'aÉb \u0301\u0327\u0345\u302e\u302f\U0001d165\U0001d16e\u1b44\u0897\u08d4\U0001e944\u0000\u00ad\u200d\u034f\u0e34≠\u037e.漢豈한\u1100\u1161ΣİǅΩ\u2000'


def mixtures(name: str, options: dict, count: int = 150) -> list:
    """[text, pieces] of random mixtures, where the order of marks matters."""
    source, rows = random.Random(name), []
    normaliser, splitter = normalizers.BertNormalizer(**options), pre_tokenizers.BertPreTokenizer()
    for _ in range(count):
        text = ''.join(source.choice(MIXED) for _ in range(source.randint(2, 12)))
        rows.append([text, [piece for piece, _ in splitter.pre_tokenize_str(normaliser.normalize_str(text))]])
    return rows


def write_code_points() -> None:
    digests = {
        name: [block_digest(block, options) if is_tried(name, block) else '' for block in range(0x110000 // BLOCK)]
        for name, options in VARIANTS.items()
    }
    mixed = {name: mixtures(name, options) for name, options in VARIANTS.items()}
    write('code-points.json.gz', {'madeWith': VERSIONS, 'variants': VARIANTS, 'digests': digests, 'mixtures': mixed})


# --- added tokens ---------------------------------------------------------------------------------------------------

ADDED = ('ab', 'abc', 'bc', 'b', '[X]', '[X', '[XY]', 'é', 'Éa', '漢', '_a', '-', '--', '😀', 'ΣΑ', '##b')
PARTS = (*ADDED, 'a', 'c', ' ', '  ', '.', '[', ']', 'X', '\u0301', '\u0000', '\n', '_', '1', 'é', 'Σ', '\u200d', '字')


def write_added_tokens(tokenizer_count: int = 60, texts_each: int = 25) -> None:
    source, rows = random.Random(4), []
    for _ in range(tokenizer_count):
        vocabulary = {token: at for at, token in enumerate(['[UNK]', *'abcex[]_.-1', '##a', '##b', '##c', '##e', '##x', 'ab', '漢', 'σ', '##σ'])}
        tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token='[UNK]', max_input_chars_per_word=100))
        tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
        flag = lambda: source.random() < 0.4
        tokenizer.add_tokens([
            tokenizers.AddedToken(content, single_word=flag(), lstrip=flag(), rstrip=flag(), normalized=False, special=flag())
            for content in source.sample(ADDED, source.randint(1, 6))
        ])
        # Few kinds of parts in a text, so that tokens overlap and stand in each other's way.
        texts = [
            ''.join(source.choices(source.sample(PARTS, 4), k=source.randint(1, 14))) + source.choice(('', 'abc', 'aab', 'bab'))
            for _ in range(texts_each)
        ]
        rows.append({
            'tokenizer': json.loads(tokenizer.to_str()),
            'texts': [[text, tokenizer.encode(text).ids] for text in texts],
        })
    write('added-tokens.json.gz', {'madeWith': VERSIONS, 'cases': rows})


# --- truncation ----------------------------------------------------------------------------------------------------


def write_truncation(count: int = 10_000) -> None:
    tokenizer = Tokenizer.from_file(str(MODEL / 'tokenizer.json'))
    source, rows = random.Random(3), []
    for _ in range(count):
        limit = source.choice((5, 6, 7, 8, 13, 32, 33, 64))
        query, text = (source.randrange(0, source.choice((limit // 2, limit, 2 * limit)) + 3) for _ in range(2))
        tokenizer.enable_truncation(limit, strategy='longest_first')
        types = tokenizer.encode('a ' * query, 'b ' * text).type_ids
        rows.append([query, text, limit, types.count(0) - 2, types.count(1) - 1])
    write('truncation.json.gz', {'madeWith': VERSIONS, 'columns': ['query', 'text', 'limit', 'keptQuery', 'keptText'], 'rows': rows})


if __name__ == '__main__':
    write_added_tokens()
    write_truncation()
    write_code_points()
