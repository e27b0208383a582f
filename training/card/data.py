"""What it learned from: the sets with their licences, and those that were left out with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def data_section(manifest: Path | None, rows: list[dict[str, Any]], config: dict[str, Any]) -> str:
    """From the manifest that `prepare` writes."""
    if manifest is None or not manifest.is_file():
        return f'## Data\n\nPools: {", ".join(f"`{Path(one).name}`" for one in config["data"]["pools"]) or "token caches"}; no manifest of their sources.'
    found = json.loads(manifest.read_text(encoding='utf-8'))
    used = [one for one in found['sets'] if one['decision']['used']]
    left = [one for one in found['sets'] if not one['decision']['used']]
    compared = ', '.join(found['evaluation sets compared with']) or 'none'
    lines = [
        '## Data',
        '',
        f'Exact and near duplicates of these evaluation sets were removed: {compared}.',
        '',
        '| used | licence | passages | queries | remark |',
        '| --- | --- | --- | --- | --- |',
    ]
    lines += [
        f'| {one["name"]} | {one["licence"]} | {one["kept"]["passages"]} | {one["kept"]["queries"]} | {_cell(one["remark"])} |'
        for one in used
    ]
    if left:
        lines += [
            '',
            '| left out | why |',
            '| --- | --- |',
            *(f'| {one["name"]} | {_cell(one["decision"]["reason"])} |' for one in left),
        ]
    return '\n'.join(lines)


def _cell(text: str) -> str:
    return text.replace('|', '\\|').replace('\n', ' ')
