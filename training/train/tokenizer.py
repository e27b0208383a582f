"""The files of a tokenizer that go along with a model."""

from __future__ import annotations

import shutil
from pathlib import Path

TOKENIZER = ('tokenizer.json', 'tokenizer_config.json')


def copy_tokenizer(source: Path, target: Path) -> None:
    """From one model's folder to another's; nothing happens if they are the same."""
    for name in TOKENIZER:
        if (source / name).resolve() != (target / name).resolve():
            shutil.copyfile(source / name, target / name)
