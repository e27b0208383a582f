"""Where to compute and in what precision."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Device:
    """A device and whether it multiplies bfloat16 matrices in hardware."""

    name: str
    bfloat16: bool

    def autocast(self) -> contextlib.AbstractContextManager:
        return torch.autocast(self.name, dtype=torch.bfloat16) if self.bfloat16 else contextlib.nullcontext()

    def describe(self) -> str:
        part = torch.cuda.get_device_name() if self.name == 'cuda' else f'{torch.get_num_threads()} threads'
        return f'{self.name} ({part}), {"bfloat16 autocast" if self.bfloat16 else "float32"}'


def choose_device(threads: int | None = None, precision: str = 'auto') -> Device:
    """CUDA where there is one. `precision` is 'auto', 'float32' or 'bfloat16'.

    On a CPU, 'auto' takes bfloat16 only with AMX: other processors convert to float32 and lose time and digits.
    """
    if threads:
        torch.set_num_threads(threads)
    name = 'cuda' if torch.cuda.is_available() else 'cpu'
    if precision != 'auto':
        return Device(name, precision == 'bfloat16')
    return Device(name, torch.cuda.is_bf16_supported() if name == 'cuda' else _amx())


def _amx() -> bool:
    check: Callable[[], bool] | None = getattr(torch.cpu, '_is_amx_tile_supported', None)
    return bool(check and check())
