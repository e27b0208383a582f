"""python -m pipeline PLAN.toml [--only STAGE ...] [--until HH:MM]

Stages, in order: prepare, mine, then for each model NAME grow:NAME (a small bi-encoder) and begin:NAME (split
rerankers), train:NAME and finish:NAME, then evaluate, and card:NAME for each. Run the same command again and it goes on
where it was.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from prepare.errors import DataError, ends_in_one_line
from prepare.log import Log
from train.signals import time_of_day

from . import stages
from .plan import Plan, read_plan

Stage = Callable[[], object]


def stages_of(plan: Plan, until: float | None = None) -> dict[str, Stage]:
    """Every stage of the plan by name, in order."""
    found: dict[str, Stage] = {}
    if plan.prepare:
        found['prepare'] = lambda: stages.run_prepare(plan)
    if plan.mine:
        found['mine'] = lambda: stages.run_mine(plan)
    for name, model in plan.models.items():
        if model.grow:
            found[f'grow:{name}'] = lambda name=name: stages.run_grow(plan, name)
        if model.encoder or model.grow:
            found[f'begin:{name}'] = lambda name=name: stages.run_begin(plan, name)
        found[f'train:{name}'] = lambda name=name: stages.run_train(plan, name, until)
        found[f'finish:{name}'] = lambda name=name: stages.run_finish(plan, name)
    found['evaluate'] = lambda: stages.run_evaluate(plan)
    for name in plan.models:
        found[f'card:{name}'] = lambda name=name: stages.run_card(plan, name)
    return found


def run(plan: Plan, only: list[str] | None = None, until: float | None = None) -> bool:
    """False when a stage was stopped before its end; the later ones are then not begun."""
    found, say = stages_of(plan, until), Log(plan.out / 'pipeline.log')
    if unknown := sorted(set(only or []) - set(found)):
        raise DataError(f'--only is {", ".join(unknown)}; this plan has {", ".join(found)}')
    for name, stage in found.items():
        if only and name not in only:
            continue
        started = time.monotonic()
        say(f'{name} begins')
        if stage() is False:
            say(f'{name} was stopped; run the same command to go on')
            return False
        say(f'{name} took {time.monotonic() - started:.1f} s')
    return True


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog='python -m pipeline', description='From public data to models with their cards.'
    )
    parser.add_argument('plan', type=Path)
    parser.add_argument('--only', nargs='+', metavar='STAGE', help='these stages, in the order of the plan')
    parser.add_argument('--until', help='time of day, HH:MM: a run that would go on beyond it begins its decay in time')
    options = parser.parse_args(arguments)
    done = run(read_plan(options.plan), options.only, time_of_day(options.until) if options.until else None)
    return 0 if done else 3


if __name__ == '__main__':
    sys.exit(main())
