"""What goes over to the GPU: the lists in one transfer, the weights in others."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from prepare.errors import DataError
from train.cache import TokenCache, load_all, read_cache, write_cache
from train.start import start_folder

from .lists import pack_lists, part_of, unpack_lists, without_false_negatives
from .pieces import cut, join
from .plan import Session
from .weights import pack_weights, unpack_weights

LISTS, WEIGHTS = 'lists', 'weights'
#: Tries to find how many lists fit.
_TRIES = 6


def pack(session: Session, out: Path) -> list[Path]:
    """Writes OUT/send-1 (the lists), OUT/send-2, ... (the weights); returns the folders, each for one transfer."""
    student, teacher = session.runs['student'], session.runs['teacher']
    tokenizer = start_folder(student.model.start) / 'tokenizer.json'
    if (start_folder(teacher.model.start) / 'tokenizer.json').read_bytes() != tokenizer.read_bytes():
        raise DataError('teacher and student begin with other tokenizers; token ids are sent once, so take starts with one')
    training, apart = load_all(student, tokenizer)
    ratios = student.data.false_negative_ratios
    caches = {f'train/{_name(one)}': without_false_negatives(one, ratios) for one in training}
    caches |= {f'held-out/{_name(one)}': one for one in apart}
    packed = fitting(caches, session.most_bytes, student.seed)
    cut(LISTS, packed, out / 'send-1')
    starts = {name: start_folder(run.model.start) for name, run in session.runs.items()}
    return [out / 'send-1', *_spread(pack_weights(starts), session.most_bytes, out)]


def _name(cache: TokenCache) -> str:
    return cache.file.removesuffix('.gz').removesuffix('.jsonl') or 'lists'


def fitting(caches: dict[str, TokenCache], most: int, seed: int) -> bytes:
    """All lists if they fit, else as large a share of each training file as does, drawn at random."""
    share, packed = 1.0, pack_lists(caches)
    for _ in range(_TRIES):
        if len(packed) <= most:
            return packed
        share *= 0.97 * most / len(packed)
        packed = pack_lists({name: _drawn(one, share, seed) if name.startswith('train/') else one for name, one in caches.items()})
    if len(packed) > most:
        raise DataError(f'most_bytes is {most}; the held-out lists alone take more')
    return packed


def _drawn(cache: TokenCache, share: float, seed: int) -> TokenCache:
    count = max(1, round(share * len(cache)))
    return part_of(cache, np.sort(np.random.default_rng([seed, 7]).permutation(len(cache))[:count]))


def _spread(content: bytes, most: int, out: Path) -> list[Path]:
    """Pieces of the weights, in as many folders as transfers are needed."""
    pieces, folders, size = cut(WEIGHTS, content, out / 'send-2'), [out / 'send-2'], 0
    for piece in pieces:
        if size + piece.stat().st_size > most:
            folders.append(out / f'send-{len(folders) + 2}')
            folders[-1].mkdir(parents=True, exist_ok=True)
            size = 0
        size += piece.stat().st_size
        piece.rename(folders[-1] / piece.name)
    return folders


def unpack(folders: list[Path], work: Path) -> None:
    """Writes WORK/cache and WORK/start from the folders that came over."""
    for name, cache in unpack_lists(join(LISTS, folders)).items():
        path = work / 'cache' / f'{name}.npz'
        path.parent.mkdir(parents=True, exist_ok=True)
        write_cache(cache, path)
    unpack_weights(join(WEIGHTS, folders), work / 'start')


def lists_in(work: Path) -> int:
    """How many lists there are to train on."""
    return sum(len(read_cache(path)) for path in (work / 'cache' / 'train').glob('*.npz'))
