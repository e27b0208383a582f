"""What a run says: a log for people, metrics by line for programs."""

from __future__ import annotations

import json
import time
from pathlib import Path

LOG, METRICS = 'log.txt', 'metrics.jsonl'


class RunLog:
    """Appends to log.txt and metrics.jsonl of a run's folder, and prints."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True)
        self._log, self._metrics = folder / LOG, folder / METRICS

    def say(self, text: str) -> None:
        line = f'{time.strftime("%H:%M:%S")} {text}'
        print(line, flush=True)
        with self._log.open('a', encoding='utf-8') as file:
            file.write(line + '\n')

    def record(self, row: dict[str, float]) -> None:
        with self._metrics.open('a', encoding='utf-8') as file:
            file.write(
                json.dumps(
                    {name: round(value, 6) if isinstance(value, float) else value for name, value in row.items()}
                )
                + '\n'
            )

    def rewind(self, step: int) -> None:
        """Forgets metrics beyond `step`, which a resumed run is about to write again."""
        if self._metrics.is_file():
            kept = [row for row in read_metrics(self._metrics) if row['step'] <= step]
            self._metrics.write_text(''.join(json.dumps(row) + '\n' for row in kept), encoding='utf-8')


class SilentLog:
    """Of a process that runs beside the one that writes."""

    def say(self, text: str) -> None:
        pass

    def record(self, row: dict[str, float]) -> None:
        pass

    def rewind(self, step: int) -> None:
        pass


def read_metrics(path: Path) -> list[dict[str, float]]:
    """Rows of metrics.jsonl; a last line cut short by an interruption is left out."""
    rows = []
    for line in path.read_text(encoding='utf-8').splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows
