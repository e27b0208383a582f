"""Where to compute and in what precision."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import torch

from prepare.hardware import processor_has_bfloat16

from .errors import TrainingError


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

    On a CPU, 'auto' takes bfloat16 only where the processor multiplies it (AMX, or AVX-512 with BF16): others convert to
    float32 and lose time and digits.
    """
    if threads is not None:
        if threads < 1:
            raise TrainingError(f'--threads is {threads}; at least 1')
        torch.set_num_threads(threads)
    name = 'cuda' if torch.cuda.is_available() else 'cpu'
    if precision != 'auto':
        return Device(name, precision == 'bfloat16')
    return Device(name, torch.cuda.is_bf16_supported() if name == 'cuda' else processor_has_bfloat16())
