"""Pictures of a run: the losses, and nDCG@10 on held-out lists, over steps."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use('Agg')

from matplotlib import pyplot  # noqa: E402

from .log import METRICS, read_metrics  # noqa: E402

LOSSES = ('loss', 'listwise', 'binary', 'distil', 'margin')


def plot_run(folder: Path) -> None:
    """Writes curve.png beside the metrics."""
    rows = read_metrics(folder / METRICS)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4))
    steps = [row for row in rows if 'loss' in row]
    for name in LOSSES:
        left.plot([row['step'] for row in steps], smooth([row[name] for row in steps]), label=name)
    left.set(title='training loss (running mean)', xlabel='step')
    left.legend()
    held = [row for row in rows if 'held_out_ndcg' in row]
    for name, label in (('held_out_ndcg', 'model'), ('held_out_teacher_ndcg', 'teachers')):
        right.plot([row['step'] for row in held], [row[name] for row in held], marker='.', label=label)
    right.set(title='nDCG@10, held-out lists', xlabel='step')
    right.legend()
    figure.tight_layout()
    figure.savefig(folder / 'curve.png', dpi=110, metadata={'Software': None})
    pyplot.close(figure)


def smooth(values: list[float], weight: float = 0.95) -> list[float]:
    """Exponential mean, corrected for its beginning."""
    total, share, smoothed = 0.0, 0.0, []
    for value in values:
        total, share = weight * total + (1 - weight) * value, weight * share + (1 - weight)
        smoothed.append(total / share)
    return smoothed
