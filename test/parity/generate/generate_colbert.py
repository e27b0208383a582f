"""Writes test/fixtures/tiny-colbert/ and test/parity/colbert.json.gz: what PyLate makes of queries and documents.

    python test/parity/generate/generate_colbert.py

Random weights and invented texts: nothing here means anything, all of it can be recomputed. Needs pylate 1.6.0 with
sentence-transformers 5.3.0 and transformers 5.3.0 beside training/requirements.txt.

Scores are those of the paper's definition in float64 over PyLate's own vectors, each text encoded alone. PyLate's padded
scores, where they differ, stand beside them.
"""

import gzip
import json
import random
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from pylate import models, scores
from sentence_transformers.models import Transformer
from transformers import BertConfig, BertModel

HERE = Path(__file__).resolve().parent
PARITY = HERE.parent
sys.path[:0] = [str(HERE), str(PARITY.parent / 'fixtures')]

from make_tiny_bert import make_tokenizer, vocabulary  # noqa: E402
from texts import WORDS, any_characters, sentence  # noqa: E402

OUT = PARITY.parent / 'fixtures/tiny-colbert'
MAX_TOKENS, DIMENSIONS = 64, 16
QUERY_LENGTH, DOCUMENT_LENGTH = 12, 40
VARIANTS = {
    'expanded': {'do_query_expansion': True, 'attend_to_expansion_tokens': False},
    'attended': {'do_query_expansion': True, 'attend_to_expansion_tokens': True},
    'plain': {'do_query_expansion': False, 'attend_to_expansion_tokens': False},
}


def make_backbone(folder: Path) -> None:
    """A base encoder with its tokenizer, wide enough that every part of the graph moves the vectors."""
    make_tokenizer(folder)
    config = BertConfig(vocab_size=len(vocabulary()), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
                        intermediate_size=64, max_position_embeddings=MAX_TOKENS)
    model, generator = BertModel(config, add_pooling_layer=False).eval(), np.random.default_rng(21)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            values = generator.standard_normal(tuple(weight.shape)).astype(np.float32) * 0.3
            weight.copy_(torch.from_numpy(values + (1 if name.endswith('LayerNorm.weight') else 0)))
    model.save_pretrained(folder)


def make_model(folder: Path) -> models.ColBERT:
    torch.manual_seed(22)
    dense = models.Dense(in_features=32, out_features=DIMENSIONS, bias=False)
    model = models.ColBERT(modules=[Transformer(str(folder)), dense], query_length=QUERY_LENGTH, device='cpu',
                           document_length=DOCUMENT_LENGTH)
    # The markers were just added to the vocabulary with random vectors; make them repeatable too.
    table = model[0].auto_model.get_input_embeddings().weight
    with torch.no_grad():
        table[len(vocabulary()):] = torch.from_numpy(np.random.default_rng(23).standard_normal((2, 32)).astype(np.float32) * 0.3)
    return model.eval()


class TokenVectors(torch.nn.Module):
    def __init__(self, model: models.ColBERT) -> None:
        super().__init__()
        self.encoder, self.linear = model[0].auto_model, model[1].linear

    def forward(self, input_ids, attention_mask, token_type_ids):
        hidden = self.encoder(input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids)
        return self.linear(hidden.last_hidden_state)


def export(model: models.ColBERT, path: Path) -> None:
    model[0].auto_model.set_attn_implementation('eager')
    names = ('input_ids', 'attention_mask', 'token_type_ids')
    example = tuple(torch.ones(2, 7, dtype=torch.int64) for _ in names)
    axes = {name: {0: 'batch', 1: 'tokens'} for name in (*names, 'token_embeddings')}
    torch.onnx.export(TokenVectors(model).eval(), example, str(path), input_names=list(names), opset_version=17,
                      output_names=['token_embeddings'], dynamic_axes=axes, dynamo=False)
    model.eval()


def texts() -> tuple[list[str], list[str]]:
    source, scripts = random.Random(24), list(WORDS)
    long = 'The old mill on the river turns and turns, and the clock waits. ' * 6
    queries = ['what is the key', '', '   ', '?!', 'where does the water of the river go in winter, and how does it open the door',
               ' the\u0085bridge\u3000', '\ufeffkey', '[MASK] [Q] key', 'x' * 200, 'key 😀 👩‍👩‍👧 lamp']
    documents = ['The key to the tower is in the old lamp.', '', '.,;:!?', long, 'word ' * 36, 'word ' * 37, 'word ' * 38,
                 '[D] [SEP] door', 'y' * 10_000, '\x1c the garden \x1f', 'glass: "stone" (small) - deep; open.']
    queries += [sentence(source, scripts[at % len(scripts)], source.randint(1, 14)) for at in range(8)]
    documents += [sentence(source, scripts[at % len(scripts)], source.randint(1, 50)) for at in range(12)]
    return [*queries, any_characters(source, 30), any_characters(source, 30)], [*documents, any_characters(source, 300)]


def max_sim(query: np.ndarray, document: np.ndarray) -> float:
    """Khattab and Zaharia 2020, equation 3."""
    return float((query.astype(np.float64) @ document.astype(np.float64).T).max(axis=1).sum())


def golden(model: models.ColBERT, variant: dict) -> dict:
    for name, value in variant.items():
        setattr(model, name, value)
    queries, documents = texts()

    def encode(of: list[str], is_query: bool) -> list[np.ndarray]:
        # One at a time: batches pad, and these are to be the vectors without neighbours.
        return [model.encode([text], is_query=is_query, show_progress_bar=False)[0] for text in of]

    def tokens(of: list[str], is_query: bool) -> list[dict]:
        rows = []
        for text in of:
            features = model.tokenize([text], is_query=is_query)
            ids, mask = features['input_ids'][0].tolist(), features['attention_mask'][0].tolist()
            kept = list(range(len(ids))) if is_query else [at for at, one in enumerate(ids) if one not in model.skiplist]
            rows.append({'text': text, 'ids': ids, 'seen': sum(mask), 'kept': kept})
        return rows

    query_vectors, document_vectors = encode(queries, True), encode(documents, False)
    padded = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(one) for one in document_vectors], batch_first=True)
    return {
        'settings': variant,
        'queries': tokens(queries, True), 'documents': tokens(documents, False),
        'scores': [[round(max_sim(query, document), 7) for document in document_vectors] for query in query_vectors],
        'padded': [[round(float(one), 7) for one in scores.colbert_scores(torch.from_numpy(query)[None], padded)[0]]
                   for query in query_vectors],
    }


def negative() -> dict:
    """Vectors that point away from each other: here padding with zeros shows."""
    query = np.array([[1, 0], [0, 1]], dtype=np.float32)
    documents = [np.array([[-1, 0], [-0.6, -0.8]], dtype=np.float32), np.array([[-0.6, 0.8]], dtype=np.float32)]
    padded = torch.nn.utils.rnn.pad_sequence([torch.from_numpy(one) for one in documents], batch_first=True)
    return {
        'query': query.tolist(), 'documents': [one.tolist() for one in documents],
        'scores': [max_sim(query, one) for one in documents],
        'padded': scores.colbert_scores(torch.from_numpy(query)[None], padded)[0].tolist(),
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        make_backbone(Path(name))
        model = make_model(Path(name))
        saved = Path(name) / 'saved'
        model.save(str(saved))
        OUT.mkdir(exist_ok=True)
        export(model, OUT / 'model.onnx')
        for file in ('tokenizer.json', 'tokenizer_config.json', 'config.json', 'config_sentence_transformers.json'):
            (OUT / file).write_text((saved / file).read_text())
        found = {variant: golden(model, settings) for variant, settings in VARIANTS.items()}
        found['negative'] = negative()
    data = json.dumps(found, ensure_ascii=True).encode()
    (PARITY / 'colbert.json.gz').write_bytes(gzip.compress(data, mtime=0))


if __name__ == '__main__':
    main()
