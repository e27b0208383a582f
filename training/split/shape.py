"""What a split reranker is made of, as its config.json says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from prepare.errors import DataError

MODEL_TYPE = 'secondpass-split'


@dataclass(frozen=True)
class Kernels:
    """Gaussian kernels over cosines: a kernel counts the passage's tokens whose cosine to a query token is near `mean`.

    From K-NRM: Xiong et al., "End-to-End Neural Ad-hoc Ranking with Kernel Pooling", SIGIR 2017.
    """

    means: tuple[float, ...]
    widths: tuple[float, ...]


#: Over the word table: 1.0 is the same word, what lies below is words used alike.
WORD_KERNELS = Kernels((1.0, 0.8, 0.6, 0.4), (0.02, 0.1, 0.1, 0.1))
#: Over what the last layer made of the tokens in their text.
CONTEXT_KERNELS = Kernels((0.9, 0.75, 0.6, 0.45, 0.3, 0.15), (0.08,) * 6)
#: BM25's k1 and b, and the length that counts as average, in tokens.
SATURATION, LENGTH_SHARE, AVERAGE_LENGTH = 0.9, 0.4, 100.0
#: Added to the weight of a query token before softplus: most tokens begin with little.
TOKEN_OFFSET = -2.0
#: The cosine of the two texts; kernels and best match of each level; two sums of exact matches; three lengths.
FEATURES = 1 + len(WORD_KERNELS.means) + 1 + len(CONTEXT_KERNELS.means) + 1 + 2 + 3
#: Tokens of a stretch of the passage, each size a feature: how much of the query the stretch with most of it has.
STRETCHES = (4, 12, 32)
#: Tokens that count as the passage's opening, [CLS] among them.
OPENING = 25


@dataclass(frozen=True)
class SplitShape:
    """`layers` read the two texts apart. `joint_layers` begin again after layer `joint_from` and read both together.
    With `match_stretches`, what stands close together counts as well as how much there is."""

    hidden_size: int
    layers: int
    heads: int
    intermediate_size: int
    vocab_size: int
    max_positions: int
    layer_norm_epsilon: float
    joint_from: int
    joint_layers: int
    match_stretches: bool = False

    @property
    def features(self) -> int:
        """How many numbers the matches of a pair are."""
        return FEATURES + (len(STRETCHES) + 1 if self.match_stretches else 0)

    @property
    def head_size(self) -> int:
        return self.hidden_size // self.heads


def is_split(folder: Path) -> bool:
    """Whether the folder holds a split reranker."""
    path = folder / 'config.json'
    return path.is_file() and json.loads(path.read_text(encoding='utf-8')).get('model_type') == MODEL_TYPE


def read_split_shape(folder: Path) -> SplitShape:
    """The shape in config.json. Throws DataError when the folder holds something else."""
    path = folder / 'config.json'
    if not is_split(folder):
        raise DataError(f'{path}: model_type is not {MODEL_TYPE!r}; write a start with `python -m split`')
    config = json.loads(path.read_text(encoding='utf-8'))
    names = {'layers': 'num_hidden_layers', 'heads': 'num_attention_heads', 'layer_norm_epsilon': 'layer_norm_eps'}
    names |= {'max_positions': 'max_position_embeddings'}
    # Models written before it came have no word of it.
    config = {'match_stretches': False} | config
    try:
        shape = SplitShape(**{key: config[names.get(key, key)] for key in SplitShape.__dataclass_fields__})
    except KeyError as error:
        raise DataError(f'{path}: {error.args[0]} is missing; a folder written by `python -m split` has it') from error
    if not 0 <= shape.joint_from <= shape.layers or shape.joint_layers < 0:
        raise DataError(f'{path}: joint_from is {shape.joint_from}; it counts layers, 0 to {shape.layers}')
    return shape
