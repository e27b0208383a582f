"""How much the layers that read together say beside what is counted, where they learned by themselves."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.torch import load_file, save_file


def give_share(folder: Path, share: float) -> None:
    """Multiplies what the joint layers add to the logit, and notes the share in config.json. For a run with
    `model.joint_alone`, before it is calibrated."""
    path = folder / 'model.safetensors'
    weights = load_file(path)
    for name in ('classifier.weight', 'classifier.bias'):
        weights[name] = (weights[name].float() * share).to(weights[name].dtype)
    save_file(weights, path, metadata={'format': 'pt'})
    notes = folder / 'config.json'
    config = json.loads(notes.read_text(encoding='utf-8')) | {'joint_share': share}
    notes.write_text(json.dumps(dict(sorted(config.items())), indent=2) + '\n', encoding='utf-8')
