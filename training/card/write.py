"""CARD.md of an exported model: figures, data with licences, recipe, limits, sums, and the commit that made it."""

from __future__ import annotations

import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.log import METRICS, read_metrics

from .data import data_section
from .recipe import recipe_section

LIMITS = """## Limits

- English only. Other scripts reach it as single characters or unknown tokens; skip reranking there, or bring another model.
- Most labels come from structure (a heading and its section) and were not audited; unjudged candidates counted as
  irrelevant in training. Biases of the texts it learned from were not looked for.
- A text that does not fit in {positions} tokens together with its query is cut, or has to be read in windows; it was
  trained on pairs of at most {max_tokens} tokens.
- The number is a logit. Its sigmoid, with the temperature of `calibration.json`, was calibrated on held-out training
  pools, where about one candidate in {one_in} is relevant; where relevance is rarer or commoner, probabilities are off.
- Keyword-like queries gain most when the score is blended with the first stage.
"""


@dataclass(frozen=True)
class Facts:
    """Where the stages left what the card says. `manifest` and `figures` may be missing; the card then says so."""

    name: str
    run: Path
    model: Path
    manifest: Path | None
    figures: Path
    teacher: str = ''


def write_card(facts: Facts) -> Path:
    """Writes CARD.md into the exported folder and returns its path."""
    config, shape = _json(facts.run / 'config.json'), _json(facts.model / 'config.json')
    rows = read_metrics(facts.run / METRICS)
    calibration = _json(facts.model / 'calibration.json') if (facts.model / 'calibration.json').is_file() else {}
    sections = [
        _head(facts, shape),
        _files(facts.model),
        _quality(facts),
        _calibrated(calibration),
        recipe_section(config, rows, facts.teacher),
        data_section(facts.manifest, rows, config),
        _limits(shape, config, calibration),
        _origin(),
    ]
    path = facts.model / 'CARD.md'
    path.write_text('\n'.join(section.strip() + '\n' for section in sections if section), encoding='utf-8')
    return path


def _head(facts: Facts, shape: dict[str, Any]) -> str:
    return (
        f'# secondpass-en-{facts.name}\n\nA cross-encoder: it reads a query and a text together and gives one number, higher for a '
        f'text that answers the query better. English. BERT, {shape["num_hidden_layers"]} layers, {shape["hidden_size"]} wide, '
        f'{shape["num_attention_heads"]} heads, uncased WordPiece vocabulary of {shape["vocab_size"]:,}, at most '
        f'{shape["max_position_embeddings"]} tokens for query and text together.'
    )


def _files(model: Path) -> str:
    lines = ['## Files', '', '| file | bytes | sha256 |', '| --- | --- | --- |']
    for path in sorted(model.iterdir()):
        if path.is_file() and path.name not in ('CARD.md', 'SHA256SUMS'):
            lines.append(
                f'| `{path.name}` | {path.stat().st_size:,} | `{hashlib.sha256(path.read_bytes()).hexdigest()}` |'
            )
    return '\n'.join(lines)


def _quality(facts: Facts) -> str:
    table = facts.figures.with_name('table.md')
    if not table.is_file():
        return '## How good it is\n\nNot measured: no evaluation set was there when this card was written.'
    return f'## How good it is\n\n{table.read_text(encoding="utf-8")}'


def _calibrated(found: dict[str, Any]) -> str:
    if not found:
        return ''
    return (
        f'## Calibration\n\nTemperature {found["temperature"]:.3f}, shift {found["shift"]:+.3f} (in the bias of the classifier). Expected '
        f'calibration error, 15 bins, on held-out lists other than those fitted on: {found["expected_calibration_error_before"]:.3f} before, '
        f'{found["expected_calibration_error_after"]:.3f} after ({found["lists"]} lists, {found["pairs"]} pairs).'
    )


def _limits(shape: dict[str, Any], config: dict[str, Any], calibration: dict[str, Any]) -> str:
    return LIMITS.format(
        positions=shape['max_position_embeddings'],
        max_tokens=config['data']['max_tokens'],
        one_in=round(1 / calibration['share']) if calibration.get('share') else 'eight',
    )


def _origin() -> str:
    return (
        '## Licence and origin\n\nApache-2.0. The start encoder and its vocabulary: Apache-2.0 (all-MiniLM-L6-v2). The texts it learned from '
        f'keep the licences named above.\n\nMade by `training/` at commit {commit()}.'
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
