"""The graph of a split reranker gives PyTorch's numbers: exactly in fp32, within stated bounds in int8."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from runs import lean_logit, open_model
from safetensors.torch import load_file, save_file
from split_source import EXACT, differences, logits, pair_of, random_pairs, split  # noqa: F401  a fixture

from export.__main__ import export
from export.calibrate import DEFAULT_TEXT, calibrate
from export.pairs import nothing_known
from export.source import open_source

SHAPES = {
    'as it is': {},
    'read together from the words on': {'joint_from': 0},
    'read together after the last layer': {'joint_from': 3},
    'one joint layer': {'joint_layers': 1},
    'three joint layers': {'joint_layers': 3},
    'matches alone': {'joint_layers': 0},
    'nothing read apart': {'layers': 0, 'joint_from': 0},
    'one layer, one head': {'layers': 1, 'joint_from': 1, 'heads': 1},
    'eight heads of six, 64 positions': {'hidden_size': 48, 'heads': 8, 'max_positions': 64},
    'other epsilon': {'layer_norm_epsilon': 1e-3},
    'stretches': {'match_stretches': True},
    'stretches of words alone': {'match_stretches': True, 'layers': 0, 'joint_from': 0, 'joint_layers': 0},
}


@pytest.mark.parametrize('shape', SHAPES.values(), ids=SHAPES.keys())
def test_fp32_equals_pytorch_at_any_length(split, tmp_path, shape):
    made = split(**shape)
    export(made.folder, tmp_path / 'out', 'fp32')
    off = differences(made, tmp_path / 'out', random_pairs(made))
    assert np.isfinite(off).all() and np.abs(off).max() < EXACT


def test_stretches_begin_where_those_of_pytorch_do(split, tmp_path):
    """Texts longer than a stretch, every word of the query of one weight, and a number of the stretches alone."""
    made = split(layers=0, joint_from=0, joint_layers=0, match_stretches=True)
    with torch.no_grad():
        made.model.matches.rarity.fill_(1)
        made.model.matches.token_weight.weight.zero_()
        made.model.matches.linear.weight[0, :-4] = 0
        made.model.matches.linear.weight[0, -4:] = torch.tensor([1.0, 2.0, 3.0, 4.0])
    made.save()
    export(made.folder, tmp_path / 'out', 'fp32')
    pairs = [pair_of(6, 34, 50, np.random.default_rng(seed)) for seed in range(12)]
    assert np.abs(differences(made, tmp_path / 'out', pairs)).max() < EXACT


def test_every_weight_of_the_model_moves_the_logit(split, tmp_path):
    """A graph that drops a bias, a kernel or a segment passes no weaker test than this one."""
    made, generator = split(layers=1), np.random.default_rng(1)
    pairs = [pair_of(5, 9, 50, generator) for _ in range(3)]
    export(made.folder, tmp_path / 'out', 'fp32')
    before = logits(tmp_path / 'out', pairs, 40)
    for name, weight in made.model.state_dict().items():
        if name.endswith('self.key.bias'):
            continue  # adds the same number to every attention score of a row, which softmax takes out again
        kept = weight.clone()
        weight += 0.5 * torch.sign(kept) if weight.dim() < 2 else 0.2 * kept.flip(0)
        made.save()
        export(made.folder, tmp_path / 'out', 'fp32')
        after = logits(tmp_path / 'out', pairs, 40)
        assert np.abs(after - [made.logit(*pair) for pair in pairs]).max() < EXACT, name
        assert np.abs(after - before).max() > 2 * EXACT, name
        weight.copy_(kept)


def test_the_vectors_are_those_of_transformers(split, tmp_path):
    """With a head that hears nothing but the cosine, the logit is the cosine of two means of BertModel's last layer."""
    made = split(joint_layers=0)
    for name, weight in made.model.state_dict().items():
        if name.startswith(('matches.', 'classifier.')) and name != 'matches.spread':
            weight.zero_()
    made.model.matches.spread.fill_(1)
    with torch.no_grad():
        made.model.matches.linear.weight[0, 0] = 1
    made.save()
    export(made.folder, tmp_path / 'out', 'fp32')
    session = open_model(tmp_path / 'out' / 'model.onnx')
    for ids, types in random_pairs(made):
        texts = [ids[types == 0], np.concatenate([ids[:1], ids[types == 1]])]
        with torch.no_grad():
            means = [made.model.bert(torch.from_numpy(text)[None]).last_hidden_state.mean(1) for text in texts]
        wanted = torch.nn.functional.cosine_similarity(*means).item()
        assert lean_logit(session, ids, types, 40) == pytest.approx(wanted, abs=1e-5)


def test_a_pair_without_a_passage_is_one_with_cls_alone(split, tmp_path):
    made = split()
    for dtype in ('fp32', 'int8-words'):
        export(made.folder, tmp_path / dtype, dtype)
        session, ids = open_model(tmp_path / dtype / 'model.onnx'), np.arange(9)
        feed = {name: ids.astype(np.int32) for name in ('token_ids', 'position_type_ids')}
        found = session.run(None, feed)[0].item()
        assert found == pytest.approx(made.logit(ids, np.zeros(9)), abs=EXACT if dtype == 'fp32' else 1)


def graphs_in(graph: onnx.GraphProto) -> list[onnx.GraphProto]:
    """The graph and those inside its nodes."""
    inner = [attribute.g for node in graph.node for attribute in node.attribute if attribute.HasField('g')]
    return [graph, *(found for one in inner for found in graphs_in(one))]


class TestStates:
    """What the graph made of a text, handed back."""

    @pytest.fixture
    def exported(self, split, tmp_path):
        made = split(hidden_size=64, intermediate_size=256, vocab_size=325)
        export(made.folder, tmp_path / 'out', 'int8')
        return made, open_model(tmp_path / 'out' / 'model.onnx')

    def test_a_known_text_gives_the_same_bits(self, exported):
        made, session = exported
        for ids, types in random_pairs(made):
            texts = ids[types == 0], np.concatenate([ids[:1], ids[types == 1]])
            known = {}
            for name, text in zip(('query', 'passage'), texts):
                alone = {'token_ids': text.astype(np.int32), 'position_type_ids': np.zeros(0, np.int32)}
                known[f'known_{name}'] = session.run([f'{name}_states'], alone | nothing_known(session))[0]
            assert len(known['known_query']) == len(texts[0]) and len(known['known_passage']) == len(texts[1]) + 2
            places = (np.arange(len(ids)) + types * 40).astype(np.int32)
            again = session.run(['logits'], {'token_ids': ids.astype(np.int32), 'position_type_ids': places} | known)[0].item()
            assert again == lean_logit(session, ids, types, 40)

    def test_a_passage_is_another_with_other_states(self, exported):
        """The states are read, not only taken: those of another passage give another logit."""
        made, session = exported
        (ids, types), *_ = [pair for pair in random_pairs(made) if pair[1].sum() > 3 and (pair[1] == 0).sum() > 2]
        query, passage = ids[types == 0], np.concatenate([ids[:1], ids[types == 1]])
        alone = [{'token_ids': text.astype(np.int32), 'position_type_ids': np.zeros(0, np.int32)} for text in (query, passage[::-1])]
        nothing = nothing_known(session)
        known = {
            'known_query': session.run(['query_states'], alone[0] | nothing)[0],
            'known_passage': session.run(['passage_states'], alone[1] | nothing)[0],
        }
        places = (np.arange(len(ids)) + types * 40).astype(np.int32)
        found = session.run(['logits'], {'token_ids': ids.astype(np.int32), 'position_type_ids': places} | known)[0].item()
        assert abs(found - lean_logit(session, ids, types, 40)) > 1e-3


class TestInt8:
    @pytest.fixture
    def wide(self, split):
        return split(hidden_size=64, intermediate_size=256, vocab_size=325)

    def test_it_stays_close_on_random_weights(self, wide, tmp_path):
        """Random weights have no outliers and no redundancy: a wide bound, but a wrong graph is off by whole logits."""
        pairs, errors = random_pairs(wide), {}
        wanted = np.array([wide.logit(ids, types) for ids, types in pairs])
        for dtype in ('int8', 'int8-words'):
            export(wide.folder, tmp_path / dtype, dtype)
            errors[dtype] = np.sqrt((differences(wide, tmp_path / dtype, pairs) ** 2).mean())
        assert 0 < errors['int8-words'] < errors['int8'] < 0.15 * wanted.std()

    def test_weights_cannot_overflow_the_sums_of_older_processors(self, wide, tmp_path):
        export(wide.folder, tmp_path / 'out', 'int8')
        matrices = []
        for graph in graphs_in(onnx.load(tmp_path / 'out' / 'model.onnx').graph):
            constants = {constant.name: numpy_helper.to_array(constant) for constant in graph.initializer}
            matrices += [constants[node.input[1]] for node in graph.node if node.op_type == 'DynamicQuantizeMatMul']
        # Four for each full layer; query, key and value are three in the layer that computes [CLS] alone.
        assert len(matrices) == 4 * (3 + 1) + 6
        assert all(matrix.dtype == np.int8 and np.abs(matrix.astype(int)).max() == 64 for matrix in matrices)

    def test_calibration_sees_every_linear_layer(self, wide):
        seen = calibrate(wide.folder, open_source(wide.folder), DEFAULT_TEXT)
        found = seen.widest
        parts = ('attention.self', 'attention.output.dense', 'intermediate.dense', 'output.dense')
        layers = [f'bert.encoder.layer.{number}.' for number in range(3)] + ['joint.0.']
        assert set(found) == {layer + part for layer in layers for part in parts} | {'joint.1.attention.self'}
        assert all((widest > 0).any() for widest in found.values())
        assert seen.states.shape[1] == 64 and len(seen.states) > 1000

    def test_trained_halves_stay_halves(self, wide, tmp_path):
        """Weights rounded to float16 are stored in two bytes where nothing stores them in one."""
        sizes = {}
        for name in ('whole', 'half'):
            export(wide.folder, tmp_path / name, 'int8-words')
            sizes[name] = (tmp_path / name / 'model.onnx').stat().st_size
            path = wide.folder / 'model.safetensors'
            save_file({key: weight.half() for key, weight in load_file(path).items()}, path, metadata={'format': 'pt'})
        layer = 4 * 64 * 64 + 2 * 64 * 256
        # What says that they are to be widened takes a little of it.
        assert sizes['whole'] - sizes['half'] >= 0.99 * 2 * 5 * layer
