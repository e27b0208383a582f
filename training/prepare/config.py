"""The configuration of `prepare`: a TOML file. Paths in it are relative to the file."""

from __future__ import annotations

import glob
import tomllib
from collections import Counter
from dataclasses import dataclass, field, fields
from pathlib import Path

from prepare.errors import DataError


@dataclass(frozen=True)
class SetConfig:
    """One set. `splits`: the files of judgements to use, without `.tsv`; a set's own test split is not among them.

    `keep_queries`: a pattern for the ids of queries that may be used, where a set mixes sources.
    """

    name: str
    path: Path
    licence: str = ''
    reviewed: str = ''
    leave_out: str = ''
    splits: tuple[str, ...] = ('train',)
    keep_queries: str = ''
    restyle: bool = True
    sentences: float = 0.0
    remark: str = ''


@dataclass(frozen=True)
class PrepareConfig:
    """`evaluation`: folders in BEIR's layout (patterns allowed) whose texts and questions must not be trained on."""

    out: Path
    evaluation: tuple[Path, ...] = ()
    seed: int = 1
    held_out_share: float = 0.02
    max_query_words: int = 40
    near_duplicate_share: float = 0.5
    near_duplicate_words: int = 32
    query_jaccard: float = 0.8
    sets: tuple[SetConfig, ...] = field(default=())


def read_toml(path: Path) -> dict:
    try:
        return tomllib.loads(path.read_text(encoding='utf-8'))
    # A file that is no UTF-8 is a ValueError, as one that is no TOML is.
    except (OSError, ValueError) as cause:
        raise DataError(f'{path}: {cause}') from cause


def check_keys(given: dict, kind: type, where: str) -> dict:
    known = [one.name for one in fields(kind)]
    if unknown := sorted(set(given) - set(known)):
        raise DataError(f'{where}: does not know {", ".join(unknown)}; it knows {", ".join(known)}')
    return given


def read_config(path: Path) -> PrepareConfig:
    """Throws DataError that names the file and what is wrong, for an unknown key as well."""
    given = check_keys(read_toml(path), PrepareConfig, str(path))
    if 'out' not in given:
        raise DataError(f'{path}: has no out; name the folder to write to')
    base = path.parent
    sets = []
    for one in given.pop('sets', []):
        check_keys(one, SetConfig, f'{path}, [[sets]]')
        if 'path' not in one:
            raise DataError(f'{path}: a [[sets]] has no path')
        place = base / one['path']
        name = one.get('name') or place.name.removesuffix('.tar.gz')
        sets.append(SetConfig(**(one | {'path': place, 'name': name, 'splits': tuple(one.get('splits', ('train',)))})))
    if repeated := sorted(name for name, count in Counter(one.name for one in sets).items() if count > 1):
        raise DataError(f'{path}: two [[sets]] are named {repeated[0]}; give one of them another name')
    evaluation = tuple(
        sorted(Path(found) for one in given.pop('evaluation', []) for found in glob.glob(str(base / one)))
    )
    return PrepareConfig(**(given | {'out': base / given['out'], 'evaluation': evaluation, 'sets': tuple(sets)}))
