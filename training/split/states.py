"""What the frozen layers make of every text, computed once and kept on disk: two float16 numbers a token and channel, one
where the layers above `joint_from` are trained.

Training then runs the layers on top alone, which is most of its time saved. A stopped computation goes on where it was.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from prepare.batches import batches
from train.cache import TokenCache
from train.device import Device
from train.forward import there

from .model import SplitReranker
from .texts import padded, text_ids, text_lengths

BATCH_TOKENS = 6000
#: Batches between two notes of how far it came.
NOTE_EVERY = 50


class StateStore:
    """States of one token cache, [early and late, tokens, width], or early alone; text i is at starts[i]:starts[i + 1]."""

    def __init__(self, cache: TokenCache, path: Path, max_text_tokens: int, width: int, early_alone: bool = False):
        self._cache, self._path, self._max = cache, path, max_text_tokens
        self._lengths = text_lengths(cache, max_text_tokens)
        self._starts = np.concatenate([[0], np.cumsum(self._lengths)])
        self._shape = (1 if early_alone else 2, int(self._starts[-1]), width)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._states = np.memmap(path, np.float16, 'r+' if path.is_file() else 'w+', shape=self._shape)

    def fill(self, model: SplitReranker, device: Device, say: Callable[[str], None]) -> None:
        """Computes what is missing."""
        note = self._path.with_suffix('.json')
        done = json.loads(note.read_text())['batches'] if note.is_file() else 0
        plan = batches(self._lengths, BATCH_TOKENS)
        read = _reader(model, device, self._shape[0] == 1)
        if done < len(plan):
            say(f'{self._path.name}: reading {len(self._lengths)} texts, {self._starts[-1]} tokens')
        for number in range(done, len(plan)):
            self._read(plan[number], read)
            if (number + 1) % NOTE_EVERY == 0 or number + 1 == len(plan):
                self._states.flush()
                note.write_text(json.dumps({'batches': number + 1, 'of': len(plan)}))

    @torch.no_grad()
    def _read(self, places: np.ndarray, read: Callable[[Tensor, Tensor], tuple[Tensor, ...]]) -> None:
        ids, lengths = padded([text_ids(self._cache, int(place), self._max) for place in places])
        for part, values in enumerate(read(ids, lengths)):
            rows = values.cpu().numpy()
            for row, place in zip(rows, places):
                self._states[part, self._starts[place] : self._starts[place + 1]] = row[: self._lengths[place]]

    def states(self, number: int) -> np.ndarray:
        """Of one text, [early and late, its tokens, width], or early alone, float16."""
        return self._states[:, self._starts[number] : self._starts[number + 1]]


def _reader(
    model: SplitReranker, device: Device, early_alone: bool
) -> Callable[[Tensor, Tensor], tuple[Tensor, ...]]:
    """What reads texts: early and late states in float16, or early ones alone. With bfloat16, by weights that were rounded
    once: rounding them again for each batch takes as long as the products."""
    bert, joint_from = copy.deepcopy(model.bert).eval(), model.shape.joint_from
    if early_alone:
        bert.encoder.layer = bert.encoder.layer[:joint_from]
        bert.config.num_hidden_layers = joint_from
    if device.bfloat16:
        bert = bert.bfloat16()

    def read(ids: Tensor, lengths: Tensor) -> tuple[Tensor, ...]:
        ids, lengths = ids.to(device.name), lengths.to(device.name)
        hidden = bert(ids, attention_mask=there(ids, lengths).long(), output_hidden_states=True).hidden_states
        return tuple(hidden[place].half() for place in ((joint_from,) if early_alone else (joint_from, -1)))

    return read


def layers_digest(model: SplitReranker, early_alone: bool = False) -> str:
    """Changes with any weight that made what is kept."""
    found = hashlib.sha256()
    layers = model.bert.encoder.layer[: model.shape.joint_from if early_alone else None]
    for part in (model.bert.embeddings, layers) if early_alone else (model.bert,):
        for weight in part.state_dict().values():
            found.update(weight.detach().cpu().numpy().tobytes())
    return f'{found.hexdigest()[:8]}-{model.shape.joint_from}{"e" if early_alone else ""}'


def store_name(cache: TokenCache, layers: str, max_text_tokens: int) -> str:
    """Differs when the pools, the layers (their digest) or the limit do."""
    source = hashlib.sha256(cache.source.encode()).hexdigest()
    return f'{source[:12]}-{layers}-{max_text_tokens}.f16'
