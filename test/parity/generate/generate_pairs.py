"""Writes the golden pairs of the bundled models with the reference implementation (reference.py), one pair at a time.

    .venv/bin/python test/parity/generate/generate_pairs.py mini WEIGHTS_FOLDER
    .venv/bin/python test/parity/generate/generate_pairs.py tiny WEIGHTS_FOLDER

- mini writes pairs.json.gz: 500 pairs, ids and segments from `transformers`, fp32 logits from PyTorch
- tiny writes tiny-logits.json.gz: fp32 logits of the same pairs; the ids of its tokenizer must be the same

WEIGHTS_FOLDER holds config.json and model.safetensors, what the bundled model was exported from. tokenizer.json is the
one of the package.
"""
import json
import random
import subprocess
import sys
from pathlib import Path

import transformers
from golden_file import ROOT, VERSIONS, read, sha256, write
from reference import reference_of
from texts import WORDS, any_characters, edge_pairs, sentence
from tokenizers import Tokenizer

MINI, TINY = ROOT / 'packages/model-en-mini', ROOT / 'packages/model-en-tiny'
PAIRS = 500


def example_pairs() -> list[dict]:
    """English questions over invented documentation, 16 passages each: what the model is for."""
    script = f"import {{ passages, questions }} from '{ROOT / 'examples/passages.mjs'}'; console.log(JSON.stringify([passages, questions]))"
    run = subprocess.run(['node', '--input-type=module', '-e', script], capture_output=True, check=True, text=True)
    passages, questions = json.loads(run.stdout)
    source, rows = random.Random(1), []
    for item in questions:
        answer = next(p for p in passages if p['id'] == item['answerId'])
        others = source.sample([p for p in passages if p is not answer], 15)
        rows += [dict(group='english', query=item['question'], text=p['text'], maxLength=512) for p in [answer, *others]]
    return rows


def made_pairs(count: int) -> list[dict]:
    rows = [dict(group='edge', query=q, text=t, maxLength=limit) for q, t in edge_pairs() for limit in (512,)]
    rows += [dict(group='edge', query=q, text=t, maxLength=limit) for limit in (64, 128) for q, t in edge_pairs()[7:36:3]]
    source, scripts = random.Random(2), list(WORDS)
    while len(rows) < count - 40:
        script = scripts[len(rows) % len(scripts)]
        query = sentence(source, source.choice((script, script, 'latin')), source.choice((1, 3, 8, 20, 80)))
        text = sentence(source, script, source.choice((1, 5, 20, 60, 150, 400)))
        if source.random() < 0.3:
            text += ' ' + sentence(source, source.choice(scripts), 20)
        rows.append(dict(group=script, query=query, text=text, maxLength=source.choice((512, 512, 128, 64))))
    while len(rows) < count:
        length = source.choice((1, 4, 30, 200))
        rows.append(dict(group='any', query=any_characters(source, 6), text=any_characters(source, length), maxLength=512))
    return rows


def encoder_of(model: Path):
    """As a list of pairs, the way cross-encoders are called: given two strings, `transformers` forgets an empty second one."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(model)

    def encode(row: dict) -> transformers.BatchEncoding:
        pair = [(row['query'], row['text'])]
        return tokenizer(pair, truncation='longest_first', max_length=row['maxLength'], return_tensors='pt')

    return encode


def write_mini(weights: Path) -> None:
    encode, logit_of = encoder_of(MINI), reference_of(weights)
    bare = Tokenizer.from_file(str(MINI / 'tokenizer.json'))
    rows = example_pairs()
    rows += made_pairs(PAIRS - len(rows))
    assert len(rows) == PAIRS
    for row in rows:
        encoded = encode(row)
        types = encoded['token_type_ids'][0].tolist()
        start = types.index(1)
        assert types == [0] * start + [1] * (len(types) - start)
        query, text = (len(bare.encode(row[side], add_special_tokens=False)) for side in ('query', 'text'))
        row |= dict(
            ids=encoded['input_ids'][0].tolist(),
            secondSegmentStart=start,
            queryTruncated=start - 2 < query,
            truncated=len(types) - start - 1 < text,
            logit=round(logit_of(encoded), 6),
        )
    write('pairs.json.gz', {
        'madeWith': VERSIONS,
        'tokenizerSha256': sha256(MINI / 'tokenizer.json'),
        'weights': {'sha256': sha256(weights / 'model.safetensors')},
        'pairs': rows,
    })


def write_tiny(weights: Path) -> None:
    encode, logit_of = encoder_of(TINY), reference_of(weights)
    logits = []
    for row in read('pairs.json.gz')['pairs']:
        encoded = encode(row)
        assert encoded['input_ids'][0].tolist() == row['ids'], row['query']
        logits.append(round(logit_of(encoded), 6))
    write('tiny-logits.json.gz', {
        'madeWith': VERSIONS,
        'weights': {'sha256': sha256(weights / 'model.safetensors')},
        'logits': logits,
    })


if __name__ == '__main__':
    match sys.argv[1:]:
        case ['mini', folder]:
            write_mini(Path(folder))
        case ['tiny', folder]:
            write_tiny(Path(folder))
        case _:
            sys.exit(__doc__)
