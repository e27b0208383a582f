"""One kind of error for everything that is wrong with the input: it ends the command with one line."""


class DataError(Exception):
    """Names the file (and line), says what was found and what to write instead."""
