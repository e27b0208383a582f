"""python -m evaluate.shares --first-stage STAGE ... --model NAME=FOLDER ... --sets FOLDER ... --out FOLDER [--limit 60]

Which share of the blend a model should have, chosen on one half of the questions of each set and measured on the other: behind BM25,
behind fusions by rank, and behind every other search. Writes shares.json and shares.md to --out; scores that are kept there are not made again.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from prepare.errors import ends_in_one_line

from .__main__ import choose, parse
from .blend import blend
from .first_stage import read_pools
from .metrics import interval, ndcg_by_question
from .rule import rule_of
from .scores import model_scores
from .stages import Stage, stage_of

SHARES = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 1.0)
#: What a share may lose behind any search on any set of the develop half.
MOST_LOST = 0.005


@dataclass(frozen=True)
class Gains:
    """Of one set behind one first stage: by share, each question's nDCG@10 minus that of the first stage, [shares, questions]."""

    set: str
    stage: str
    by_share: np.ndarray

    def half(self, test: bool) -> np.ndarray:
        """Every other question in the fixed shuffle: the first, third ... are for development, the rest for the test."""
        return self.by_share[:, int(test) :: 2]


def chosen(gains: list[Gains], shares: tuple[float, ...] = SHARES) -> float:
    """The share that gains most in the mean of the develop halves, of those that lose at most MOST_LOST in any; the smallest share
    where all lose more."""
    means = np.array([one.half(test=False).mean(1) for one in gains])
    safe = np.flatnonzero(means.min(0) >= -MOST_LOST)
    return shares[safe[np.argmax(means[:, safe].mean(0))]] if len(safe) else shares[0]


def figures_of(gains: list[Gains], share: float, test: bool, shares: tuple[float, ...] = SHARES) -> dict:
    """The mean of sets and first stages, the worst of them, and its bootstrap interval."""
    rows = {f'{one.set}, {one.stage}': one.half(test)[shares.index(share)] for one in gains}
    worst = min(rows, key=lambda name: rows[name].mean())
    return {
        'questions': sum(map(len, rows.values())),
        'mean': round(float(np.mean([row.mean() for row in rows.values()])), 4),
        'worst': {worst: [round(float(one), 4) for one in (rows[worst].mean(), *interval(rows[worst]))]},
    }


def gains_of(folder: Path, stage: Stage, model: Path, cache: Path, limit: int | None, max_tokens: int) -> Gains:
    pool_set = read_pools(folder, limit, search=stage.search)
    pools, scores = pool_set.pools, model_scores(model, pool_set, cache, max_tokens)
    first = ndcg_by_question(pools, [pool.first for pool in pools])
    mixed = [[blend(row, pool.first, share) for pool, row in zip(pools, scores, strict=True)] for share in SHARES]
    return Gains(pool_set.name, stage.name, np.array([ndcg_by_question(pools, rows) - first for rows in mixed]))


def summary(gains: list[Gains], now: float) -> dict:
    """What is chosen and what is shipped, each on both halves."""
    best = chosen(gains)
    return {
        name: {'share': share, 'develop': figures_of(gains, share, False), 'test': figures_of(gains, share, True)}
        for name, share in (('chosen', best), ('shipped', now))
        if share in SHARES
    }


def table(found: dict[str, dict[str, dict]]) -> str:
    lines = ['| model, behind | | share | develop: mean, worst | test: mean, worst |', '| --- | --- | --- | --- | --- |']
    for model, kinds in found.items():
        for kind, rows in kinds.items():
            for name, row in rows.items():
                cells = [f'{row[half]["mean"]:+.3f}, {_worst(row[half]["worst"])}' for half in ('develop', 'test')]
                lines.append(f'| {model}, {kind} | {name} | {row["share"]:g} | {cells[0]} | {cells[1]} |')
    return '\n'.join(lines) + '\n'


def _worst(row: dict[str, list[float]]) -> str:
    (name, (mean, low, high)), = row.items()  # fmt: skip
    return f'{mean:+.3f} ({low:+.3f} to {high:+.3f}; {name})'


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    stages = [stage_of(one, options.out / 'vectors', options.max_tokens) for one in options.first_stage]
    found: dict[str, dict[str, dict]] = {}
    for name, model in choose(options).models.items():
        rule = rule_of(model)
        for kind, now in (('words', rule.lexical), ('fusions', rule.behind_fusions), ('other searches', rule.other)):
            gains = [
                gains_of(folder, stage, model, options.out / 'scores', options.limit, options.max_tokens)
                for folder in options.sets
                for stage in stages
                if stage.kind == kind
            ]
            if gains:
                found.setdefault(name, {})[kind] = summary(gains, now)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / 'shares.json').write_text(json.dumps(found, indent=1) + '\n', encoding='utf-8')
    (options.out / 'shares.md').write_text(table(found), encoding='utf-8')
    print(table(found))
    return 0


if __name__ == '__main__':
    sys.exit(main())
