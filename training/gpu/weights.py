"""Folders of weights as one file in float16, in which equal tensors are there once: a teacher and a student that begin with
the same encoder, and joint layers that begin as copies of its upper ones, cost little more than the encoder."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

#: What a run reads of a start beside its weights.
NOTES = ('.json', '.txt')
_TENSORS = 'model.safetensors'


def pack_weights(folders: dict[str, Path]) -> bytes:
    """Folders by name, each with config.json, tokenizer and model.safetensors."""
    tensors: dict[str, np.ndarray] = {}
    index: dict[str, dict] = {}
    for name, folder in folders.items():
        files = {one.name: one.read_text(encoding='utf-8') for one in sorted(folder.iterdir()) if one.suffix in NOTES}
        places = {key: _put(tensors, value) for key, value in sorted(load_file(folder / _TENSORS).items())}
        index[name] = {'files': files, 'tensors': places}
    file = io.BytesIO()
    np.savez(file, index=np.frombuffer(json.dumps(index).encode(), np.uint8), **tensors)
    return file.getvalue()


def _put(tensors: dict[str, np.ndarray], value: np.ndarray) -> str:
    """Sixteen bits for numbers: their eleven digits are more than bfloat16 has, and no weight is near 65504."""
    kept = value.astype(np.float16) if value.dtype in (np.float32, np.float64) else value
    digest = hashlib.sha256(str(kept.shape).encode() + np.ascontiguousarray(kept).tobytes()).hexdigest()[:24]
    tensors[digest] = kept
    return digest


def unpack_weights(packed: bytes, folder: Path) -> None:
    """Writes FOLDER/NAME for each name."""
    with np.load(io.BytesIO(packed)) as file:
        index = json.loads(file['index'].tobytes())
        for name, one in index.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            for path, text in one['files'].items():
                (folder / name / path).write_text(text, encoding='utf-8')
            found = {key: np.ascontiguousarray(file[digest]) for key, digest in one['tensors'].items()}
            save_file(found, folder / name / _TENSORS, metadata={'format': 'pt'})
