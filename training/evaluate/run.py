"""Measures sets one after the other and writes figures.json, table.md and TREC runs."""

from __future__ import annotations

import json
from pathlib import Path

from prepare.errors import DataError

from .first_stage import read_pools
from .systems import BLEND_WEIGHT, FUSION_WEIGHT, Choice, all_systems
from .table import EXPLANATION, Figures, markdown, mean_of_sets, measure
from .trec import write_runs


def evaluate(choice: Choice, sets: list[Path], out: Path, limit: int | None = None) -> dict[str, Figures]:
    """Measures every set and writes the files anew after each, so that a stopped evaluation leaves a table."""
    measured: dict[str, Figures] = {}
    for folder in sets:
        pool_set = read_pools(folder, limit)
        if pool_set.name in measured:
            raise DataError(f'two sets are named {pool_set.name}; rename the folder of one: figures go by the name')
        systems = all_systems(choice, pool_set, out / 'scores')
        measured[pool_set.name] = measure(pool_set, systems)
        write_runs(pool_set, systems, out / 'runs')
        _write(choice, measured, out)
    return measured


def _write(choice: Choice, measured: dict[str, Figures], out: Path) -> None:
    settings = {
        'models': {name: str(folder) for name, folder in choice.models.items()},
        'max_tokens': choice.max_tokens,
        'keep': choice.keep,
        'blends': {name: choice.blend_of(name) for name in choice.models},
    }
    figures = {'settings': settings, 'sets': measured, 'mean': mean_of_sets(measured)}
    (out / 'figures.json').write_text(json.dumps(figures, indent=1) + '\n', encoding='utf-8')
    others = ''.join(f' ({name}: {share:g})' for name, share in choice.blends.items())
    weights = {'blend': f'{BLEND_WEIGHT:g}{others}', 'fusion': FUSION_WEIGHT}
    text = EXPLANATION.format(keep=choice.keep, max_tokens=choice.max_tokens, **weights)
    (out / 'table.md').write_text(f'{text}\n{markdown(measured)}', encoding='utf-8')
