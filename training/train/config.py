"""A run's configuration: a TOML file. Paths in it are relative to the file."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from prepare.config import read_toml

from .errors import TrainingError
from .settings import Config


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


def _build(kind: type, table: dict[str, Any], source: str, prefix: str) -> Any:
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
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise TrainingError(f'{where} is {value!r}; write a {type(default).__name__} like {default!r}')
    return value


def _check(config: Config, source: str) -> None:
    positive = {
        'data.max_tokens': config.data.max_tokens,
        'data.max_text_tokens - 2': config.data.max_text_tokens - 2,
        'loss.temperature': config.loss.temperature,
        'optimiser.learning_rate': config.optimiser.learning_rate,
        'optimiser.steps': config.optimiser.steps,
        'optimiser.lists': config.optimiser.lists,
        'optimiser.chunk_tokens': config.optimiser.chunk_tokens,
        'log.print': config.log.print,
        'log.checkpoint': config.log.checkpoint,
        'log.evaluate': config.log.evaluate,
    }
    for name, value in positive.items():
        if not value > 0:
            raise TrainingError(f'{source}: {name} is {value}; it must be above 0')
    choices = {
        'loss.unjudged': (config.loss.unjudged, ('negative', 'ignore')),
        'model.init': (config.model.init, ('encoder', 'whole', 'pca')),
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
