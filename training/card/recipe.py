"""How it was made: the settings of the run, and how far it went."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def recipe_section(
    config: dict[str, Any], rows: list[dict[str, Any]], teacher: str, split: bool = False, grown: str = '', share: float = 1.0
) -> str:
    """From the run's config.json and metrics.jsonl. `grown`: how the bi-encoder of a small split reranker was made;
    `share`: what the joint layers were multiplied by after the run."""
    model, loss, optimiser = config['model'], config['loss'], config['optimiser']
    teachers = ', '.join(f'{name} {weight}' for name, weight in loss['teachers'].items())
    return '\n'.join(
        [
            '## How it was made',
            '',
            f'- Start: {_split_start(model, grown, share) if split else _start(model)}.',
            f'- Loss: softmax over the list {loss["listwise"]}, binary {loss["binary"]}, divergence from the teachers {loss["distil"]} '
            f'(temperature {loss["temperature"]}), margins {loss["margin"]}. Teachers, min-max normalised within a list: {teachers}'
            + (f'; the cross-encoder is {teacher}.' if teacher else '.'),
            f'- AdamW, {optimiser["learning_rate"]:g} (head × {optimiser["head_factor"]:g}), {optimiser["lists"]} lists of {optimiser["candidates"]} a step, '
            f'{trained_on(config["data"], split)}, seed {config["seed"]}.{_mix(config["data"])}',
            f'- {_length(rows)}',
        ]
    )


def trained_on(data: dict[str, Any], split: bool) -> str:
    """How long what it read was. A split reranker reads its texts one by one, each cut by itself."""
    if split and data['max_text_tokens']:
        return f'texts of at most {data["max_text_tokens"]} tokens'
    return f'pairs of at most {data["max_tokens"]} tokens'


def _mix(data: dict[str, Any]) -> str:
    """How often each set was drawn from, where that was not by its size."""
    power, weights = data.get('mix_power', 1), data.get('set_weights', {})
    times = ', '.join(f'{name} × {weight:g}' for name, weight in weights.items())
    if power == 1 and not times:
        return ''
    return f' Sets are drawn by their size to the power {power:g}' + (f', times: {times}.' if times else '.')


def _start(model: dict[str, Any]) -> str:
    # The name alone: where a folder lay on the machine that trained is nobody's business.
    start = Path(model['start']).name
    return f'{start}, {"with a new pooler and classifier" if model["init"] == "encoder" else "as it is"}; {_frozen(model)}'


def _split_start(model: dict[str, Any], grown: str, share: float) -> str:
    fitted = 'stay as they were fitted' if model.get('frozen_matches') or model.get('joint_alone') else 'are trained on'
    if model.get('joint_alone'):
        fitted += f'; the joint layers learned without them, and {share:g} of what they say is added'
    encoder = f'a bi-encoder that was grown ({grown})' if grown else 'all-MiniLM-L6-v2'
    return (
        f'{encoder}, made into a split reranker by `python -m split`, which fits the counted matches by themselves; '
        f'they {fitted}; {_frozen(model)}'
    )


def _frozen(model: dict[str, Any]) -> str:
    frozen = 'embeddings frozen' if model['frozen_embeddings'] else 'all weights trained'
    if model['frozen_layers']:
        frozen += f', the lowest {model["frozen_layers"]} layers too'
    return frozen


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
