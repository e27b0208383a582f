"""Writes a model folder: model.onnx, tokenizer, config and the sums of all of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import onnx

from .shape import ExportError

COPIED = ('tokenizer_config.json',)
COPIED_IF_THERE = ('calibration.json',)


def write_bundle(model: onnx.ModelProto, model_dir: Path, out_dir: Path) -> None:
    """Writes the files and then SHA256SUMS, in the format of `sha256sum`. Nothing is written if anything is missing."""
    files = {
        'model.onnx': model.SerializeToString(deterministic=True),
        'tokenizer.json': plain_tokenizer(model_dir).encode(),
        **{name: _required(model_dir / name).read_bytes() for name in COPIED},
        'config.json': config_for(model, _required(model_dir / 'config.json')),
        **{name: (model_dir / name).read_bytes() for name in COPIED_IF_THERE if (model_dir / name).is_file()},
    }
    out_dir.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (out_dir / name).write_bytes(content)
    sums = ''.join(f'{hashlib.sha256(content).hexdigest()}  {name}\n' for name, content in files.items())
    (out_dir / 'SHA256SUMS').write_text(sums, encoding='ascii')


def config_for(model: onnx.ModelProto, config: Path) -> bytes:
    """config.json, with the lengths of the rows that the graph takes of what it made of texts before: not every runtime tells
    the shape of an input, and it must be fed a tensor of that shape even where nothing is known."""
    widths = {
        value.name.removeprefix('known_'): value.type.tensor_type.shape.dim[1].dim_value
        for value in model.graph.input
        if value.name.startswith('known_')
    }
    if not widths:
        return config.read_bytes()
    content = json.loads(config.read_text(encoding='utf-8')) | {'state_widths': widths}
    return (json.dumps(content, indent=2, ensure_ascii=False) + '\n').encode()


def plain_tokenizer(model_dir: Path) -> str:
    """tokenizer.json without the truncation and padding it was last used with: length is the caller's choice."""
    tokenizer = json.loads(_required(model_dir / 'tokenizer.json').read_text(encoding='utf-8'))
    tokenizer |= {'truncation': None, 'padding': None}
    return json.dumps(tokenizer, ensure_ascii=False, separators=(',', ':')) + '\n'


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _required(path: Path) -> Path:
    if not path.is_file():
        raise ExportError(f'model_dir: {path} is missing; save the tokenizer with save_pretrained() too')
    return path
