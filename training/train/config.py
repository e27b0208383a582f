"""A run's configuration: a TOML file. Paths in it are relative to the file."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from prepare.config import read_toml

from .errors import TrainingError
from .settings import MAX_KEPT_TOKENS, Config


def read_config(path: Path) -> Config:
    """The run in a TOML file. Unknown keys, wrong types and impossible values are errors that name the key."""
    return _beside(config_from(read_toml(path), str(path)), path.resolve().parent)


def _beside(config: Config, folder: Path) -> Config:
    """Paths as seen from where the file is. A start that is no folder there is a package."""

    def place(name: str) -> str:
        return str(folder / name) if name else name

    data = replace(
        config.data,
        cache=place(config.data.cache),
        states=place(config.data.states),
        pools=[place(one) for one in config.data.pools],
        held_out_pools=[place(one) for one in config.data.held_out_pools],
    )
    start = config.model.start
    # A package's name has no slash; a folder may still have to be written.
    model = replace(config.model, start=place(start) if '/' in start or (folder / start).is_dir() else start)
    return replace(config, out=place(config.out), data=data, model=model)


def config_from(table: dict[str, Any], source: str) -> Config:
    """The run in a parsed table; `source` is named in errors."""
    config = _build(Config, table, source, '')
    _check(config, source)
    return config


def _build(kind: type, table: Any, source: str, prefix: str) -> Any:
    if not isinstance(table, dict):
        name = prefix.removesuffix('.')
        raise TrainingError(f'{source}: {name} is {table!r}; write a table, [{name}]')
    known = {one.name: one for one in fields(kind)}
    values = {}
    for key, value in table.items():
        if key not in known:
            raise TrainingError(f'{source}: {prefix}{key} is not a setting; there are {", ".join(known)}')
        default = getattr(kind(), key)
        values[key] = (
            _build(type(default), value, source, f'{prefix}{key}.')
            if is_dataclass(default)
            else _typed(value, default, f'{source}: {prefix}{key}')
        )
    return kind(**values)


def _typed(value: Any, default: Any, where: str) -> Any:
    if isinstance(default, float) and _is_number(value):
        return float(value)
    if type(value) is not type(default):
        raise TrainingError(f'{where} is {value!r}; write a {type(default).__name__} like {default!r}')
    # Every list is one of strings, every table one of numbers.
    if isinstance(value, list) and (wrong := [one for one in value if not isinstance(one, str)]):
        raise TrainingError(f'{where} holds {wrong[0]!r}; write strings')
    if isinstance(value, dict) and (wrong := [one for one in value.items() if not _is_number(one[1])]):
        raise TrainingError(f'{where}.{wrong[0][0]} is {wrong[0][1]!r}; write a number')
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _check(config: Config, source: str) -> None:
    above = {
        # [CLS] and [SEP] take so many.
        'data.max_tokens': (config.data.max_tokens, 3),
        'data.max_text_tokens': (config.data.max_text_tokens, 2),
        'loss.temperature': (config.loss.temperature, 0),
        'optimiser.learning_rate': (config.optimiser.learning_rate, 0),
        'optimiser.steps': (config.optimiser.steps, 0),
        'optimiser.lists': (config.optimiser.lists, 0),
        'optimiser.chunk_tokens': (config.optimiser.chunk_tokens, 0),
        'log.print': (config.log.print, 0),
        'log.checkpoint': (config.log.checkpoint, 0),
        'log.evaluate': (config.log.evaluate, 0),
    }
    for name, (value, least) in above.items():
        if not value > least:
            raise TrainingError(f'{source}: {name} is {value}; it must be above {least}')
    for name, weight in config.data.set_weights.items():
        if not weight >= 0:
            raise TrainingError(f'{source}: data.set_weights.{name} is {weight}; 0 leaves the set out, less cannot be')
    most = MAX_KEPT_TOKENS + 2
    if config.data.max_text_tokens > most:
        raise TrainingError(f'{source}: data.max_text_tokens is {config.data.max_text_tokens}; caches keep {most}')
    if not 0 <= config.optimiser.decay_steps <= config.optimiser.steps:
        given = f'optimiser.decay_steps is {config.optimiser.decay_steps}'
        raise TrainingError(f'{source}: {given}; it is a part of optimiser.steps, {config.optimiser.steps}')
    choices = {
        'loss.unjudged': (config.loss.unjudged, ('negative', 'ignore')),
        'model.init': (config.model.init, ('encoder', 'whole')),
    }
    for name, (value, allowed) in choices.items():
        if value not in allowed:
            raise TrainingError(f'{source}: {name} is {value!r}; it must be one of {", ".join(allowed)}')
    if config.data.states and not config.model.frozen_layers:
        raise TrainingError(f'{source}: data.states keeps what layers make of texts; freeze them: model.frozen_layers')
    if not 0 <= config.data.held_out < 1:
        raise TrainingError(f'{source}: data.held_out is {config.data.held_out}; it is a share, 0 or more and below 1')
    if config.optimiser.candidates < 2:
        raise TrainingError(f'{source}: optimiser.candidates is {config.optimiser.candidates}; a list needs at least 2')
