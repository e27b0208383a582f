"""Files in pieces small enough for a narrow door, and whole again."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from prepare.errors import DataError

#: Bytes of a piece at most.
PIECE = 15_000_000
_NOTE = '.pieces.json'


def cut(name: str, content: bytes, folder: Path, most: int = PIECE, notes: dict | None = None) -> list[Path]:
    """Writes NAME.00, NAME.01, ... and NAME.pieces.json with the sum of the whole and `notes`; returns the pieces."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number, start in enumerate(range(0, max(len(content), 1), most)):
        found.append(folder / f'{name}.{number:02}')
        found[-1].write_bytes(content[start : start + most])
    note = {'pieces': [one.name for one in found], 'sha256': hashlib.sha256(content).hexdigest(), 'notes': notes or {}}
    (folder / f'{name}{_NOTE}').write_text(json.dumps(note) + '\n', encoding='utf-8')
    return found


def join(name: str, folders: list[Path]) -> bytes:
    """The whole again, from pieces that may lie in several folders. Throws DataError where one is missing or broken."""
    wanted = _note(name, folders)
    content = b''.join(_find(piece, folders).read_bytes() for piece in wanted['pieces'])
    if hashlib.sha256(content).hexdigest() != wanted['sha256']:
        raise DataError(f'{name}: its pieces do not make what was cut; send them again')
    return content


def notes_of(name: str, folders: list[Path]) -> dict:
    return _note(name, folders)['notes']


def _note(name: str, folders: list[Path]) -> dict:
    return json.loads(_find(f'{name}{_NOTE}', folders).read_text(encoding='utf-8'))


def is_there(name: str, folders: list[Path]) -> bool:
    return any((folder / f'{name}{_NOTE}').is_file() for folder in folders)


def _find(name: str, folders: list[Path]) -> Path:
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    raise DataError(f'{name} is in none of {", ".join(map(str, folders))}')
