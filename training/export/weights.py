"""Weights of a model by name, as float32, checked against its shape."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors import safe_open

from .names import Sizes
from .shape import ExportError

FLOATS = {'F64', 'F32', 'F16', 'BF16'}


class Weights:
    """Tensors of model.safetensors. `linear` gives matrices as [inputs, outputs], the way MatMul takes them."""

    def __init__(self, tensors: dict[str, np.ndarray], sizes: Sizes, kind: str):
        """`kind` is the class whose weights these should be, for the message when one is missing."""
        self._tensors = tensors
        for name, wanted in sizes.items():
            if name not in tensors:
                raise ExportError(f'model.safetensors: {name} is missing; only {kind} works')
            if tensors[name].shape != wanted:
                raise ExportError(f'model.safetensors: {name} is {tensors[name].shape}; config.json says {wanted}')
            if not np.isfinite(tensors[name]).all():
                raise ExportError(f'model.safetensors: {name} holds NaN or infinity')

    def __getitem__(self, name: str) -> np.ndarray:
        return self._tensors[name]

    def __contains__(self, name: str) -> bool:
        return name in self._tensors

    def linear(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        return self[name + '.weight'].T, self[name + '.bias']


def load_weights(model_dir: Path, sizes: Sizes, kind: str) -> Weights:
    """Loads model.safetensors as float32, whatever float type it is stored in."""
    path = model_dir / 'model.safetensors'
    if not path.is_file():
        raise ExportError(f'model_dir: {path} is missing; save the model with save_pretrained() (one safetensors file)')
    with safe_open(path, framework='numpy') as file:
        return Weights({name: _float32(file, name) for name in file.keys()}, sizes, kind)


def _float32(file, name: str) -> np.ndarray:
    stored = file.get_slice(name).get_dtype()
    if stored == 'BF16':
        raise ExportError(f'model.safetensors: {name} is bfloat16, which numpy cannot read; save it as float16 or float32')
    array = file.get_tensor(name)
    return array.astype(np.float32) if stored in FLOATS else array
