"""A split reranker before its export: each passage is read once, however many questions it is a candidate of, and the pairs
of a question are read together in batches. Several times as fast as its graph pair by pair, and in bfloat16 where the
hardware multiplies it, so that a logit moves by some hundredths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from prepare.batches import batches
from prepare.errors import DataError
from split.files import load_split
from split.reading import Readings
from split.shape import is_split
from split.texts import padded
from train.device import choose_device

BATCH_TOKENS = 4096
#: Tokens whose states are kept at most, at 1.5 KB each for a width of 384.
KEPT_TOKENS = 1_000_000


class TrainedModel:
    """A folder that `python -m train` or `python -m split.own give` wrote; query and text have half of `max_tokens` each,
    and what the query leaves of its half is the text's."""

    def __init__(self, folder: Path, max_tokens: int):
        if not is_split(folder):
            raise DataError(f'{folder}: neither an exported model nor a split reranker; run `python -m export` first')
        self._device, self._max = choose_device(), max_tokens
        self._model = load_split(folder).eval().to(self._device.name)
        self._tokenizer = Tokenizer.from_file(str(folder / 'tokenizer.json'))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)
        self._kept: dict[str, tuple[np.ndarray, torch.Tensor, torch.Tensor]] = {}

    @torch.inference_mode()
    def score(self, query: str, texts: list[str]) -> np.ndarray:
        """A logit for each text."""
        asked = self._read([self._ids(query, self._max // 2)])
        room = self._max - int(asked.lengths[0])
        if sum(len(ids) for ids, *_ in self._kept.values()) > KEPT_TOKENS:
            self._kept.clear()
        self._read_all([text for text in dict.fromkeys(texts) if text not in self._kept])
        lengths = np.array([min(len(self._kept[text][0]), room) for text in texts])
        logits = np.zeros(len(texts), np.float32)
        for batch in batches(lengths + int(asked.lengths[0]), BATCH_TOKENS):
            passages = self._readings([texts[place] for place in batch], room)
            rows = len(batch)
            queries = Readings(*(one.expand(rows, *one.shape[1:]) for one in (asked.ids, asked.lengths, asked.early, asked.late)))
            with self._device.autocast():
                logits[batch] = self._model(queries, passages).float().cpu().numpy()
        return logits

    def _ids(self, text: str, most: int) -> np.ndarray:
        ids = self._tokenizer.encode(text).ids
        return np.array(ids if len(ids) <= most else [*ids[: most - 1], ids[-1]], np.int64)

    def _read(self, rows: list[np.ndarray]) -> Readings:
        ids, lengths = (one.to(self._device.name) for one in padded(rows))
        with self._device.autocast():
            return self._model.read(ids, lengths)

    def _read_all(self, texts: list[str]) -> None:
        rows = [self._ids(text, self._max) for text in texts]
        for batch in batches(np.array([len(row) for row in rows]), BATCH_TOKENS):
            found = self._read([rows[place] for place in batch])
            for place, early, late in zip(batch, found.early, found.late):
                size = len(rows[place])
                self._kept[texts[place]] = (rows[place], early[:size].half().cpu(), late[:size].half().cpu())

    def _readings(self, texts: list[str], room: int) -> Readings:
        """Of passages, cut to the room that the query leaves. A text that is cut keeps the states of the whole: what it was
        read with reaches some tokens further than the export's, which sees the cut text."""
        kept = [self._kept[text] for text in texts]
        ids, lengths = padded([row[0][:room] for row in kept])
        states = torch.zeros(2, *ids.shape, kept[0][1].shape[-1])
        for row, (_, early, late) in enumerate(kept):
            size = int(lengths[row])
            states[0, row, :size], states[1, row, :size] = early[:size], late[:size]
        early, late = states.to(self._device.name)
        return Readings(ids.to(self._device.name), lengths.to(self._device.name), early, late)
