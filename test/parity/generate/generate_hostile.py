"""Writes hostile.json.gz: for the tokenizer of each family, sums of the ids of 10,000 texts that look for trouble.

    .venv/bin/pip install -r test/parity/generate/requirements.txt
    .venv/bin/python test/parity/generate/generate_hostile.py

The texts are not stored: hostile.test.ts makes the same ones from the same numbers. All of it is invented.
"""
import hashlib
import json

from tokenizers import Tokenizer

from golden_file import PARITY, VERSIONS, read, write

BLOCKS, TEXTS = 100, 100
# Between what is put together: words, white space of every kind, marks, emoji in several parts, what tokenizers look for.
PIECES = ['water', 'Bridge', "don't", "WE'LL", ' ', '  ', '    ', '\n', '\r\n', '\t', '\u0085', '\u00a0', '\ufeff', '\u200b', '\u200d', '\u2028',
          '\u3000', '\u180e', '\u0000', '\ufffd', '\u00ad', '\u2060', 'ΟΔΟΣ', 'Σ', 'σ', 'ς', 'İ', 'ı', 'ß', 'ẞ', 'ǅ', 'ﬁ', 'é', 'e\u0301', '\u0301', '\u0327',
          '\u20dd', '\u0489', '\u0903', 'क्ष', 'กำ', '\u0d4e', 'ά', '한국', '\u1112\u1161\u11ab', '漢字', '𠀀', '豈', 'ｆｕｌｌ', 'ｶﾞ', '😀', '👍🏽', '👨\u200d👩\u200d👧',
          '🇨🇦', '1️⃣', '𝄞', '𐐀', '٣', '³', '½', 'Ⅷ', '1234567', '3.14', '-', '--', '_', '...', '?!', '¿', '«', '‘', '“', '\u2e43', '$', '+', '^', '`', '|', '~',
          '[SEP]', '[CLS]', '[MASK]', '[UNK]', '[PAD]', '<s>', '</s>', '<mask>', '<unk>', '<pad>', '<|im_end|>', '<|im_start|>', '<think>', '|||IP_ADDRESS|||',
          '\u2581', '\u2581a', '##ing', 'Ġ', '<0x41>', 'x' * 101, 'é' * 60, '漢' * 40, '\u0301' * 30, 'constructor', '__proto__', 'https://example.org/?a=b', '{"a":1}']
RANGES = [[0x20, 0x7E], [0, 0xFF], [0x100, 0x24F], [0x250, 0x36F], [0x370, 0x52F], [0x530, 0x7FF], [0x800, 0xDFF], [0xE00, 0x13FF], [0x1400, 0x1CFF],
          [0x1D00, 0x2BFF], [0x2C00, 0x33FF], [0x4E00, 0x9FFF], [0xA000, 0xD7FF], [0xE000, 0xFFFF], [0x10000, 0x11FFF], [0x1D000, 0x1FFFF], [0x20000, 0x10FFFF]]
FAMILIES = ('bert', 'roberta', 'xlm-roberta', 'xlm-roberta-older', 'deberta-v2', 'modernbert', 'qwen3-reranker', 'qwen3-reranker-classifier', 'mxbai-rerank-v2')
MASK = 0xFFFFFFFF


class Numbers:
    """Mulberry32, which is as short in JavaScript."""

    def __init__(self, seed: int):
        self.state = seed

    def below(self, limit: int) -> int:
        self.state = (self.state + 0x6D2B79F5) & MASK
        value = self.state
        value = ((value ^ (value >> 15)) * (value | 1)) & MASK
        value ^= (value + (((value ^ (value >> 7)) * (value | 61)) & MASK)) & MASK
        return ((value ^ (value >> 14)) & MASK) % limit


def text_of(numbers: Numbers) -> str:
    parts = []
    for _ in range(1 + numbers.below(12)):
        if numbers.below(3) > 0:
            parts.append(PIECES[numbers.below(len(PIECES))])
            continue
        first, last = RANGES[numbers.below(len(RANGES))]
        parts.append(''.join(chr(first + numbers.below(last - first + 1)) for _ in range(1 + numbers.below(4))))
    return ''.join(parts)


def sums_of(tokenizer: Tokenizer) -> list[str]:
    tokenizer.no_truncation()
    tokenizer.no_padding()
    sums = []
    for block in range(BLOCKS):
        numbers = Numbers(block)
        texts = [text_of(numbers) for _ in range(TEXTS)]
        ids = (tokenizer.encode(text, add_special_tokens=False).ids for text in texts)
        sums.append(hashlib.sha256(';'.join(','.join(map(str, one)) for one in ids).encode()).hexdigest()[:16])
    return sums


if __name__ == '__main__':
    files = {name: json.dumps(read(f'families/{name}.json.gz')['files']['tokenizer.json']) for name in FAMILIES}
    bundled = {name: (PARITY.parents[1] / 'packages' / name / 'tokenizer.json').read_text() for name in ('model-en-mini', 'model-en-tiny')}
    sums = {name: sums_of(Tokenizer.from_str(file)) for name, file in (files | bundled).items()}
    write('hostile.json.gz', {'madeWith': VERSIONS, 'texts': TEXTS, 'pieces': PIECES, 'ranges': RANGES, 'sums': sums})
