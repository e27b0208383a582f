"""How it was made: the settings of the run, and how far it went."""

from __future__ import annotations

from typing import Any


def recipe_section(config: dict[str, Any], rows: list[dict[str, Any]], teacher: str) -> str:
    """From the run's config.json and metrics.jsonl."""
    model, loss, optimiser = config['model'], config['loss'], config['optimiser']
    teachers = ', '.join(f'{name} {weight}' for name, weight in loss['teachers'].items())
    return '\n'.join(
        [
            '## How it was made',
            '',
            f'- Start: {_start(model)}.',
            f'- Loss: softmax over the list {loss["listwise"]}, binary {loss["binary"]}, divergence from the teachers {loss["distil"]} '
            f'(temperature {loss["temperature"]}), margins {loss["margin"]}. Teachers, min-max normalised within a list: {teachers}'
            + (f'; the cross-encoder is {teacher}.' if teacher else '.'),
            f'- AdamW, {optimiser["learning_rate"]:g} (head × {optimiser["head_factor"]:g}), {optimiser["lists"]} lists of {optimiser["candidates"]} a step, '
            f'at most {config["data"]["max_tokens"]} tokens a pair, seed {config["seed"]}.',
            f'- {_length(rows)}',
        ]
    )


def _start(model: dict[str, Any]) -> str:
    frozen = 'embeddings frozen' if model['frozen_embeddings'] else 'all weights trained'
    if model['frozen_layers']:
        frozen += f', the lowest {model["frozen_layers"]} layers too'
    if model['init'] == 'pca':
        return f'principal components of the embeddings of {model["start"]}, {model["layers"]} fresh layers; {frozen}'
    return f'{model["start"]}, {"with a new pooler and classifier" if model["init"] == "encoder" else "as it is"}; {frozen}'


def _length(rows: list[dict[str, Any]]) -> str:
    steps = [row for row in rows if 'loss' in row]
    held = [row for row in rows if 'held_out_ndcg' in row]
    if not steps:
        return 'No steps were taken.'
    pairs, hours = sum(row['pairs'] for row in steps), sum(row['seconds'] for row in steps) / 3600
    text = f'{steps[-1]["step"]} steps, {pairs:,} pairs, {hours:.1f} hours.'
    if held:
        text += f' nDCG@10 on held-out lists {held[0]["held_out_ndcg"]:.3f} at step {held[0]["step"]}, {held[-1]["held_out_ndcg"]:.3f} at the end.'
    return text
