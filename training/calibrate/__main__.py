"""python -m calibrate MODEL_DIR --config RUN.toml [--lists 400] [--no-shift]

Fits on held-out lists of the run's pools and writes calibration.json ({"temperature": ...}, what the library divides
the logit by before the sigmoid). The shift goes into the classifier's bias in model.safetensors: it changes no order.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from prepare.errors import ends_in_one_line
from train.config import read_config

from .held_out import calibrate


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog='python -m calibrate', description='Temperature and shift from held-out lists.'
    )
    parser.add_argument('model', type=Path)
    parser.add_argument('--config', type=Path, required=True, help="the run's config: its pools and what it held out")
    parser.add_argument('--lists', type=int, default=400)
    parser.add_argument('--no-shift', action='store_true', help='temperature alone; the weights stay as they are')
    options = parser.parse_args(arguments)
    found = calibrate(options.model, read_config(options.config), options.lists, not options.no_shift)
    print(json.dumps(found, indent=2))
    return 0


if __name__ == '__main__':
    sys.exit(main())
