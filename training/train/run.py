"""One run: set up, steps, checkpoints, and an orderly end whenever one is asked for."""

from __future__ import annotations

import json
import time
from collections import deque
from pathlib import Path

import torch

from .cache import load_all
from .checkpoint import put_state, read_state, save_state, save_weights
from .company import Company
from .device import Device
from .errors import TrainingError
from .heldout import evaluate_held_out, held_out_lists
from .log import RunLog, SilentLog
from .optimiser import Schedule, adamw
from .sampler import ListDraw, ListSampler
from .score import StepLosses
from .settings import Config
from .signals import Wishes
from .start import make_model, make_scorer, save_model, start_folder

CHECKPOINT, BEFORE_DECAY, MODEL, WEIGHTS = 'checkpoint.pt', 'before-decay.pt', 'model', 'weights'


class Run:
    """A run in its folder. `train()` goes on from the folder's checkpoint, if there is one."""

    def __init__(self, config: Config, device: Device, wishes: Wishes | None = None, company: Company | None = None):
        self.config, self.device, self.folder = config, device, Path(config.out)
        self.company = company or Company()
        self.company.check(config)
        self.log = RunLog(self.folder) if self.company.leads else SilentLog()
        self.wishes = wishes or Wishes(self.folder)
        self.model = make_model(config.model, config.seed).to(device.name).train()
        self.optimiser = adamw(self.model, config)
        self.scorer = make_scorer(self.model, config.data, device)
        self.sampler, self.held_out = self.company.leader_first(self._read_pools)
        self.losses = self.company.averaging(StepLosses(self.model, self.scorer, config))
        self.schedule, self.step, self.pairs = Schedule.planned(config.optimiser), 0, 0
        self._recent: deque[dict[str, float]] = deque(maxlen=config.log.print)
        self._describe()

    def _read_pools(self) -> tuple[ListSampler, list[ListDraw]]:
        training, apart = load_all(self.config, start_folder(self.config.model.start) / 'tokenizer.json')
        self.scorer.prepare([*training, *apart], self.log.say)
        sampler = ListSampler(training, self.config, 0.0 if apart else self.config.data.held_out)
        return sampler, held_out_lists(training, apart, self.config)

    def _refresh(self) -> None:
        """Lets new files join. The held-out lists stay those of the beginning: one curve, one yardstick."""
        sampler, _ = self._read_pools()
        joined = sampler.restore(self.sampler.state, self.sampler.stream_sizes)
        if joined:
            self.sampler = sampler
            self.log.say(f'step {self.step}: {len(joined)} new parts, {sum(sampler.sizes.values())} lists now')

    def _describe(self) -> None:
        lists, counted = self.sampler.sizes, sum(p.numel() for p in self.model.parameters() if p.requires_grad)
        where = self.device.describe() + self.company.describe()
        self.log.say(f'{self.config.name}: {counted / 1e6:.1f} million weights to train on {where}')
        named = ', '.join(f'{name} {size}' for name, size in lists.items())
        self.log.say(f'{sum(lists.values())} lists of {len(lists)} sets: {named}')
        if absent := sorted({*self.config.data.set_weights, *self.config.data.false_negative_ratios} - set(lists)):
            self.log.say(f'the config names sets that no pool has: {", ".join(absent)}')

    def resume(self, name: str = CHECKPOINT) -> bool:
        """Goes back to a saved state of this folder; False if there is none."""
        if not (self.folder / name).is_file():
            return False
        state = read_state(self.folder / name)
        notes = state['notes']
        if notes['model'] != self.config.to_dict()['model'] or notes['seed'] != self.config.seed:
            raise TrainingError(
                f'out: {self.folder} holds a run with another model or seed; name another folder, or remove it'
            )
        put_state(state, self.model, self.optimiser)
        self.step, self.pairs = notes['step'], notes['pairs']
        if notes['decay_start'] < self.step:
            self.schedule.decay_start = notes['decay_start']
        changed = self.sampler.restore(notes['sampler'], notes['sizes'])
        self.log.rewind(self.step)
        self.log.say(
            f'resumed from {name} at step {self.step}' + (f', {len(changed)} new or changed parts' if changed else '')
        )
        return True

    def train(self) -> bool:
        """Steps until the schedule ends or a stop is wished for. True when the run is finished and its model saved."""
        if self.company.leads:  # Not before: a run that refuses to go on leaves the config of the one that is there.
            (self.folder / 'config.json').write_text(json.dumps(self.config.to_dict(), indent=2) + '\n')
        while self.step < self.schedule.steps:
            wish = self.company.first_says(self.wishes.look(self.step, self.schedule) if self.company.leads else None)
            if wish == 'stop':
                self.checkpoint()
                self.log.say(f'stopped at step {self.step}; the same command goes on from here')
                return False
            if wish == 'decay' and self.schedule.decay_from(self.step):
                self.log.say(f'decay begins at step {self.step} and ends at {self.schedule.steps}')
            if self.step == self.schedule.decay_start:
                self._save(BEFORE_DECAY)
            self._one_step()
            self._after_step()
        self._finish()
        return True

    def _one_step(self) -> None:
        started, settings = time.perf_counter(), self.config.optimiser
        factor = self.schedule.factor(self.step)
        for group in self.optimiser.param_groups:
            group['lr'] = settings.learning_rate * group['factor'] * factor
        drawn = self.company.share(self.sampler.draw(self.step))
        losses, counts = self.losses(drawn)
        self.optimiser.zero_grad(set_to_none=True)
        losses['loss'].backward()
        norm = torch.nn.utils.clip_grad_norm_([p for p in self.model.parameters() if p.requires_grad], settings.clip)
        self.optimiser.step()
        row = {name: value.item() for name, value in losses.items()}
        row = self.company.mean(row | counts)
        row |= {name: round(row[name] * self.company.size) for name in counts}
        self.step, self.pairs = self.step + 1, self.pairs + row['pairs']
        if not row['loss'] == row['loss']:
            raise TrainingError(f'the loss of step {self.step} is not a number; lower optimiser.learning_rate')
        seconds = time.perf_counter() - started
        # The first step also reads texts in, and would have a run that ends by the clock end as soon as it began.
        if self._recent:
            self.wishes.took(seconds)
        row |= {'gradient_norm': float(norm), 'rate': factor * settings.learning_rate, 'seconds': seconds}
        self._recent.append(row)
        self.log.record({'step': self.step, **row})

    def _after_step(self) -> None:
        if not self.company.leads:
            return
        every = self.config.log
        if self.step % every.print == 0:
            self._print()
        if self.step % every.evaluate == 0 or self.step == self.schedule.steps:
            self._evaluate()
        if self.config.data.refresh and self.step % self.config.data.refresh == 0:
            self._refresh()
        if self.step % every.checkpoint == 0:
            self.checkpoint()
        if every.weights and (self.step % every.weights == 0 or self.step == self.schedule.steps):
            save_weights(self.folder / WEIGHTS / f'step-{self.step:06}.safetensors', self.model)

    def _print(self) -> None:
        def mean(name: str) -> float:
            return sum(row[name] for row in self._recent) / len(self._recent)

        speed = mean('pairs') / max(mean('seconds'), 1e-9)
        self.log.say(
            f'step {self.step}/{self.schedule.steps}  loss {mean("loss"):.4f}  list {mean("listwise"):.3f}  binary {mean("binary"):.3f}'
            f'  distil {mean("distil"):.3f}  margin {mean("margin"):.4f}  rate {self._recent[-1]["rate"]:.1e}'
            f'  {self.pairs} pairs, {speed:.1f}/s of {mean("tokens") / mean("pairs"):.0f} tokens'
        )

    def _evaluate(self) -> None:
        self.model.eval()
        found = evaluate_held_out(self.scorer, self.held_out, self.config)
        self.model.train()
        if found:
            self.log.record({'step': self.step, **found})
            self.log.say(
                f'step {self.step}  held out: nDCG@10 {found["held_out_ndcg"]:.4f} (teachers {found["held_out_teacher_ndcg"]:.4f}),'
                f' loss {found["held_out_loss"]:.4f}, {len(self.held_out)} lists'
                + ''.join(f', part {name[14:-5]} {value:.4f}' for name, value in found.items() if '_part_' in name)
            )

    def checkpoint(self) -> None:
        self._save(CHECKPOINT)

    def _save(self, name: str) -> None:
        if not self.company.leads:
            return
        notes = {
            'step': self.step,
            'pairs': self.pairs,
            'decay_start': self.schedule.decay_start,
            'seed': self.config.seed,
            'model': self.config.to_dict()['model'],
            'sampler': self.sampler.state,
            'sizes': self.sampler.stream_sizes,
        }
        save_state(self.folder / name, self.model, self.optimiser, notes)

    def _finish(self) -> None:
        from .plots import plot_run

        if not self.company.leads:
            return
        self.checkpoint()
        save_model(self.model, self.config.model, self.folder / MODEL)
        plot_run(self.folder)
        self.log.say(f'finished after {self.step} steps and {self.pairs} pairs; model in {self.folder / MODEL}')
