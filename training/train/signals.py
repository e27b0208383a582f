"""How a run is told to end: files in its folder, a signal, or a time of day."""

from __future__ import annotations

import datetime
import signal
import time
from collections import deque
from pathlib import Path

from .errors import TrainingError
from .optimiser import Schedule


class Wishes:
    """`decay` in the run's folder begins the decay, `stop` ends the run at once; both files are removed when obeyed.

    SIGTERM and SIGINT are a stop. `until` is when the run should be over: the decay begins when what is left is
    just enough for it.
    """

    def __init__(self, folder: Path, until: float | None = None):
        self._folder, self._until = folder, until
        self._seconds: deque[float] = deque(maxlen=50)
        self._stopped = False

    def listen(self) -> Wishes:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        return self

    def _stop(self, *_: object) -> None:
        self._stopped = True

    def took(self, seconds: float) -> None:
        """How long a step took."""
        self._seconds.append(seconds)

    def look(self, step: int, schedule: Schedule) -> str | None:
        """'stop', 'decay' or nothing."""
        if self._stopped or self._obeyed('stop'):
            return 'stop'
        return 'decay' if self._obeyed('decay') or self._time_is_up(schedule) else None

    def _obeyed(self, name: str) -> bool:
        path = self._folder / name
        if not path.exists():
            return False
        path.unlink()
        return True

    def _time_is_up(self, schedule: Schedule) -> bool:
        if self._until is None or not self._seconds:
            return False
        needed = schedule.decay_steps * sum(self._seconds) / len(self._seconds)
        return time.time() + needed >= self._until


def time_of_day(text: str) -> float:
    """'HH:MM' as the next such moment, in seconds since 1970; by the machine's clock."""
    try:
        wanted = datetime.datetime.strptime(text, '%H:%M').time()
    except ValueError as error:
        raise TrainingError(f'--until is {text!r}; write a time of day like 17:45') from error
    now = datetime.datetime.now()
    moment = datetime.datetime.combine(now.date(), wanted)
    return (moment if moment > now else moment + datetime.timedelta(days=1)).timestamp()
