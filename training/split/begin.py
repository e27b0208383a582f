"""The start of a run: what a split reranker takes over, and what it is told about the language before it learns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from train.cache import TokenCache, load_all
from train.device import Device
from train.settings import Config

from .files import freeze, new_split, save_split
from .fit import fit_matches
from .score import SplitScorer

#: Lists that the range of the features is taken from.
LISTS = 60


@dataclass(frozen=True)
class Beginning:
    """`joint_from`: the layer after which copies of the rest read both texts together.
    `match_stretches`: whether what stands close together is counted."""

    device: Device
    config: Config
    """Of the run: its data, its losses and its seed."""
    joint_from: int = 4
    match_stretches: bool = False
    say: Callable[[str], None] = print
    fit_steps: int = 2000
    """Steps in which the matches are fitted alone."""
    fit_distil: float | None = None
    """Weight of the teachers' divergence meanwhile; that of the run unless given. Where the matches stay as fitted, they
    should be no worse than the teachers on text of any kind, which labels of a few sets do not see to."""
    joint_layers: int | None = None
    """How many read together; by default as many as there are to copy."""


def rarity(caches: list[TokenCache], vocab_size: int) -> np.ndarray:
    """BM25's inverse document frequency of every token: log(1 + (n - df + 0.5) / (df + 0.5)) over all candidate texts."""
    counts, texts = np.zeros(vocab_size), 0
    for cache in caches:
        for number in np.unique(cache.candidates):
            counts[np.unique(cache.text(number))] += 1
            texts += 1
    return np.log1p((texts - counts + 0.5) / (counts + 0.5)).astype(np.float32)


@torch.no_grad()
def measure_range(scorer: SplitScorer, caches: list[TokenCache], seed: int) -> None:
    """Sets centre and spread of the features to mean and standard deviation over lists drawn at random."""
    random, found = np.random.default_rng(seed), []
    for _ in range(LISTS):
        cache = caches[random.integers(len(caches))]
        place = random.integers(len(cache))
        texts = cache.candidates[cache.list_starts[place] : cache.list_starts[place + 1]]
        with scorer.device.autocast():
            query, passage = scorer.readings([(cache, int(cache.queries[place]), int(text)) for text in texts])
        found.append(scorer.model.matches.features(scorer.model.words, query, passage))
    features = torch.cat(found)
    scorer.model.matches.centre.copy_(features.mean(0))
    scorer.model.matches.spread.copy_(features.std(0).clamp(min=1e-3))


def begin(encoder: Path, out: Path, settings: Beginning) -> None:
    """Writes the folder that `model.start` of a run names, from the pools that the run trains on."""
    config, say = settings.config, settings.say
    caches, _ = load_all(config, encoder / 'tokenizer.json')
    torch.manual_seed(config.seed)
    model = new_split(encoder, settings.joint_from, settings.joint_layers, settings.match_stretches)
    freeze(model, True, model.shape.layers)
    model.matches.rarity.copy_(torch.from_numpy(rarity(caches, model.shape.vocab_size)))
    scorer = SplitScorer(model, settings.device, config.data.max_text_tokens, config.data.states)
    scorer.prepare(caches, say)
    measure_range(scorer, caches, config.seed)
    if settings.fit_distil is not None:
        config = replace(config, loss=replace(config.loss, distil=settings.fit_distil))
    fit_matches(scorer, caches, config, settings.fit_steps, say)
    save_split(model, encoder, out)
