"""Reads and writes sets in BEIR's layout: a folder, or a .tar.gz that holds one."""

from __future__ import annotations

import io
import json
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from prepare.errors import DataError


@dataclass(frozen=True)
class Passage:
    id: str
    title: str
    text: str


@dataclass(frozen=True)
class Query:
    """`style` says how the text came to be; `origin` is the id of the query it was rewritten from."""

    id: str
    text: str
    style: str = 'original'
    origin: str = ''


@dataclass
class RelevanceSet:
    """`judged`: split -> query id -> passage id -> grade. Every id in it exists."""

    name: str
    readme: str = ''
    passages: dict[str, Passage] = field(default_factory=dict)
    queries: dict[str, Query] = field(default_factory=dict)
    judged: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)

    def positives(self, split: str) -> dict[str, dict[str, float]]:
        """Query id -> the passages with a grade above 0; queries without one are left out."""
        found = {
            query: {p: g for p, g in grades.items() if g > 0} for query, grades in self.judged.get(split, {}).items()
        }
        return {query: grades for query, grades in found.items() if grades}


def read_set(path: Path, name: str | None = None) -> RelevanceSet:
    """Reads a folder or an archive. Judgements of unknown queries or passages are left out."""
    try:
        files = _archive(path) if is_archive(path) else _folder(path)
    except (OSError, EOFError, UnicodeDecodeError, zlib.error, tarfile.TarError) as cause:
        raise DataError(f'{path}: cannot be read: {cause}') from cause
    missing = [one for one in ('corpus.jsonl', 'queries.jsonl') if one not in files]
    if missing:
        raise DataError(f'{path}: has no {" and no ".join(missing)}; is it a set in the layout of BEIR?')
    found = RelevanceSet(name or path.name.removesuffix('.tar.gz').removesuffix('.tgz'), files.get('README.md', ''))
    found.passages = _passages(path / 'corpus.jsonl', files['corpus.jsonl'])
    for row in _rows(path / 'queries.jsonl', files['queries.jsonl']):
        id = str(row['_id'])
        found.queries[id] = Query(id, row['text'], row.get('style', 'original'), row.get('origin', ''))
    for file, text in sorted(files.items()):
        if file.startswith('qrels/') and file.endswith('.tsv'):
            found.judged[file[len('qrels/') : -len('.tsv')]] = _judgements(path / file, text, found)
    return found


def read_corpus(path: Path) -> dict[str, Passage]:
    """The passages of a corpus.jsonl by id."""
    try:
        return _passages(path, path.read_text(encoding='utf-8'))
    except (OSError, UnicodeDecodeError) as cause:
        raise DataError(f'{path}: cannot be read: {cause}') from cause


def is_archive(path: Path) -> bool:
    return path.name.endswith(('.tar.gz', '.tgz'))


def files_of(path: Path) -> list[Path]:
    """What a set is read from: its archive, or the files of its folder."""
    if is_archive(path):
        return [path]
    named = [path / name for name in ('corpus.jsonl', 'queries.jsonl', 'README.md')]
    return [one for one in named if one.is_file()] + sorted(path.glob('qrels/*.tsv'))


def write_set(found: RelevanceSet, folder: Path) -> None:
    (folder / 'qrels').mkdir(parents=True, exist_ok=True)
    _write(folder / 'corpus.jsonl', ({'_id': p.id, 'title': p.title, 'text': p.text} for p in found.passages.values()))
    _write(folder / 'queries.jsonl', (_query_row(query) for query in found.queries.values()))
    for split, judged in found.judged.items():
        lines = [f'{q}\t{p}\t{grade:g}\n' for q, grades in judged.items() for p, grade in grades.items()]
        (folder / 'qrels' / f'{split}.tsv').write_text(
            'query-id\tcorpus-id\tscore\n' + ''.join(lines), encoding='utf-8'
        )


def _query_row(query: Query) -> dict:
    return {'_id': query.id, 'text': query.text, 'style': query.style} | (
        {'origin': query.origin} if query.origin else {}
    )


def _write(path: Path, rows: Iterable[dict]) -> None:
    with path.open('w', encoding='utf-8') as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + '\n' for row in rows)


def _folder(path: Path) -> dict[str, str]:
    if not path.is_dir():
        raise DataError(f'{path}: is neither a folder nor a .tar.gz; give the path of a set in the layout of BEIR')
    return {str(one.relative_to(path)): one.read_text(encoding='utf-8') for one in files_of(path)}


def _archive(path: Path) -> dict[str, str]:
    """Members by name without the folder that holds them. Nothing is unpacked to disk."""
    files: dict[str, str] = {}
    with tarfile.open(path) as archive:
        for member in archive:
            parts = [one for one in Path(member.name).parts if one != '.']
            name = '/'.join(parts[-2:] if len(parts) > 1 and parts[-2] == 'qrels' else parts[-1:])
            content = archive.extractfile(member) if member.isfile() else None
            if content and (name.startswith('qrels/') or name in ('corpus.jsonl', 'queries.jsonl', 'README.md')):
                files[name] = io.TextIOWrapper(content, encoding='utf-8').read()
    return files


def _passages(path: Path, text: str) -> dict[str, Passage]:
    found = (Passage(str(row['_id']), row.get('title') or '', row['text']) for row in _rows(path, text))
    return {one.id: one for one in found}


def _rows(path: Path, text: str) -> Iterator[dict]:
    for number, line in enumerate(text.split('\n'), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            complete = '_id' in row and isinstance(row['text'], str) and isinstance(row.get('title') or '', str)
        except (ValueError, KeyError, TypeError, AttributeError):
            complete = False
        if not complete:
            raise DataError(f'{path}:{number}: write an object with "_id" and "text"; found {line[:80]!r}')
        yield row


def _judgements(path: Path, text: str, found: RelevanceSet) -> dict[str, dict[str, float]]:
    judged: dict[str, dict[str, float]] = {}
    for number, line in enumerate(text.split('\n'), 1):
        columns = line.rstrip('\r').split('\t')
        if columns == [''] or (number == 1 and columns[0] == 'query-id'):
            continue
        try:
            query, passage, grade = columns[0], columns[1], float(columns[2])
        except (IndexError, ValueError) as cause:
            raise DataError(
                f'{path}:{number}: write query-id, corpus-id and score with tabs; found {line[:80]!r}'
            ) from cause
        if query in found.queries and passage in found.passages:
            judged.setdefault(query, {})[passage] = grade
    return judged
