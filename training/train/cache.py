"""Pools as token ids: one compressed file for each file of pools, small enough to carry to another machine."""

from __future__ import annotations

import glob
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from prepare.pools import read_pools

from .errors import TrainingError
from .read_pools import PoolTable, table_of
from .settings import MAX_KEPT_TOKENS, Config


@dataclass(frozen=True)
class TokenCache:
    """The pools of one file. Text i is tokens[text_starts[i]:text_starts[i + 1]]; list i likewise in the candidates."""

    tokens: np.ndarray
    text_starts: np.ndarray
    queries: np.ndarray
    list_starts: np.ndarray
    candidates: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    hashes: np.ndarray
    set_numbers: np.ndarray
    sets: list[str]
    teachers: list[str]
    marks: list[int]
    """Ids of [CLS] and [SEP]."""
    source: str = ''

    @property
    def file(self) -> str:
        """Name of the file of pools."""
        return self.source.split(' ')[0]

    def text(self, number: int) -> np.ndarray:
        return self.tokens[self.text_starts[number] : self.text_starts[number + 1]]

    def __len__(self) -> int:
        return len(self.queries)


def load_all(config: Config, tokenizer_file: Path) -> tuple[list[TokenCache], list[TokenCache]]:
    """Caches to train on, and those that are held out as a whole: none unless data.held_out_pools names some, or
    another machine did and `cache` has them."""
    if not config.data.cache:
        raise TrainingError("data.cache is ''; name a folder for the pools as token ids")
    folder = Path(config.data.cache)
    training = load_caches(config.data.pools, folder / 'train', tokenizer_file)
    apart = folder / 'held-out'
    if config.data.held_out_pools or (not config.data.pools and apart.is_dir()):
        return training, load_caches(config.data.held_out_pools, apart, tokenizer_file)
    return training, []


def load_caches(patterns: list[str], folder: Path, tokenizer_file: Path) -> list[TokenCache]:
    """Caches of every pools file that the patterns match, tokenised now where missing or older; sorted by name.

    Without patterns, every cache in the folder: that is how another machine trains without the texts.
    """
    if not patterns:
        found = sorted(folder.glob('*.npz'))
        if not found:
            raise TrainingError(f'data.cache: {folder} holds no .npz and no pools are named; name some to tokenise')
        return [read_cache(path) for path in found]
    if missing := [one for one in patterns if not glob.has_magic(one) and not Path(one).is_file()]:
        raise TrainingError(f'the pools {missing[0]!r}: there is no such file')
    files = sorted({Path(name) for pattern in patterns for name in glob.glob(pattern)})
    if not files:
        raise TrainingError(f'the pools {patterns!r}: no file matches; run `python -m mine` first')
    by_name: dict[str, Path] = {}
    for file in files:
        if (other := by_name.setdefault(_name_of(file), file)) != file:
            raise TrainingError(f'the pools {other} and {file} have one name, and caches go by it; rename one of them')
    folder.mkdir(parents=True, exist_ok=True)
    return [_fresh(file, folder, tokenizer_file) for file in files]


def _name_of(file: Path) -> str:
    """Without endings, and without blanks: `TokenCache.source` has one after the name."""
    return file.name.removesuffix('.gz').removesuffix('.jsonl').replace(' ', '_')


def _fresh(file: Path, folder: Path, tokenizer_file: Path) -> TokenCache:
    path = folder / f'{_name_of(file)}.npz'
    source = f'{file.name.replace(" ", "_")} {hashlib.sha256(file.read_bytes()).hexdigest()} {_digest(tokenizer_file)}'
    if path.is_file():
        cached = read_cache(path)
        if cached.source == source:
            return cached
    cache = tokenise(table_of(read_pools(file)), Tokenizer.from_file(str(tokenizer_file)), source)
    write_cache(cache, path)
    return cache


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def tokenise(table: PoolTable, tokenizer: Tokenizer, source: str = '') -> TokenCache:
    """Token ids of every distinct text, without [CLS] and [SEP], at most MAX_KEPT_TOKENS each."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_KEPT_TOKENS)
    if tokenizer.get_vocab_size() > 65536:
        raise TrainingError(f'tokenizer: {tokenizer.get_vocab_size()} entries; token ids are kept in 16 bits')
    marks = [tokenizer.token_to_id(name) for name in ('[CLS]', '[SEP]')]
    if None in marks:
        raise TrainingError('tokenizer: has no [CLS] or no [SEP]; only the WordPiece of a BERT can be trained with')
    texts = list(table.texts)
    encoded = []
    for start in range(0, len(texts), 4096):
        for one in tokenizer.encode_batch(texts[start : start + 4096], add_special_tokens=False):
            encoded.append(np.array(one.ids, np.uint16))
    starts = np.concatenate([[0], np.cumsum([len(ids) for ids in encoded])]).astype(np.int64)
    tokens = np.concatenate(encoded) if encoded else np.zeros(0, np.uint16)
    return TokenCache(
        tokens,
        starts,
        table.queries,
        table.list_starts,
        table.candidates,
        table.labels,
        table.scores,
        table.hashes,
        table.set_numbers,
        table.sets,
        table.teachers,
        marks,
        source,
    )


ARRAYS = ('tokens', 'text_starts', 'queries', 'list_starts', 'candidates', 'labels', 'scores', 'hashes', 'set_numbers')


def write_cache(cache: TokenCache, path: Path) -> None:
    """Whole or not at all: another process may be reading the folder."""
    notes = json.dumps({'sets': cache.sets, 'teachers': cache.teachers, 'marks': cache.marks, 'source': cache.source})
    partial = path.with_suffix(f'.{os.getpid()}.partial')
    with partial.open('wb') as file:
        np.savez_compressed(
            file, notes=np.frombuffer(notes.encode(), np.uint8), **{name: getattr(cache, name) for name in ARRAYS}
        )
    partial.replace(path)


def read_cache(path: Path) -> TokenCache:
    with np.load(path) as file:
        notes = json.loads(file['notes'].tobytes())
        return TokenCache(**{name: file[name] for name in ARRAYS}, **notes)
