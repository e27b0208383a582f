"""The lean graph gives PyTorch's numbers: exactly in fp32, within stated bounds in int8."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from runs import lean_logit, open_model, random_pair

from export.__main__ import export
from export.calibrate import DEFAULT_TEXT, read_text
from export.pairs import PairEncoder

EXACT = 1e-4
SHAPES = {
    'two layers': {},
    'one layer': {'num_hidden_layers': 1},
    'four layers, one head': {'num_hidden_layers': 4, 'num_attention_heads': 1},
    'eight heads of six': {'hidden_size': 48, 'num_attention_heads': 8},
    'narrow middle': {'intermediate_size': 20},
    'other epsilon': {'layer_norm_eps': 1e-3},
    'one token type': {'type_vocab_size': 1},
    'three token types, 64 positions': {'type_vocab_size': 3, 'max_position_embeddings': 64},
}


def differences(source, folder, pairs) -> np.ndarray:
    session, limit = open_model(folder / 'model.onnx'), source.model.config.max_position_embeddings
    return np.array([lean_logit(session, ids, types, limit) - source.logit(ids, types) for ids, types in pairs])


def random_pairs(source, seed=5) -> list:
    config, generator = source.model.config, np.random.default_rng(seed)
    lengths = [1, 2, 3, 7, 16, config.max_position_embeddings]
    pairs = [random_pair(length, config.vocab_size, generator) for length in lengths for _ in range(3)]
    return [(ids, np.minimum(types, config.type_vocab_size - 1)) for ids, types in pairs]


@pytest.mark.parametrize('shape', SHAPES.values(), ids=SHAPES.keys())
def test_fp32_equals_pytorch(source, tmp_path, shape):
    made = source(**shape)
    export(made.folder, tmp_path / 'out', 'fp32')
    assert np.abs(differences(made, tmp_path / 'out', random_pairs(made))).max() < EXACT


def test_a_half_precision_file_is_read_as_the_numbers_it_holds(source, tmp_path):
    made = source()
    made.model.half().save_pretrained(made.folder)
    made.model.float()
    export(made.folder, tmp_path / 'out', 'fp32')
    assert np.abs(differences(made, tmp_path / 'out', random_pairs(made))).max() < EXACT


def test_every_weight_of_the_model_moves_the_logit(source, tmp_path):
    """A graph that drops a bias, a norm or the token types passes no weaker test than this one."""
    made, generator = source(), np.random.default_rng(1)
    pairs = [random_pair(12, 50, generator) for _ in range(4)]
    export(made.folder, tmp_path / 'before', 'fp32')
    for name, parameter in made.model.named_parameters():
        if name.endswith('self.key.bias'):
            continue  # adds the same number to every attention score of a row, which softmax takes out again
        kept = parameter.data.clone()
        parameter.data += 0.5 * np.sign(kept) if parameter.dim() < 2 else 0.2 * kept.flip(0)
        made.model.save_pretrained(made.folder)
        export(made.folder, tmp_path / 'after', 'fp32')
        assert np.abs(differences(made, tmp_path / 'after', pairs)).max() < EXACT, name
        assert np.abs(differences(made, tmp_path / 'before', pairs)).max() > EXACT, name
        parameter.data = kept


def test_int8_stays_close_on_random_weights(source, tmp_path):
    """Random weights have no outliers and no redundancy: a wide bound, but a wrong graph is off by whole logits."""
    made = source(hidden_size=64, intermediate_size=256, num_hidden_layers=3, vocab_size=325)
    export(made.folder, tmp_path / 'out', 'int8')
    pairs = random_pairs(made)
    wanted = np.array([made.logit(ids, types) for ids, types in pairs])
    off = differences(made, tmp_path / 'out', pairs)
    assert np.sqrt((off**2).mean()) < 0.15 * wanted.std()
    assert np.abs(off).max() > 0, 'int8 that equals fp32 was not quantised'


def test_int8_words_alone_cost_less_than_int8(source, tmp_path):
    made = source(hidden_size=64, intermediate_size=256, num_hidden_layers=3, vocab_size=325)
    pairs, errors = random_pairs(made), {}
    for dtype in ('int8', 'int8-words'):
        export(made.folder, tmp_path / dtype, dtype)
        errors[dtype] = np.sqrt((differences(made, tmp_path / dtype, pairs) ** 2).mean())
    assert 0 < errors['int8-words'] < errors['int8']


def test_int8_weights_cannot_overflow_the_sums_of_older_processors(source, tmp_path):
    """Two products of a uint8 and an int8 are added in 16 bits on AVX2: 2 * 255 * 64 is the most that fits."""
    made = source(vocab_size=325)
    export(made.folder, tmp_path / 'out', 'int8')
    model = onnx.load(tmp_path / 'out' / 'model.onnx')
    constants = {constant.name: numpy_helper.to_array(constant) for constant in model.graph.initializer}
    matrices = [constants[node.input[1]] for node in model.graph.node if node.op_type == 'DynamicQuantizeMatMul']
    assert matrices and all(matrix.dtype == np.int8 and np.abs(matrix.astype(int)).max() == 64 for matrix in matrices)


class TestTrainedWeights:
    @pytest.fixture(scope='class')
    def pairs(self, trained):
        limit = trained.model.config.max_position_embeddings
        encode, rows = PairEncoder(trained.folder, limit), read_text(DEFAULT_TEXT)[-12:]
        feeds = [encode(query, text) for query, _ in rows[:4] for _, text in rows]
        return [(feed['token_ids'].astype(np.int64), (feed['position_type_ids'] >= limit).astype(np.int64)) for feed in feeds]

    def test_fp32_equals_pytorch(self, trained, pairs, tmp_path):
        export(trained.folder, tmp_path, 'fp32')
        assert np.abs(differences(trained, tmp_path, pairs)).max() < EXACT

    def test_int8_keeps_the_scores(self, trained, pairs, tmp_path):
        export(trained.folder, tmp_path, 'int8')
        wanted = np.array([trained.logit(ids, types) for ids, types in pairs])
        off = differences(trained, tmp_path, pairs)
        assert np.sqrt((off**2).mean()) < 0.05 * wanted.std()
        assert np.abs(off).max() < 0.25 * wanted.std()
