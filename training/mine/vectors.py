"""Vectors that are kept: a text is read by an encoder once, whatever asks for it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np

from mine.config import MineConfig
from mine.encoder import PASSAGE, BiEncoder, Embed, find_encoder

#: Texts between two writes.
_BLOCK = 2048
_KEY = np.dtype('V12')


def make_embed(config: MineConfig) -> Embed:
    """The encoder of the config, which keeps its vectors if there is a folder for them."""
    return KeptVectors(config, config.encoder) if config.vectors else BiEncoder(config)


class KeptVectors:
    """What one encoder makes of texts, in a folder: NAME.f16 and the keys of its rows, NAME.keys. One process writes it."""

    def __init__(self, config: MineConfig, name: str):
        stem = Path(config.vectors) / f'{Path(name).name}-{config.max_embed_tokens}'
        stem.parent.mkdir(parents=True, exist_ok=True)
        self._config, self._name, self._encoder = config, name, None
        self._file, self._keys = stem.with_name(stem.name + '.f16'), stem.with_name(stem.name + '.keys')
        self._rows = {key: row for row, key in enumerate(_read(self._keys, _KEY).tolist())}
        self._width = json.loads((find_encoder(name) / 'config.json').read_text(encoding='utf-8'))['hidden_size']

    def __call__(self, texts: list[str], kind: str = PASSAGE) -> np.ndarray:
        keys = [key_of(text[: self._config.max_embed_characters], kind) for text in texts]
        missing = {key: text for key, text in zip(keys, texts) if key not in self._rows}
        # By length, so that a block that is interrupted costs little.
        wanted = sorted(missing, key=lambda key: len(missing[key]))
        for at in range(0, len(wanted), _BLOCK):
            self._add(wanted[at : at + _BLOCK], missing, kind)
        if not keys:
            return np.zeros((0, self._width), np.float32)
        kept = np.memmap(self._file, np.float16, 'r', shape=(len(self._rows), self._width))
        return kept[[self._rows[key] for key in keys]].astype(np.float32)

    def _add(self, keys: list[bytes], texts: dict[bytes, str], kind: str) -> None:
        self._encoder = self._encoder or BiEncoder(self._config, self._name)
        found = self._encoder([texts[key] for key in keys], kind).astype(np.float16)
        with self._file.open('ab') as file:
            # What an interrupted process wrote without its keys.
            file.truncate(len(self._rows) * self._width * found.itemsize)
            file.write(found.tobytes())
        with self._keys.open('ab') as file:
            file.write(b''.join(keys))
        self._rows |= {key: len(self._rows) + place for place, key in enumerate(keys)}


def key_of(text: str, kind: str) -> bytes:
    return hashlib.blake2b(f'{kind}\x1f{text}'.encode(), digest_size=_KEY.itemsize).digest()


def _read(path: Path, kind: np.dtype) -> np.ndarray:
    return np.fromfile(path, kind) if path.is_file() else np.zeros(0, kind)
