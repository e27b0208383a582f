"""The texts of the parity pairs. All of it is invented here or put together by the functions below; nothing is quoted.

The words mean something in their language, the sentences made of them do not.
"""
import random

WORDS = {
    'latin': 'water bridge window reader quietly seven unbelievably tokenization counter-example re-entry of the a to under',
    'accents': 'café naïve résumé Zürich Ångström señor coração œuvre fiancée déjà crème brûlée Łódź Dvořák Gödel İstanbul ılık '
    'ǅungla Straße STRASSE ẞ Þórr Æther øre ﬁne ﬂour ŉ ǰ smörgåsbord e\u0301te\u0301 n\u0303andu\u0301 Å\u0323\u0302 ộ ữ ẫ',
    'greek': 'ΟΔΟΣ ΣΊΣΥΦΟΣ σίσυφος ὁδός ᾿Αθῆναι ΑΣ Σ σ ς ΐ ᾳ ᾼ Ὀδυσσεύς λόγος θάλασσα ; ·',
    'cyrillic': 'вода мост ёлка Йод ЩУКА їжак ґанок Ђорђе љубав ѝ объект и\u0306 Ѳита ѵ ҐАВА',
    'arabic': 'ماء كِتَابٌ مَدْرَسَة السلام ٱلْعَرَبِيَّة ﷲ ﻻ لا؟ ١٢٣٤ ، ؛ پنجره چای گفت‌وگو',
    'hebrew': 'מים שָׁלוֹם סֵפֶר יְרוּשָׁלַיִם שׁוֹר״ת ג׳ירפה עִבְרִית',
    'devanagari': 'पानी पुस्तक विद्यालय क्षत्रिय श्री ज़रूरत नमस्ते । ॥ १२३ हिन्दी ऑफ़िस',
    'indic': 'தமிழ் நூல் বাংলা ভাষা తెలుగు ಕನ್ನಡ മലയാളം ગુજરાતી ਪੰਜਾਬੀ සිංහල',
    'thai': 'น้ำ หนังสือ โรงเรียน กำลัง ภาษาไทย เขียนติดกันไม่มีวรรค ๑๒๓ ฯลฯ',
    'southeast': 'ភាសាខ្មែរ ພາສາລາວ မြန်မာဘာသာ བོད་ཡིག ᠮᠣᠩᠭᠣᠯ ქართული ႠႡႢ ᲐᲑᲒ Հայերեն ԱԲԳ አማርኛ ᏣᎳᎩ ꭰꭱꭲ',
    'chinese': '水 图书馆 漢字 簡體 我们在河边读书。 「引號」 《書名》 ，、；： 一二三 𠀀𠀁 𪚥 豈 更 類 丽',
    'japanese': '水 図書館 カタカナ ひらがな がぎぐ か\u3099 ﾊﾝｶｸ ｶﾞ 々〆 ー 東京タワー ゔ ㌔ ㍿ 〜 ・',
    'korean': '물 도서관 한국어 각 값 없다 뷁 \u1112\u1161\u11ab ㄱㄴㄷ 읽는다',
    'emoji': '😀 👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 ❤️ ☂ ✈️ 🇨🇦 1️⃣ 🫠 🧑🏿‍🚀 ☕ ™ ©',
    'math': '𝐀 𝒜 𝔸 𝟘 ∑ ≠ ≤ ≮ ∄ ½ x² H₂O → ⇒ √2 ℵ ℝ Å Ω 5′ 6″ ± × ÷ 10⁻³ ∞',
    'astral': '𐐀𐐁 𐐨 𐒰 𑀓 𑄴 𒀀 𓀀 𝄞 𝅘𝅥 𞤀𞤢 𞸀 🄰 🅰 󠄀 \U0001e000 \U00016ea0 \U000e0041 \U000f0000',
    'controls': 'a\u0000b tab\tbed new\nline car\rriage ver\u000btical form\u000cfeed next\u0085line nb\u00a0sp zero\u200bwidth '
    'joi\u200dner non\u200cjoiner so\u00adft l\u200em\u200f \ufeffbom rep\ufffdlaced line\u2028sep para\u2029sep '
    'nar\u202frow ideo\u3000graphic ogham\u1680space mong\u180eolian del\u007fete \u001b[31mred\u001b[0m un\u0378assigned '
    'pri\ue000vate tag\U000e0061s var\ufe0fiation word\u2060joiner',
    'code': 'const x=await f(y)??[]; if(a!==b&&c<=d){return`${e}`} // TODO: fix #42 def __init__(self,*args)->None: '
    'SELECT*FROM"t"WHERE id=1; std::vector<int>v{1,2}; $ cd ../lib && make -j4 0xDEADBEEF snake_case camelCase a.b.c() '
    'constructor __proto__ toString hasOwnProperty \\n \\u0041 <div class="x">&nbsp;</div>',
    'urls': 'https://example.org/a/b?c=d&e=%20f#g mailto:who@example.org ftp://example.org:21/~x C:\\dir\\file.txt '
    '/usr/local/lib 192.0.2.1 2001:db8::1 example.org www.example.org/ü',
    'numbers': '0 00 3.14159 1,000,000 -5 +49 1e-9 2024-02-29 12:34:56.789 $99.95 50% №7 #1 1/2 Ⅷ ① ٣ ৩ 3rd 007 123456789012345678',
    'specials': '[SEP] [CLS] [MASK] [UNK] [PAD] [sep] [SEP][SEP] a[SEP]b [ SEP ] [SEP [CLS]] x[MASK]. [UNK]! [PAD]s ##ing ## [unused1]',
}


def sentence(random_source: random.Random, script: str, words: int) -> str:
    stock = WORDS[script].split(' ')
    parts = []
    for _ in range(words):
        word = random_source.choice(stock)
        if random_source.random() < 0.1:
            word = random_source.choice((word.upper(), word + ',', f'({word})', f'"{word}"', word + word, word + '.'))
        parts.append(word)
    joiner = '' if script in ('thai', 'chinese', 'japanese') and random_source.random() < 0.5 else ' '
    return joiner.join(parts)


def any_characters(random_source: random.Random, length: int) -> str:
    """Characters of every kind: few of them are words, many stand in no table of an older Unicode."""
    blocks = ((0x20, 0x7E), (0, 0xFF), (0x100, 0x24F), (0x300, 0x36F), (0x370, 0x6FF), (0x900, 0xDFF), (0x1100, 0x11FF),
              (0x1D00, 0x2BFF), (0x2E80, 0x9FFF), (0xA000, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x1FFFF), (0x20000, 0x10FFFF))
    chosen = random_source.sample(blocks, 3)
    return ''.join(chr(random_source.randint(*random_source.choice(chosen))) for _ in range(length))


def edge_pairs() -> list[tuple[str, str]]:
    """(query, text) where something is empty, very long or exactly at a limit. `alpha` is one token."""
    alpha = lambda count: ' '.join(['alpha'] * count)
    short = 'what is alpha'
    pairs = [('', ''), ('', alpha(3)), (short, ''), (' ', '\n\t'), ('\u0000', '\ufffd\u200b'), ('[SEP]', '[CLS]'), ('?', '!')]
    pairs += [(short, alpha(count)) for count in (505, 506, 507, 508, 509, 510, 1000)]
    pairs += [(alpha(count), 'beta gamma') for count in (506, 507, 508, 509, 600)]
    pairs += [(alpha(q), 'beta ' * t) for q, t in ((254, 254), (254, 255), (255, 254), (255, 255), (254, 256), (256, 254),
              (255, 256), (256, 255), (300, 300), (300, 299), (299, 300), (509, 509), (512, 511), (511, 512), (700, 600),
              (600, 700), (600, 600), (1, 508), (1, 509), (508, 1), (509, 1), (509, 2))]
    pairs += [(alpha(505) + ' unbelievably', 'beta'), (short, alpha(504) + ' tokenization'), (short, alpha(503) + ' tokenization')]
    words = ['x' * 99, 'x' * 100, 'x' * 101, 'é' * 100, 'é' * 101, 'e\u0301' * 100, 'e\u0301' * 101, '😀' * 100, '😀' * 101,
             '\u200b' * 200, 'ab\u00ad' * 60, '한' * 33, '한' * 34, 'x' * 10_000, 'é' * 10_000, 'ก' * 10_000, '漢' * 10_000,
             '-' * 10_000, 'ab-' * 5_000, '👨\u200d👩' * 2_000, 'İ' * 10_000, '[SEP]' * 1_000, '\u0301' * 10_000, ' ' * 10_000]
    pairs += [(short, f'alpha {word} beta') for word in words]
    pairs += [('x' * 10_000, short), ('漢' * 1_000, '字' * 1_000), (short, alpha(200) + ' ' + 'x' * 10_000 + ' ' + alpha(400))]
    return pairs
