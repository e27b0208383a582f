"""Writes matrix.json.gz: architectures × what the files of a tokenizer may say, each pair of choices at least once as far as
Python takes them, and what `sentence_transformers.CrossEncoder` makes of eighteen pairs of texts with each.

    .venv/bin/pip install -r test/parity/generate/requirements.txt -r test/parity/generate/requirements-families.txt
    .venv/bin/python test/parity/generate/generate_matrix.py [CELLS]

A cell is a model folder: its choices put together. Those that Python itself cannot load or run are left out. Token ids and
logits are taken where the model takes them, scores from `predict`, one pair a run.
"""
import base64
import json
import logging
import random
import sys
import tempfile
import warnings
from itertools import combinations
from pathlib import Path

import sentence_transformers
import torch
import transformers

import matrix_parts as parts
from family_models import export
from golden_file import VERSIONS, write
from matrix_models import ARCHITECTURES, fill

torch.set_num_threads(1)
warnings.filterwarnings('ignore')
logging.disable(logging.WARNING)
transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()

AXES = {
    'architecture': tuple(ARCHITECTURES),
    'model': tuple(parts.model_table()),
    'normalizer': tuple(parts.normalizer_table()),
    'splitter': tuple(parts.splitter_table()),
    'joiner': tuple(parts.joiner_table(parts.BERT_SPECIAL, {token: 0 for token in parts.BERT_SPECIAL.values()})),
    'added': tuple(parts.added_table()),
    'class': parts.CLASSES,
    'flag': tuple(parts.CONFIG_FLAGS),
    'truncation': tuple(parts.FILE_TRUNCATION),
    'padding': tuple(parts.FILE_PADDING),
    'activation': tuple(parts.ACTIVATIONS),
}
# Vocabularies that the class of an architecture can be made from; most others it refuses.
FITTING = {
    'wordpiece': ('bert', 'electra', 'distilbert', 'mpnet'), 'bytes': ('roberta', 'qwen2'),
    'unigram': ('xlm-roberta', 'camembert', 'albert', 'deberta-v2')}
REBUILDING = ('own', 'ownFast', 'unnamed', 'no-file')
# A few choices that leave nothing to compare are tried with one partner of each axis, and no more.
RARE = {'dropout', 'nothing', 'bytes-only', 'types-back', 'split-special'}
Cell = dict[str, str]


def files_of(cell: Cell, config: dict) -> dict[str, dict]:
    model, special = parts.model_table()[cell['model']]
    ids = {token: at for at, (token, _) in enumerate(model['vocab'])} if isinstance(model['vocab'], list) else model['vocab']
    added = [{'id': ids[token], 'content': token, 'single_word': False, 'lstrip': token == '<mask>', 'rstrip': False, 'normalized': False,
              'special': True} for token in dict.fromkeys(special.values()) if token in ids]
    added += [{'id': ids.get(token['content'], parts.ADDED_FROM + at)} | token for at, token in enumerate(parts.added_table()[cell['added']])]
    tokenizer = {
        'version': '1.0', 'truncation': parts.FILE_TRUNCATION[cell['truncation']], 'padding': parts.FILE_PADDING[cell['padding']],
        'added_tokens': sorted(added, key=lambda token: token['id']), 'normalizer': parts.normalizer_table()[cell['normalizer']],
        'pre_tokenizer': parts.splitter_table()[cell['splitter']], 'post_processor': parts.joiner_table(special, ids)[cell['joiner']],
        'decoder': None, 'model': model}
    own = ARCHITECTURES[cell['architecture']][0]
    named = {'own': own, 'ownFast': own.removesuffix('Fast') + 'Fast', 'unnamed': None}.get(cell['class'], cell['class'])
    settings = {'model_max_length': 64} | special | ({} if named is None else {'tokenizer_class': named}) | parts.CONFIG_FLAGS[cell['flag']]
    files = {'config.json': config | parts.ACTIVATIONS[cell['activation']], 'tokenizer.json': tokenizer}
    return files if cell['class'] == 'no-file' else files | {'tokenizer_config.json': settings}


class Taken:
    """What the model was given and what it answered, as `predict` runs it."""

    def __init__(self, model: torch.nn.Module):
        self.ids, self.types, self.logits, self.forward = [], [], [], model.forward
        model.forward = self._take

    def _take(self, **given):
        answer = self.forward(**given)
        self.ids.append(given['input_ids'][0].tolist())
        types = given.get('token_type_ids')
        self.types.append(None if types is None else types[0].tolist())
        self.logits.append(answer.logits[0].item())
        return answer


def rows_of(folder: Path) -> list[list]:
    """For each pair: ids, where segment 1 starts (or all segments, should they go another way), logit, score."""
    model = sentence_transformers.CrossEncoder(str(folder), device='cpu')
    inner = next(module for module in model.modules() if type(module).__name__.endswith('ForSequenceClassification'))
    taken, rows = Taken(inner), []
    for at, pair in enumerate(parts.PAIRS):
        score = model.predict([pair], show_progress_bar=False).tolist()[0]
        # Beyond the positions that RoBERTa and its kin can use, Python fails, unless a token happens to have the id of padding.
        assert len(taken.ids[at]) <= 64
        rows.append([taken.ids[at], segments(taken.ids[at], taken.types[at]), round(taken.logits[at], 7), round(score, 7)])
    return rows


def segments(ids: list[int], types: list[int] | None) -> int | list[int]:
    start = types.index(1) if types is not None and 1 in types else len(ids)
    return start if types is None or types == [int(at >= start) for at in range(len(ids))] else types


def next_cell(source: random.Random, wanted: set, used: dict) -> Cell:
    """Of a few random cells the one with most pairs of choices that were not tried yet, begun from one such pair."""
    spent = {(axis, choice) for (axis, choice), count in used.items() if choice in RARE and count >= 8}
    best, most, open_pairs = {}, -1, sorted(pair for pair in wanted if not spent & set(pair))
    for turn in range(400):
        if most >= 0 and turn > 60:
            break
        cell = {axis: source.choice([choice for choice in choices if (axis, choice) not in spent]) for axis, choices in AXES.items()}
        cell |= dict(source.choice(open_pairs)) if open_pairs else {}
        if not fits(cell) and source.random() < 0.9:
            continue
        new = len(pairs_of(cell) & wanted)
        if new > most:
            best, most = cell, new
    return best


def fits(cell: Cell) -> bool:
    kind = cell['model'].split('-')[0]
    return cell['class'] not in REBUILDING or cell['architecture'] == 'modernbert' or cell['architecture'] in FITTING.get(kind, ())


def pairs_of(cell: Cell) -> set:
    return set(combinations(sorted(cell.items()), 2))


def main(most: int) -> None:
    source = random.Random(3)
    place = Path(tempfile.mkdtemp())
    architectures = {}
    for name, (_, inputs, make) in ARCHITECTURES.items():
        torch.manual_seed(0)
        model = fill(make())
        model.save_pretrained(place / name)
        export(model, inputs, str(place / name / 'model.onnx'))
        config = json.loads((place / name / 'config.json').read_text())
        architectures[name] = {'config': config, 'graph': base64.b64encode((place / name / 'model.onnx').read_bytes()).decode()}
    axis_names = sorted(AXES)
    wanted = {((a, x), (b, y)) for a, b in combinations(axis_names, 2) for x in AXES[a] for y in AXES[b]}
    total, refused, used, cells = len(wanted), set(), {}, []
    for attempt in range(4 * most):
        if len(cells) == most:
            break
        cell = next_cell(source, wanted - refused, used)
        name = cell['architecture']
        folder = place / f'cell-{attempt}'
        folder.mkdir()
        for file, content in (files := files_of(cell, architectures[name]['config'])).items():
            (folder / file).write_text(json.dumps(content))
        (folder / 'model.safetensors').symlink_to(place / name / 'model.safetensors')
        for key in cell.items():
            used[key] = used.get(key, 0) + 1
        try:
            rows = rows_of(folder)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            refused |= {pair for pair in pairs_of(cell) & wanted if source.random() < 0.3}
            continue
        wanted -= pairs_of(cell)
        cells.append({'choices': cell, 'rows': rows})
        if len(cells) % 25 == 0:
            print(len(cells), 'cells of', attempt + 1, 'tried;', len(wanted), 'of', total, 'pairs of choices to go', flush=True)
            save(cells, architectures)
    save(cells, architectures)
    print(len(cells), 'cells;', total - len(wanted), 'of', total, 'pairs of choices')


def save(cells: list[dict], architectures: dict) -> None:
    tables = {
        'models': {name: model for name, (model, _) in parts.model_table().items()},
        'specials': {name: special for name, (_, special) in parts.model_table().items()},
        'normalizers': parts.normalizer_table(), 'splitters': parts.splitter_table(),
        'added': parts.added_table(), 'flags': parts.CONFIG_FLAGS, 'truncations': parts.FILE_TRUNCATION,
        'paddings': parts.FILE_PADDING, 'activations': parts.ACTIVATIONS}
    write('matrix.json.gz', {
        'madeWith': f'{VERSIONS}, sentence-transformers {sentence_transformers.__version__}', 'architectures': architectures,
        'pairs': parts.PAIRS, 'cells': [pack(cell, architectures) for cell in cells], 'tables': tables})


def pack(cell: dict, architectures: dict) -> dict:
    """What of the files stands in no table: the joiner and the ids of added tokens depend on the vocabulary."""
    files = files_of(cell['choices'], architectures[cell['choices']['architecture']]['config'])
    tokenizer = files['tokenizer.json']
    return {'choices': cell['choices'], 'addedTokens': tokenizer['added_tokens'], 'postProcessor': tokenizer['post_processor'],
            'tokenizerConfig': files.get('tokenizer_config.json'), 'rows': cell['rows']}


if __name__ == '__main__':
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 480)
