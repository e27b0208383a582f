"""What the tokenizers of the families are trained on, and the 200 pairs that each family is tried with. All text is invented; see texts.py."""
import random

from texts import WORDS, any_characters, sentence

PAIRS = 200
LONG_WORDS = ['x' * 10_000, 'é' * 10_000, 'ก' * 10_000, '漢' * 10_000, '-' * 10_000, 'ab-' * 4_000, '😀' * 3_000, '\u0301' * 10_000,
              ' ' * 10_000, 'İ' * 9_000, '[SEP]</s>' * 900]
SPECIAL = '</s> <s> <mask> <unk> <pad> [SEP] [CLS] x[MASK]. a <mask>b [UNK]! <|im_end|> <|im_start|>system <think> </think> ' \
          '|||IP_ADDRESS||| a    b  c |||EMAIL_ADDRESS||| \u2581 \u2581\u2581a a\u2581b'


PLAIN = ('latin', 'latin', 'latin', 'accents', 'cyrillic', 'numbers', 'code')
# Half of the scripts are left out of the vocabularies, so that unknown tokens occur as well.
SEEN = ('latin', 'accents', 'greek', 'cyrillic', 'arabic', 'thai', 'chinese', 'japanese', 'numbers', 'code', 'urls')


def corpus() -> list[str]:
    source = random.Random(11)
    lines = [sentence(source, source.choice(SEEN), 12) for _ in range(300)]
    lines += [sentence(source, source.choice(PLAIN), 12) for _ in range(300)]
    return lines + ['yes', 'no', '1', '0', 'query: ', 'document: ', 'user\n', 'assistant\n', 'system\n'] * 60


def fixed_pairs() -> list[tuple[str, str]]:
    short = 'what is water'
    pairs = [('', ''), ('', 'water under the bridge'), (short, ''), (' ', '\n\t'), ('\u0000', '\ufffd\u200b'), ('?', '!'), ('  ', ' a'),
             ('a ', ' b'), ('a\n', '\nb\n'), ('why?\n\n', '\n\n- yes'), ("don't we'll I'M it'S", "they'Ve can'T 'tis"),
             ('\u0085a', '\ufeffb\u0085\ufeff c'), ('a\u3000b', '\u3000 ｆｕｌｌ\u3000ｗｉｄｔｈ  '), ('\r\n a\r\nb', 'x\r\n\r\n y \r z'),
             ('e\u0301 o\u0308', 'e\u0301\u0327 \u0301 a\u0301\u0302 ﬁ \u1e9b\u0323 ㌀ ½')]
    pairs += [(short, text) for text in SPECIAL.split(' ')] + [(SPECIAL, SPECIAL)]
    pairs += [(short, f'alpha {word} beta') for word in LONG_WORDS] + [('x' * 10_000, short), ('漢' * 1_000, '字' * 1_000)]
    return pairs


def limit_pairs(length, limit: int) -> list[tuple[str, str]]:
    """Texts that fill the limit to the token, and queries that leave no room. `length` counts what a pair would take."""
    pairs, empty = [], length('', '')
    for wanted in (limit - 1, limit, limit + 1, limit + 2, 2 * limit):
        room = wanted - empty
        for share in (0.1, 0.5, 0.9):
            words = max(1, int(room * share))
            query = 'a' + ' a' * (words - 1)
            text = 'a' + ' a' * max(0, room - words - 1)
            pairs.append((query, text))
    pairs += [('a' + ' a' * (2 * limit), 'short text'), ('a' + ' a' * (2 * limit), ''), ('', 'a' + ' a' * (2 * limit)),
              ('a' + ' a' * (2 * limit), 'b' + ' b' * (2 * limit)), ('unbelievably ' * limit, 'tokenization ' * limit)]
    return pairs


def family_pairs(tokenizer, join, limit: int) -> list[tuple[str, str, int]]:
    """(query, text, most tokens). `join(query, text, limit)` gives the ids first."""
    source = random.Random(17)
    pairs = [(*pair, limit) for pair in fixed_pairs()]
    pairs += [(*pair, limit) for pair in limit_pairs(lambda query, text: len(join(query, text, 10**6)[0]), limit)]
    smaller = limit * 3 // 4
    pairs += [(*pair, smaller) for pair in limit_pairs(lambda query, text: len(join(query, text, 10**6)[0]), smaller)[::2]]
    scripts = list(WORDS)
    while len(pairs) < PAIRS - 20:
        script = scripts[len(pairs) % len(scripts)]
        pairs.append((sentence(source, script, source.randint(1, 8)), sentence(source, source.choice((script, 'latin')), source.randint(1, 40)), limit))
    while len(pairs) < PAIRS:
        pairs.append((any_characters(source, source.randint(1, 12)), any_characters(source, source.randint(1, 60)), limit))
    return pairs[:PAIRS]
