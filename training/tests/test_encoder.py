"""Weights read out of an ONNX file, and a bi-encoder with some of another's layers."""

import json

import numpy as np
import onnx
import pytest
import torch
from conftest import ROOT
from onnx import helper, numpy_helper
from safetensors.numpy import load_file
from transformers import AutoTokenizer, BertConfig, BertModel

from distil.shorten import shorten
from mine.config import MineConfig
from mine.encoder import PASSAGE, QUERY, BiEncoder
from mine.vectors import KeptVectors
from prepare.encoder import config_of, weights_of, write_encoder
from prepare.errors import DataError


def save_tokenizer(folder):
    for name in ('tokenizer.json', 'tokenizer_config.json'):
        (folder / name).write_bytes((ROOT / 'test' / 'fixtures' / 'tiny-bert' / name).read_bytes())


def small_bert(layers: int = 2) -> BertModel:
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=325,
        hidden_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=40,
    )
    return BertModel(config, add_pooling_layer=False).eval()


def as_exported(model: BertModel) -> onnx.ModelProto:
    """What an exporter leaves: matrices transposed under names of its own, biases and norms under theirs."""
    initializers, nodes = [], []
    for number, (name, weight) in enumerate(model.state_dict().items()):
        values = weight.numpy()
        linear = name.endswith('.weight') and 'Norm' not in name and 'embeddings' not in name
        if linear:
            name, values = f'onnx::MatMul_{number}', np.ascontiguousarray(values.T)
            last = name
        initializers.append(numpy_helper.from_array(values, name))
        if name.endswith('.bias') and 'Norm' not in name:
            nodes.append(helper.make_node('MatMul', ['x', last], [f'product_{number}']))
            nodes.append(helper.make_node('Add', [name, f'product_{number}'], [f'sum_{number}']))
    return helper.make_model(helper.make_graph(nodes, 'bert', [], [], initializers))


def test_weights_are_those_that_were_exported():
    model = small_bert()
    found = weights_of(as_exported(model))
    assert found.keys() == model.state_dict().keys()
    for name, weight in model.state_dict().items():
        assert np.array_equal(found[name], weight.numpy()), name


def test_a_quantised_graph_is_refused_by_the_name_of_its_missing_matrix():
    found = weights_of(as_exported(small_bert()))
    del found['encoder.layer.1.attention.self.key.weight']
    with pytest.raises(DataError, match='encoder.layer.1.attention.self.key'):
        config_of(found)


def test_the_folder_says_how_its_texts_are_read(tmp_path):
    onnx.save(as_exported(small_bert()), tmp_path / 'model.onnx')
    save_tokenizer(tmp_path)
    folder = tmp_path / 'encoder'
    write_encoder(tmp_path / 'model.onnx', tmp_path / 'tokenizer.json', folder, 'cls', {'query': 'the ', 'passage': ''})
    assert json.loads((folder / 'config.json').read_text())['num_hidden_layers'] == 2
    embed = BiEncoder(MineConfig(tmp_path, tmp_path, encoder=str(folder), device='cpu', precision='float32'))
    asked, told = embed(['lamp'], QUERY)[0], embed(['the lamp'], PASSAGE)[0]
    assert np.allclose(asked, told, atol=1e-6)
    assert not np.allclose(asked, embed(['lamp'], PASSAGE)[0], atol=1e-3)


def test_kept_vectors_are_the_encoders_and_are_read_once(tmp_path, monkeypatch):
    small_bert().save_pretrained(tmp_path / 'encoder')
    save_tokenizer(tmp_path / 'encoder')
    config = MineConfig(
        tmp_path, tmp_path, encoder=str(tmp_path / 'encoder'), vectors=str(tmp_path / 'kept'), device='cpu', precision='float32'
    )
    texts = ['beta gamma', 'alpha', 'beta gamma']
    first = KeptVectors(config, config.encoder)(texts)
    assert np.allclose(first, BiEncoder(config)(texts), atol=2e-3)
    with next((tmp_path / 'kept').glob('*.f16')).open('ab') as file:
        file.write(bytes(70))  # As an interrupted process leaves it.
    assert np.allclose(KeptVectors(config, config.encoder)(['gamma'])[0], BiEncoder(config)(['gamma'])[0], atol=2e-3)
    monkeypatch.setattr('mine.vectors.BiEncoder', None)
    assert np.array_equal(KeptVectors(config, config.encoder)(texts[:2]), first[:2])


def test_shortened_keeps_the_layers_named_and_takes_out_what_all_tokens_share(tmp_path):
    model = small_bert(4)
    model.save_pretrained(tmp_path / 'long')
    save_tokenizer(tmp_path / 'long')
    shorten(tmp_path / 'long', tmp_path / 'short', [1, 3, 4], [])
    weights = load_file(tmp_path / 'short' / 'model.safetensors')
    for ours, theirs in ((0, 0), (1, 2), (2, 3)):
        name = 'attention.self.query.weight'
        wanted = model.state_dict()[f'encoder.layer.{theirs}.{name}'].numpy()
        assert np.array_equal(weights[f'encoder.layer.{ours}.{name}'], wanted)
    shorten(tmp_path / 'long', tmp_path / 'centred', [1, 3, 4], ['alpha beta', 'gamma'])
    centred = BertModel.from_pretrained(tmp_path / 'centred', add_pooling_layer=False).eval()
    fed = AutoTokenizer.from_pretrained(tmp_path / 'centred')(['alpha beta', 'gamma'], padding=True, return_tensors='pt')
    with torch.no_grad():
        rows = centred(**fed).last_hidden_state[fed['attention_mask'].bool()]
    assert rows.mean(0).abs().max() < 1e-5


def test_layers_that_are_not_there_are_refused(tmp_path):
    small_bert().save_pretrained(tmp_path / 'long')
    save_tokenizer(tmp_path / 'long')
    with pytest.raises(DataError, match=r'--layers is \[1, 5\]; name some of 1 to 2'):
        shorten(tmp_path / 'long', tmp_path / 'short', [1, 5], [])
