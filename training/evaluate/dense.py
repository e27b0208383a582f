"""Search by vectors over a whole collection: each text is embedded once, and what an encoder made of a collection is kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from export.bundle import sha256
from prepare.batches import batches
from prepare.hardware import processor_has_bfloat16

from .first_stage import DEPTH, Found, Search

BATCH_TOKENS = 4096
#: Characters that are tokenised for each token that is kept: what lies behind would be cut off anyway.
CHARACTERS_PER_TOKEN = 16


@dataclass(frozen=True)
class EncoderRecipe:
    """How an encoder wants its texts, as sentence-transformers keeps it beside the weights: `1_Pooling/config.json` and the
    prompts of `config_sentence_transformers.json`. Without them: the mean over all tokens, and texts as they are."""

    first_token: bool
    query_prompt: str
    passage_prompt: str

    @classmethod
    def of(cls, folder: Path) -> EncoderRecipe:
        prompts = _json(folder / 'config_sentence_transformers.json').get('prompts', {})
        pooling = _json(folder / '1_Pooling' / 'config.json')
        return cls(
            bool(pooling.get('pooling_mode_cls_token')),
            prompts.get('query') or '',
            prompts.get('passage') or prompts.get('document') or '',
        )


def _json(path: Path) -> dict:
    return json.loads(path.read_text(encoding='utf-8')) if path.is_file() else {}


class DenseSearch:
    """An encoder in a folder of Hugging Face's layout. In bfloat16 where the hardware multiplies it: cosines move by some
    thousandths."""

    def __init__(self, folder: Path, cache: Path, max_tokens: int = 256):
        self.folder, self._cache, self._max, self._parts = folder, cache, max_tokens, None
        self.recipe = EncoderRecipe.of(folder)
        self._digest = sha256(folder / 'model.safetensors')[:12]

    @property
    def name(self) -> str:
        return self.folder.name

    def __call__(self, corpus: dict[str, str], queries: list[str]) -> list[Found]:
        """The nearest passages of each query, with their cosines: a `Search`."""
        ids, vectors = list(corpus), self.passages(list(corpus.values()))
        found = []
        for row in self.queries(queries) @ vectors.T:
            places = np.argsort(-row, kind='stable')[:DEPTH]
            found.append([(ids[place], float(row[place])) for place in places])
        return found

    def passages(self, texts: list[str]) -> np.ndarray:
        """Unit vectors, [texts, width], float32."""
        return self._kept([self.recipe.passage_prompt + text for text in texts])

    def queries(self, texts: list[str]) -> np.ndarray:
        return self._kept([self.recipe.query_prompt + text for text in texts])

    def _kept(self, texts: list[str]) -> np.ndarray:
        what = hashlib.sha256(json.dumps([self._digest, self._max, self.recipe.first_token, texts]).encode()).hexdigest()
        path = self._cache / f'{self.name}-{what[:16]}.npy'
        if path.is_file():
            return np.load(path).astype(np.float32)
        vectors = self._embed(texts)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix('.partial.npy')
        np.save(partial, vectors.astype(np.float16))
        partial.replace(path)
        return np.load(path).astype(np.float32)

    def _load(self):
        if self._parts is None:
            import torch
            from transformers import AutoModel, AutoTokenizer

            device = 'cuda' if torch.cuda.is_available() else 'cpu'
            low = device == 'cuda' or processor_has_bfloat16()
            kind = torch.bfloat16 if low else torch.float32
            model = AutoModel.from_pretrained(self.folder, dtype=kind).eval().to(device)
            self._parts = (AutoTokenizer.from_pretrained(self.folder), model, device)
        return self._parts

    def _embed(self, texts: list[str]) -> np.ndarray:
        tokenizer, model, _ = self._load()
        cut = [text[: self._max * CHARACTERS_PER_TOKEN] for text in texts]
        tokens = tokenizer(cut, truncation=True, max_length=self._max)['input_ids']
        vectors = np.zeros((len(texts), model.config.hidden_size), np.float32)
        for batch in batches(np.array([len(one) for one in tokens]), BATCH_TOKENS):
            vectors[batch] = self._embed_batch([tokens[place] for place in batch])
        return vectors

    def _embed_batch(self, tokens: list[list[int]]) -> np.ndarray:
        import torch

        tokenizer, model, device = self._load()
        fed = tokenizer.pad({'input_ids': tokens}, return_tensors='pt').to(device)
        with torch.inference_mode():
            hidden = model(input_ids=fed['input_ids'], attention_mask=fed['attention_mask']).last_hidden_state.float()
        mask = fed['attention_mask'].unsqueeze(-1)
        pooled = hidden[:, 0] if self.recipe.first_token else (hidden * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(pooled, dim=-1).cpu().numpy()


#: What reciprocal rank fusion adds to a rank (Cormack, Clarke and Büttcher, SIGIR 2009), and what most engines add.
RRF_OFFSET = 60


def fused(*searches: Search) -> Search:
    """Reciprocal rank fusion: a passage gets 1 / (60 + rank) of each search that has it among its first 100."""

    def search(corpus: dict[str, str], queries: list[str]) -> list[Found]:
        return [_fuse(rows) for rows in zip(*(one(corpus, queries) for one in searches))]

    return search


def _fuse(rows: tuple[Found, ...]) -> Found:
    total: dict[str, float] = {}
    for row in rows:
        for rank, (passage, _) in enumerate(row, 1):
            total[passage] = total.get(passage, 0.0) + 1 / (RRF_OFFSET + rank)
    return sorted(total.items(), key=lambda one: -one[1])[:DEPTH]
