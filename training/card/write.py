"""CARD.md of an exported model: figures, data with licences, recipe, limits, sums, and the commit that made it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import onnx
from typing import Any

import torch
from transformers import BertConfig, BertForSequenceClassification

from split.model import SplitReranker
from split.shape import MODEL_TYPE, is_split, read_split_shape
from train.log import METRICS, read_metrics

from .data import data_section
from .recipe import recipe_section, trained_on

LIMITS = """## Limits

- English only. Other scripts reach it as single characters or unknown tokens; skip reranking there, or bring another model.
  Not evaluated on code search, law or dialogue.
- Most labels come from structure (a heading and its section) and were not audited; unjudged candidates counted as
  irrelevant in training. Biases of the texts it learned from were not looked for.
- A text that does not fit in {positions} tokens together with its query is cut, or has to be read in windows; it was
  trained on {trained_on}.
- {probability}
- Keyword-like queries gain most when the score is blended with the first stage.
"""

CALIBRATED = """The number is a logit. Its sigmoid, with the temperature of `calibration.json`, was calibrated on held-out training
  pools, where about one candidate in {one_in} is relevant; where relevance is rarer or commoner, probabilities are off."""
UNCALIBRATED = """The number is a logit: it orders the texts of one query, and its sigmoid is no calibrated probability."""

GRAPH = """`model.onnx` has the inputs `token_ids` and `position_type_ids` (int32, one pair a run) and the output `logits` (float32,
1 × 1).{states} Its property `secondpass.source_sha256` names the weights it was made from: `python -m export TRAINED_DIR OUT_DIR`
in `training/` of the repository makes it again. `training/README.md` says how the graph and its int8 weights are built,
and what was compared."""

STATES = """ Two inputs more, `known_query` and `known_passage`, have no rows in such a run. A text alone, without
`position_type_ids`, gives `query_states` and `passage_states`; handed back with the pair, they give the same logit to the bit,
and none of the lower layers runs. `passage_states` are rounded to 4 bits a number ({width} bytes a token, its scales among them;
the two rows more are what rounding took from the first token and the last), `query_states` are floats."""


@dataclass(frozen=True)
class Facts:
    """Where the stages left what the card says. `manifest` and `figures` may be missing; the card then says so."""

    name: str
    run: Path
    model: Path
    manifest: Path | None
    figures: Path
    teacher: str = ''
    kept: Path | None = None
    """What `python -m measure` printed: int8 held against the exact graph."""
    grown: str = ''
    """How the bi-encoder of a small split reranker was made."""
    remark: str = ''
    """How the figures are to be read: put below their table."""


def write_card(facts: Facts) -> Path:
    """Writes CARD.md into the exported folder and returns its path."""
    config, shape = _json(facts.run / 'config.json'), _json(facts.model / 'config.json')
    rows = read_metrics(facts.run / METRICS)
    calibration = _json(facts.model / 'calibration.json') if (facts.model / 'calibration.json').is_file() else {}
    sections = [
        _head(facts, shape),
        _files(facts.model),
        _quality(facts),
        _kept(facts.kept),
        _calibrated(calibration),
        recipe_section(config, rows, facts.teacher, is_split(facts.model), facts.grown, shape.get('joint_share', 1.0)),
        data_section(facts.manifest, rows, config),
        _limits(shape, config, calibration),
        _origin(),
    ]
    path = facts.model / 'CARD.md'
    path.write_text('\n'.join(section.strip() + '\n' for section in sections if section), encoding='utf-8')
    return path


def _head(facts: Facts, shape: dict[str, Any]) -> str:
    architecture = _split(shape) if is_split(facts.model) else _bert(shape)
    return (
        f'# secondpass-en-{facts.name}\n\n{_reads(shape)} and gives one number, higher for a '
        f'text that answers the query better. English.\n\n{architecture} {_parameters(facts.model):.1f} million parameters, uncased '
        f'WordPiece vocabulary of {shape["vocab_size"]:,}, at most {shape["max_position_embeddings"]} tokens for query and text together.'
    )


def _reads(shape: dict[str, Any]) -> str:
    if shape['model_type'] == MODEL_TYPE and not shape['joint_layers']:
        return 'A reranker: it counts what a query and a text share'
    return 'A cross-encoder: it reads a query and a text together'


def _bert(shape: dict[str, Any]) -> str:
    return f'BERT, {shape["num_hidden_layers"]} layers, {shape["hidden_size"]} wide, {shape["num_attention_heads"]} heads.'


def _split(shape: dict[str, Any]) -> str:
    layers = f'the {shape["num_hidden_layers"]} layers of a bi-encoder' if shape['num_hidden_layers'] else 'a table of words'
    heads = f', {shape["num_attention_heads"]} heads' if shape['num_hidden_layers'] else ''
    close = 'how much stands close together, ' if shape.get('match_stretches') else ''
    read = 'read' if shape['num_hidden_layers'] else 'without layers reads'
    return (
        f'A split reranker: {layers} ({shape["hidden_size"]} wide{heads}) {read} query and text apart. What the two share is counted (the cosine of both texts, soft '
        f'matches of their tokens, exact matches as BM25 counts them, {close}lengths); a linear sum of that makes one number. '
        f'{_together(shape)} `training/split` has the sources of the parts.'
    )


def _together(shape: dict[str, Any]) -> str:
    count, copied = shape['joint_layers'], shape['num_hidden_layers'] - shape['joint_from']
    if not count:
        return 'That is the logit: no layers read both texts together.'
    begun = f'begun as copies of those above layer {shape["joint_from"]}' if count <= copied else 'begun at random'
    return f'{count} layers on top, {begun}, read both texts together and give another. The logit is the sum of the two.'


def _parameters(model: Path) -> float:
    """In millions, by the shape in config.json."""
    with torch.device('meta'):
        made = SplitReranker(read_split_shape(model)) if is_split(model) else _bert_of(model)
    return sum(weight.numel() for weight in made.parameters()) / 1e6


def _bert_of(model: Path) -> torch.nn.Module:
    return BertForSequenceClassification(BertConfig.from_pretrained(model))


def _files(model: Path) -> str:
    """What SHA256SUMS names: a package may hold more."""
    lines = ['## Files', '', '| file | bytes | sha256 |', '| --- | --- | --- |']
    for line in sorted((model / 'SHA256SUMS').read_text(encoding='ascii').splitlines(), key=lambda line: line[66:]):
        path = model / line[66:]
        lines.append(
            f'| `{path.name}` | {path.stat().st_size:,} | `{hashlib.sha256(path.read_bytes()).hexdigest()}` |'
        )
    return '\n'.join([*lines, '', GRAPH.format(states=_states(model / 'model.onnx'))])


def _states(graph: Path) -> str:
    known = [given for given in onnx.load(graph).graph.input if given.name == 'known_passage']
    return STATES.format(width=known[0].type.tensor_type.shape.dim[1].dim_value) if known else ''


def _kept(measured: Path | None) -> str:
    if measured is None:
        return ''
    return f'### What int8 costs\n\nThe file against the exact graph, by `python -m measure`.\n\n{measured.read_text(encoding="utf-8")}'


def _quality(facts: Facts) -> str:
    table = facts.figures.with_name('table.md')
    if not table.is_file():
        return '## How good it is\n\nNot measured: no evaluation set was there when this card was written.'
    return f'## How good it is\n\n{table.read_text(encoding="utf-8")}' + (f'\n{facts.remark.strip()}\n' if facts.remark else '')


def _calibrated(found: dict[str, Any]) -> str:
    if not found:
        return ''
    return (
        f'## Calibration\n\nTemperature {found["temperature"]:.3f}, shift {found["shift"]:+.3f} (in the bias of the classifier). Expected '
        f'calibration error, 15 bins, on held-out lists other than those fitted on: {found["expected_calibration_error_before"]:.3f} before, '
        f'{found["expected_calibration_error_after"]:.3f} after ({found["lists"]} lists, {found["pairs"]} pairs).'
    )


def _limits(shape: dict[str, Any], config: dict[str, Any], calibration: dict[str, Any]) -> str:
    one_in = round(1 / calibration['share']) if calibration.get('share') else 'eight'
    return LIMITS.format(
        positions=shape['max_position_embeddings'],
        trained_on=trained_on(config['data'], shape['model_type'] == MODEL_TYPE),
        probability=CALIBRATED.format(one_in=one_in) if calibration else UNCALIBRATED,
    )


def _origin() -> str:
    return (
        '## Licence and origin\n\nApache-2.0. The start encoder and its vocabulary: Apache-2.0 (all-MiniLM-L6-v2). The texts it learned from '
        'are not part of it and keep the licences named above; `NOTICE` says whose they are.\n\n'
        f'Made by `training/` at commit {commit()}.'
    )


def commit() -> str:
    """The commit of this folder; says when files differ from it."""

    def git(*words: str) -> str:
        found = subprocess.run(['git', *words], cwd=Path(__file__).parent, capture_output=True, text=True)
        return found.stdout.strip() if found.returncode == 0 else ''

    changed = git('status', '--porcelain', '--untracked-files=no', '--', '..')
    return (git('rev-parse', 'HEAD') or 'unknown (no git here)') + (
        ' with changes that were not committed' if changed else ''
    )


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding='utf-8'))
