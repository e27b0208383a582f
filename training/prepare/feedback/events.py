"""Reads events, one JSON object a line, and collects labels by query and passage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prepare.errors import DataError
from prepare.text import full_text, normalised


@dataclass(frozen=True)
class Event:
    """One line. `where` is file and line, for messages; `texts` are those of a corpus, for events that carry only ids."""

    row: dict
    where: str
    texts: dict[str, str]

    @property
    def query(self) -> str:
        query = self.row.get('query')
        if not isinstance(query, str) or not query.strip():
            raise DataError(f'{self.where}: "query" is {query!r}; write the text that was asked')
        return query.strip()

    def need(self, key: str) -> Any:
        if key not in self.row:
            raise DataError(f'{self.where}: has no "{key}"; it has {", ".join(sorted(self.row)) or "nothing"}')
        return self.row[key]

    def passages(self, key: str) -> list[tuple[str, str]]:
        """(id, text) of each entry: an id that the corpus knows, or an object with "text" and perhaps "id" and "title"."""
        listed = self.need(key)
        if not isinstance(listed, list):
            raise DataError(f'{self.where}: "{key}" is {listed!r}; write a list, in the order shown')
        return [self.passage(one) for one in listed]

    def passage(self, entry: Any) -> tuple[str, str]:
        if isinstance(entry, str | int):
            entry = {'id': entry}
        if not isinstance(entry, dict):
            raise DataError(f'{self.where}: a passage is {entry!r}; write an id or an object with "text"')
        id, title, text = (entry.get(key) for key in ('id', 'title', 'text'))
        if not all(isinstance(one, str | None) for one in (title, text)):
            raise DataError(f'{self.where}: passage {id!r} has a "title" or "text" that is not a string')
        text = full_text(title, text) if text else self.texts.get(str(id), '')
        if not text:
            fix = 'and the corpus does not know it; give --corpus'
            raise DataError(f'{self.where}: passage {id!r} has no "text", {fix}')
        return text_id(text) if id in (None, '') else str(id), text

    def chosen(self, key: str, shown: list[tuple[str, str]]) -> set[str]:
        """Ids under `key`, which must be among those shown."""
        given = self.need(key)
        if not isinstance(given, list):
            raise DataError(f'{self.where}: "{key}" is {given!r}; write a list of ids')
        ids = [str(one) for one in given]
        if unknown := [one for one in ids if one not in {id for id, _ in shown}]:
            were = [id for id, _ in shown][:5]
            raise DataError(f'{self.where}: "{key}" names {unknown[0]!r}, which was not shown; shown were {were}')
        return set(ids)


@dataclass
class Judged:
    """Labels of one query: passage id -> text, and passage id -> label (None: shown, but nothing is known)."""

    query: str
    texts: dict[str, str] = field(default_factory=dict)
    labels: dict[str, float | None] = field(default_factory=dict)
    scores: dict[str, dict[str, float]] = field(default_factory=dict)

    def has_positive(self) -> bool:
        return any(label for label in self.labels.values())


def text_id(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def query_key(query: str) -> str:
    return normalised(query) or query


def read_events(path: Path, texts: dict[str, str]) -> Iterator[Event]:
    try:
        lines = path.read_text(encoding='utf-8').split('\n')
    except OSError as cause:
        raise DataError(f'{path}: {cause.strerror}') from cause
    except UnicodeDecodeError as cause:
        raise DataError(f'{path}: is no UTF-8 text; unpack it if it is packed') from cause
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as cause:
            raise DataError(f'{path}:{number}: is not JSON; write one object a line. Found {line[:80]!r}') from cause
        if not isinstance(row, dict):
            raise DataError(f'{path}:{number}: write one object a line; found {line[:80]!r}')
        yield Event(row, f'{path}:{number}', texts)
