"""A log a person can read: the screen and a file, each line with the seconds since the start."""

from __future__ import annotations

import time
from pathlib import Path


class Log:
    def __init__(self, path: Path | None = None):
        self._start = time.monotonic()
        self._path = path
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)

    def __call__(self, line: str) -> None:
        line = f'{time.monotonic() - self._start:8.1f} s  {line}'
        print(line, flush=True)
        if self._path:
            with self._path.open('a', encoding='utf-8') as file:
                file.write(line + '\n')
