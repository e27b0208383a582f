"""Writes families/*.json.gz: for each architecture a tiny model with random weights, its tokenizer, and what Python makes
of 200 pairs.

    .venv/bin/pip install -r test/parity/generate/requirements.txt -r test/parity/generate/requirements-families.txt
    .venv/bin/python test/parity/generate/generate_families.py [FAMILY ...]

Token ids are those of `transformers`, logits those of PyTorch in fp32 with one pair a run, scores those of
`sentence_transformers.CrossEncoder`. Prompts of decoders are put together as the authors of the models publish it.

Training a Unigram vocabulary is not repeatable to the last piece: a new run makes new files for XLM-R and DeBERTa, each
of which agrees with itself.
"""
import base64
import gzip
import json
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

import onnxruntime
import sentence_transformers
import tokenizers
import torch
import transformers
from transformers import PreTrainedTokenizerFast

import family_models as make
import family_tokenizers as train
from family_prompts import PROMPTS
from family_texts import family_pairs

PARITY = Path(__file__).parents[1]
VERSIONS = (f'transformers {transformers.__version__}, sentence-transformers {sentence_transformers.__version__}, '
            f'tokenizers {tokenizers.__version__}, torch {torch.__version__}')
SIGMOID, IDENTITY = 'torch.nn.modules.activation.Sigmoid', 'torch.nn.modules.linear.Identity'


@dataclass
class Family:
    tokenizer: Callable
    model: Callable
    inputs: tuple[str, ...] = make.ENCODER_INPUTS
    limit: int = 64
    # What of the tokenizer's special tokens stands where.
    tokens: dict[str, str] = field(default_factory=dict)
    # Added to config.json.
    config: dict = field(default_factory=dict)
    prompt: str | None = None


ROBERTA_TOKENS = dict(bos_token='<s>', cls_token='<s>', sep_token='</s>', eos_token='</s>', unk_token='<unk>', pad_token='<pad>', mask_token='<mask>')
BERT_TOKENS = dict(cls_token='[CLS]', sep_token='[SEP]', unk_token='[UNK]', pad_token='[PAD]', mask_token='[MASK]')
QWEN_TOKENS = dict(eos_token='<|im_end|>', pad_token='<|endoftext|>')
DECODER = ('input_ids', 'attention_mask', 'position_ids')
CACHE = tuple(f'past_key_values.{layer}.{part}' for layer in range(2) for part in ('key', 'value'))

FAMILIES = {
    'bert': Family(train.bert, make.bert, (*make.ENCODER_INPUTS, 'token_type_ids'), tokens=BERT_TOKENS),
    'roberta': Family(train.roberta, make.roberta, tokens=ROBERTA_TOKENS,
                      config={'sentence_transformers': {'activation_fn': SIGMOID}}),
    'xlm-roberta': Family(train.xlm_roberta, make.xlm_roberta, tokens=ROBERTA_TOKENS),
    'xlm-roberta-older': Family(train.xlm_roberta_older, make.xlm_roberta, tokens=ROBERTA_TOKENS,
                                config={'sbert_ce_default_activation_function': IDENTITY}),
    'deberta-v2': Family(train.deberta_v2, make.deberta_v2, tokens=BERT_TOKENS,
                         config={'sentence_transformers': {'activation_fn': IDENTITY}, 'sbert_ce_default_activation_function': SIGMOID}),
    'modernbert': Family(train.modernbert, make.modernbert, tokens=BERT_TOKENS),
    'qwen3-reranker': Family(train.qwen, make.qwen3, (*DECODER, *CACHE), 384, QWEN_TOKENS, prompt='qwen3-reranker'),
    'qwen3-reranker-classifier': Family(train.qwen, make.qwen3_classifier, DECODER, 384, QWEN_TOKENS, prompt='qwen3-reranker'),
    'mxbai-rerank-v2': Family(train.qwen, make.qwen2, DECODER, 384, QWEN_TOKENS, prompt='mxbai-rerank-v2'),
}


def encode(tokenizer: PreTrainedTokenizerFast, query: str, text: str, limit: int) -> tuple[list[int], int, bool]:
    """Ids, where the second segment starts, whether something was cut."""
    # A list of pairs, as CrossEncoder.predict passes them: a lone empty text would count as no text at all.
    whole = len(tokenizer([(query, text)])['input_ids'][0])
    cut = tokenizer([(query, text)], truncation='longest_first', max_length=limit, return_token_type_ids=True)
    ids, types = cut['input_ids'][0], cut['token_type_ids'][0]
    return ids, types.index(1) if 1 in types else len(ids), whole > limit


def logits_of(family: Family, model: torch.nn.Module, ids: list[int], second: int) -> list[float]:
    values = {'input_ids': torch.tensor([ids]), 'attention_mask': torch.ones(1, len(ids), dtype=torch.long),
              'token_type_ids': torch.tensor([[int(at >= second) for at in range(len(ids))]])}
    with torch.no_grad():
        logits = model(**{name: value for name, value in values.items() if name in family.inputs}).logits[0]
    return logits.tolist()


def save(family: Family, tokenizer: PreTrainedTokenizerFast, model: torch.nn.Module, folder: Path) -> dict:
    """Writes the folder as a user would have it; answers with its text files."""
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    config = json.loads((folder / 'config.json').read_text()) | family.config
    limit = None if family.prompt else family.limit
    # Left to itself, this class gives no segments, and BERT would be scored with zeros.
    named = {'tokenizer_class': 'PreTrainedTokenizerFast', 'model_max_length': limit or 131072, **family.tokens,
             'model_input_names': [name for name in family.inputs if not name.startswith('past') and name != 'position_ids']}
    files = {'config.json': config, 'tokenizer_config.json': named, 'tokenizer.json': json.loads(tokenizer.backend_tokenizer.to_str())}
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    make.export(model, family.inputs, str(folder / 'model.onnx'))
    return files


def rows_of(family: Family, tokenizer: PreTrainedTokenizerFast, model: torch.nn.Module) -> list[dict]:
    prompt = PROMPTS[family.prompt](tokenizer) if family.prompt else None
    join = prompt.encode if prompt else lambda query, text, limit: encode(tokenizer, query, text, limit)
    rows = []
    for query, text, limit in family_pairs(tokenizer, join, family.limit):
        ids, second, truncated = join(query, text, limit)
        assert len(ids) <= limit or prompt is not None
        row = {'query': query, 'text': text, 'maxLength': limit, 'ids': ids, 'secondSegmentStart': second, 'truncated': truncated}
        logits = logits_of(family, model, ids, second)
        if prompt and isinstance(logits[0], list):
            last = logits[-1]
            row['logit'] = last[prompt.yes] - last[prompt.no]
        else:
            row['logit'] = logits[1] - logits[0] if len(logits) == 2 else logits[0]
        rows.append(row)
    return rows


def check_scores(folder: Path, family: Family, rows: list[dict]) -> None:
    """Adds what CrossEncoder.predict answers, by its own rules for labels and activation."""
    model = sentence_transformers.CrossEncoder(str(folder), device='cpu', max_length=family.limit)
    chosen = [row for row in rows if row['maxLength'] == family.limit][:40]
    scores = model.predict([(row['query'], row['text']) for row in chosen], batch_size=1, apply_softmax=model.num_labels > 1)
    for row, score in zip(chosen, scores.tolist()):
        row['score'] = score[1] if isinstance(score, list) else score


def check_graph(folder: Path, family: Family, model: torch.nn.Module, rows: list[dict]) -> None:
    """The exported graph gives PyTorch's logits: what differs later is not the export's doing."""
    session, worst = onnxruntime.InferenceSession(str(folder / 'model.onnx')), 0.0
    for row in rows[::10]:
        length = len(row['ids'])
        values = {'input_ids': [row['ids']], 'attention_mask': [[1] * length], 'position_ids': [list(range(length))],
                  'token_type_ids': [[int(at >= row['secondSegmentStart']) for at in range(length)]]}
        feeds = {name: torch.tensor(values[name]).numpy() for name in family.inputs if name in values}
        feeds |= {name: torch.zeros(1, model.config.num_key_value_heads, 0, 8).numpy() for name in family.inputs if name.startswith('past')}
        wanted = torch.tensor(logits_of(family, model, row['ids'], row['secondSegmentStart']))
        worst = max(worst, float((torch.tensor(session.run(None, feeds)[0][0]) - wanted).abs().max()))
    assert worst < 2e-5, worst


def write_family(name: str) -> None:
    family = FAMILIES[name]
    inner = family.tokenizer()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, **family.tokens)
    torch.manual_seed(0)
    model = make.fill(family.model(inner.get_vocab_size()))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / name
        folder.mkdir()
        files = save(family, tokenizer, model, folder)
        rows = rows_of(family, tokenizer, model)
        check_graph(folder, family, model, rows)
        if not family.prompt:
            check_scores(folder, family, rows)
        graph = base64.b64encode((folder / 'model.onnx').read_bytes()).decode()
    for row in rows:
        row['logit'] = round(row['logit'], 7)
    data = json.dumps({'madeWith': VERSIONS, 'files': files, 'graph': graph, 'rows': rows}, ensure_ascii=False, separators=(',', ':'))
    target = PARITY / 'families' / f'{name}.json.gz'
    target.parent.mkdir(exist_ok=True)
    target.write_bytes(gzip.compress(data.encode(), 9, mtime=0))
    print(name, len(rows), 'pairs,', target.stat().st_size, 'bytes')


if __name__ == '__main__':
    for chosen in sys.argv[1:] or FAMILIES:
        write_family(chosen)
