"""python -m export MODEL_DIR OUT_DIR [--dtype int8|int8-words|fp32] [--calibration-text FILE.jsonl]"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from prepare.errors import ends_in_one_line

from .bundle import sha256, write_bundle
from .calibrate import DEFAULT_TEXT, calibrate
from .recipe import DTYPES, Recipe
from .rounding import measured
from .source import open_source

FORMAT_VERSION = '1'


def export(model_dir: Path, out_dir: Path, dtype: str = 'int8', text: Path = DEFAULT_TEXT) -> None:
    """Reads a BertForSequenceClassification or a SplitReranker and writes the folder that secondpass loads."""
    source = open_source(model_dir)
    recipe = Recipe(dtype=dtype)
    if recipe.int8:
        seen = calibrate(model_dir, source, text)
        rounding = measured(seen.states) if source.reads_apart else None
        recipe = replace(recipe, widest=seen.widest, rounding=rounding)
    metadata = {
        'secondpass.format': FORMAT_VERSION,
        'secondpass.dtype': dtype,
        'secondpass.max_positions': str(source.max_positions),
        'secondpass.source_sha256': sha256(model_dir / 'model.safetensors'),
    } | source.properties
    write_bundle(source.build(recipe, metadata, False), model_dir, out_dir)


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m export', description='Write the lean ONNX graph of a cross-encoder.')
    parser.add_argument('model_dir', type=Path, help='folder with model.safetensors, config.json, tokenizer.json')
    parser.add_argument('out_dir', type=Path, help='folder to write; made if missing')
    parser.add_argument('--dtype', choices=DTYPES, default='int8')
    parser.add_argument('--calibration-text', type=Path, default=DEFAULT_TEXT, help='JSONL of {"query", "text"}; int8 only')
    options = parser.parse_args(arguments)
    export(options.model_dir, options.out_dir, options.dtype, options.calibration_text)
    print(f'wrote {options.out_dir} ({(options.out_dir / "model.onnx").stat().st_size / 1e6:.1f} MB model.onnx)')
    return 0


if __name__ == '__main__':
    sys.exit(main())
