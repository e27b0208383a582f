"""What the processor can do."""

from __future__ import annotations

from collections.abc import Callable


def processor_has_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 in hardware. torch has no public name for it."""
    import torch

    checks: list[Callable[[], bool] | None] = [
        getattr(torch.cpu, name, None) for name in ('_is_amx_tile_supported', '_is_avx512_bf16_supported')
    ]
    return any(check() for check in checks if check)
