"""One kind of error for everything that is wrong with the input: it ends the command with one line."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable


class DataError(Exception):
    """Names the file (and line), says what was found and what to write instead."""


def ends_in_one_line(main: Callable[..., int]) -> Callable[..., int]:
    """A command that says a DataError in one line on stderr and ends with 1."""

    @functools.wraps(main)
    def guarded(arguments: list[str] | None = None) -> int:
        try:
            return main(arguments)
        except DataError as error:
            print(f'error: {error}', file=sys.stderr)
            return 1

    return guarded
