"""The one kind of error that ends a command with a sentence instead of a traceback."""

from __future__ import annotations

from prepare.errors import DataError


class TrainingError(DataError):
    """What is wrong with a setting or a model, the value that was found, and what to do about it."""
