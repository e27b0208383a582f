"""What a model adds behind the searches that people have: BM25, vectors, and both by reciprocal rank fusion, each over whole
collections."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from prepare.errors import DataError

from .dense import DenseSearch, fused
from .first_stage import PoolSet, Search, bm25, read_pools
from .metrics import interval, interval_of_sets, ndcg_by_question
from .rule import BlendRule
from .scores import model_scores


@dataclass(frozen=True)
class Stage:
    """A first stage by its name."""

    name: str
    search: Search
    kind: Literal['words', 'fusions', 'other searches']
    """By which the blend tells its shares apart."""


def stage_of(given: str, cache: Path, max_tokens: int) -> Stage:
    """`bm25`; the folder of an encoder; or `rrf:` and such a folder, for its fusion with BM25."""
    if given == 'bm25':
        return Stage('BM25', bm25, 'words')
    fuse, folder = given.startswith('rrf:'), Path(given.removeprefix('rrf:'))
    if not (folder / 'model.safetensors').is_file():
        raise DataError(f'--first-stage is {given!r}; write bm25, the folder of an encoder, or rrf: and such a folder')
    dense = DenseSearch(folder, cache, max_tokens)
    if fuse:
        return Stage(f'BM25 + {dense.name}', fused(bm25, dense), 'fusions')
    return Stage(dense.name, dense, 'other searches')


@dataclass(frozen=True)
class Measured:
    """nDCG@10 by question."""

    first: np.ndarray
    alone: np.ndarray
    blended: np.ndarray

    def figures(self) -> dict:
        return {
            'questions': len(self.first),
            **{name: round(float(getattr(self, name).mean()), 4) for name in ('first', 'alone', 'blended')},
            'alone - first': _gap(self.alone - self.first),
            'blended - first': _gap(self.blended - self.first),
        }


def _gap(differences: np.ndarray) -> list[float]:
    return [round(value, 4) for value in (float(differences.mean()), *interval(differences))]


def measure_stage(pool_set: PoolSet, model: Path, rule: BlendRule, cache: Path, max_tokens: int) -> Measured:
    pools, scores = pool_set.pools, model_scores(model, pool_set, cache, max_tokens)
    blended = [rule.blend(pool.first, row) for pool, row in zip(pools, scores, strict=True)]
    return Measured(*(ndcg_by_question(pools, rows) for rows in ([pool.first for pool in pools], scores, blended)))


def measure_stages(
    sets: list[Path], stages: list[Stage], models: dict[str, Path], rules: dict[str, BlendRule], out: Path,
    limit: int | None, max_tokens: int,
) -> dict:  # fmt: skip
    """Figures by model, set and first stage, written to first-stages.json and .md after each, so that a stop loses little."""
    measured: dict[str, dict[str, dict[str, Measured]]] = {name: {} for name in models}
    for folder in sets:
        for stage in stages:
            pool_set = read_pools(folder, limit, search=stage.search)
            for name, model in models.items():
                found = measure_stage(pool_set, model, rules[name], out / 'scores', max_tokens)
                measured[name].setdefault(pool_set.name, {})[stage.name] = found
                figures = _write(measured, rules, out, max_tokens)
    return figures


def _write(measured: dict, rules: dict[str, BlendRule], out: Path, max_tokens: int) -> dict:
    figures = {
        'max_tokens': max_tokens,
        'rules': {name: rule.constants() for name, rule in rules.items()},
        'models': {
            name: {
                'sets': {one: {stage: row.figures() for stage, row in rows.items()} for one, rows in sets.items()},
                'mean': {stage: _mean([rows[stage] for rows in sets.values() if stage in rows]) for stage in _stages(sets)},
            }
            for name, sets in measured.items()
        },
    }
    (out / 'first-stages.json').write_text(json.dumps(figures, indent=1) + '\n', encoding='utf-8')
    (out / 'first-stages.md').write_text(stages_table(figures), encoding='utf-8')
    return figures


def _stages(sets: dict[str, dict[str, Measured]]) -> list[str]:
    return list(dict.fromkeys(stage for rows in sets.values() for stage in rows))


def _mean(rows: list[Measured]) -> dict:
    """Every set counts the same."""
    gaps = [row.blended - row.first for row in rows]
    means = {name: round(float(np.mean([getattr(row, name).mean() for row in rows])), 4) for name in ('first', 'alone', 'blended')}
    difference = [float(np.mean([gap.mean() for gap in gaps])), *interval_of_sets(gaps)]
    worst = min(float(gap.mean()) for gap in gaps)
    return {'sets': len(rows), **means, 'blended - first': [round(one, 4) for one in difference], 'worst': round(worst, 4)}


def stages_table(figures: dict) -> str:
    """A table a model: a row a first stage, a column a set; first stage / model alone / blended by the default."""
    parts = [f'nDCG@10 over the first 100 of each first stage, at most {figures["max_tokens"]} tokens a pair: first stage / model\n'
             'alone / blended by the default; in brackets the 95 % bootstrap interval of blended minus first stage.\n']  # fmt: skip
    for name, found in figures['models'].items():
        heads = [f'{one} ({max(row["questions"] for row in rows.values())})' for one, rows in found['sets'].items()]
        lines = [f'| {name} | ' + ' | '.join([*heads, 'mean of sets', 'worst']) + ' |', '| --- |' + ' --- |' * (len(heads) + 2)]
        for stage, mean in found['mean'].items():
            cells = [_cell(rows.get(stage)) for rows in found['sets'].values()]
            lines.append(f'| {stage} | ' + ' | '.join([*cells, _cell(mean), f'{mean["worst"]:+.3f}']) + ' |')
        parts.append('\n'.join(lines) + '\n')
    return '\n'.join(parts)


def _cell(row: dict | None) -> str:
    if row is None:
        return ''
    _, low, high = row['blended - first']
    return f'{row["first"]:.3f} / {row["alone"]:.3f} / {row["blended"]:.3f} ({low:+.3f} to {high:+.3f})'
