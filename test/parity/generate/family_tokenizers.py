"""Tokenizers of each family, trained on invented text: small vocabularies, the pipelines that real models ship.

The pipelines are what `convert_slow_tokenizer` of transformers writes for each family, and what the tokenizer.json files
of well-known rerankers hold.
"""
import io
import tempfile
import unicodedata

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from family_texts import corpus

GPT2 = r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""


def charsmap() -> bytes:
    """A compiled character map as SentencePiece ships them, of our own rules: some of NFKC, spaces, control characters."""
    rules: dict[str, str] = {chr(code): '' for code in (*range(1, 9), *range(14, 32), 0x7F, 0x200B, 0x200E, 0x200F)}
    rules |= {char: ' ' for char in '\t\n\x0b\x0c\r\u1680\u2028\u2029\u202f\u205f\u3000\u2581\ufeff\ufffd'}
    blocks = ((0xA0, 0x180), (0x1E00, 0x1E60), (0x2000, 0x200B), (0x2010, 0x2070), (0x2150, 0x2190), (0x2460, 0x2480),
              (0x3300, 0x3340), (0xFB00, 0xFB07), (0xFDFA, 0xFDFB), (0xFE70, 0xFEFD), (0xFF01, 0xFF9E), (0x1D400, 0x1D434))
    for first, end in blocks:
        for char in map(chr, range(first, end)):
            plain, apart = unicodedata.normalize('NFKC', char), unicodedata.normalize('NFD', char)
            if plain != char:
                rules[char] = plain
            if len(apart) == 2 and unicodedata.normalize('NFC', apart) == char:
                rules[apart] = plain
    lines = (f'{codes(old)}\t{codes(new)}\n' for old, new in rules.items())
    model = io.BytesIO()
    with tempfile.NamedTemporaryFile('w', suffix='.tsv') as file:
        file.writelines(lines)
        file.flush()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(['alpha beta gamma'] * 50), model_writer=model, vocab_size=20, hard_vocab_limit=False,
            normalization_rule_tsv=file.name, minloglevel=2)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    return proto.normalizer_spec.precompiled_charsmap


def codes(text: str) -> str:
    return ' '.join(f'{ord(char):x}' for char in text)


def mask(content: str) -> AddedToken:
    return AddedToken(content, lstrip=True, special=True, normalized=False)


def template(tokenizer: Tokenizer, pair: str, single: str) -> None:
    names = {part.split(':')[0] for part in pair.split() if not part.startswith('$')}
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=[(name, tokenizer.token_to_id(name)) for name in sorted(names)])


def bert() -> Tokenizer:
    """Cased WordPiece."""
    special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']
    tokenizer = Tokenizer(models.WordPiece(unk_token='[UNK]', max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=None)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(corpus(), trainers.WordPieceTrainer(vocab_size=500, special_tokens=special, show_progress=False))
    tokenizer.post_processor = processors.BertProcessing(('[SEP]', 3), ('[CLS]', 2))
    return tokenizer


def roberta() -> Tokenizer:
    special = ['<s>', '<pad>', '</s>', '<unk>', mask('<mask>')]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    train_bpe(tokenizer, special, 420)
    tokenizer.post_processor = processors.RobertaProcessing(('</s>', 2), ('<s>', 0), trim_offsets=True, add_prefix_space=False)
    return tokenizer


def train_bpe(tokenizer: Tokenizer, special: list, size: int) -> None:
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=alphabet, show_progress=False))


def train_unigram(tokenizer: Tokenizer, special: list, unknown: str, size: int = 420) -> None:
    tokenizer.train_from_iterator(corpus(), trainers.UnigramTrainer(
        vocab_size=size, special_tokens=special, unk_token=unknown, show_progress=False))


def xlm_roberta() -> Tokenizer:
    """As files written by recent versions of transformers."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Precompiled(charsmap()), normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(' {2,}'), '\u2581')])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme='always')
    train_unigram(tokenizer, ['<s>', '<pad>', '</s>', '<unk>', mask('<mask>')], '<unk>')
    template(tokenizer, '<s>:0 $A:0 </s>:0 </s>:0 $B:0 </s>:0', '<s>:0 $A:0 </s>:0')
    return tokenizer


def xlm_roberta_older() -> Tokenizer:
    """As the files of the first rerankers on XLM-R: white space splits first."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Precompiled(charsmap())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme='always')])
    train_unigram(tokenizer, ['<s>', '<pad>', '</s>', '<unk>', mask('<mask>')], '<unk>')
    template(tokenizer, '<s>:0 $A:0 </s>:0 </s>:0 $B:0 </s>:0', '<s>:0 $A:0 </s>:0')
    return tokenizer


def deberta_v2() -> Tokenizer:
    """DeBERTa-v3 has the same pipeline."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Strip(), normalizers.Precompiled(charsmap()), normalizers.Replace(Regex(' {2,}'), ' ')])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Metaspace(prepend_scheme='always')])
    train_unigram(tokenizer, ['[PAD]', '[CLS]', '[SEP]', AddedToken('[UNK]', normalized=True, special=True), '[MASK]'], '[UNK]')
    template(tokenizer, '[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1', '[CLS]:0 $A:0 [SEP]:0')
    return tokenizer


def modernbert() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    train_bpe(tokenizer, ['[PAD]', '[CLS]', '[SEP]', '[UNK]', mask('[MASK]')], 420)
    runs = [' ' * length for length in range(8, 1, -1)]
    tokenizer.add_tokens([AddedToken(content, normalized=True) for content in ('|||IP_ADDRESS|||', *runs, '|||EMAIL_ADDRESS|||')])
    template(tokenizer, '[CLS]:0 $A:0 [SEP]:0 $B:0 [SEP]:0', '[CLS]:0 $A:0 [SEP]:0')
    return tokenizer


def qwen() -> Tokenizer:
    """No post-processor that joins pairs: the prompt is written out by the caller."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(GPT2), 'isolated'), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    train_bpe(tokenizer, [], 560)
    tokenizer.post_processor = processors.ByteLevel(trim_offsets=False)
    tokenizer.add_special_tokens(['<|endoftext|>', '<|im_start|>', '<|im_end|>'])
    tokenizer.add_tokens([AddedToken(content, normalized=False) for content in ('<think>', '</think>')])
    return tokenizer
