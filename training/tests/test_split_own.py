"""What a split reranker learned by itself, kept without its bi-encoder, and put together with it again."""

from __future__ import annotations

import json

import pytest
import torch
from conftest import ROOT
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from export.bundle import sha256
from split.files import load_split, new_split, save_split
from split.own import main as own
from train.start import halve

BUNDLED = ROOT / 'packages' / 'model-en-mini'
KEPT = ROOT / 'training' / 'weights' / 'mini'


@pytest.fixture
def begun(source, tmp_path):
    """An encoder and a folder begun from it, whose own weights have learned something."""
    encoder = source(vocab_size=325, num_hidden_layers=3).folder
    model, random = new_split(encoder, 1), torch.Generator().manual_seed(5)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if not name.startswith('bert.'):
                weight.copy_(torch.randn(weight.shape, generator=random))
    save_split(model, encoder, tmp_path / 'trained')
    halve(tmp_path / 'trained')
    (tmp_path / 'trained' / 'calibration.json').write_text('{"temperature": 2}\n')
    return encoder, tmp_path / 'trained'


def test_a_folder_taken_apart_and_put_together_is_the_same_to_the_bit(begun, tmp_path):
    encoder, trained = begun
    assert own(['take', str(trained), str(tmp_path / 'own'), '--encoder', str(encoder)]) == 0
    assert own(['give', str(tmp_path / 'own'), str(tmp_path / 'again'), '--encoder', str(encoder)]) == 0
    names = sorted(path.name for path in trained.iterdir())
    assert names == sorted(path.name for path in (tmp_path / 'again').iterdir())
    for name in names:
        assert (trained / name).read_bytes() == (tmp_path / 'again' / name).read_bytes(), name
    assert not any(name.startswith('bert.') for name in load_file(tmp_path / 'own' / 'own.safetensors'))


def test_trained_layers_of_the_bi_encoder_are_kept_with_the_rest(begun, tmp_path):
    encoder, trained = begun
    model, name = load_split(trained), 'bert.encoder.layer.2.output.dense.bias'
    with torch.no_grad():
        model.bert.encoder.layer[2].output.dense.bias[0] += 1
    save_split(model, encoder, trained)
    assert own(['take', str(trained), str(tmp_path / 'own'), '--encoder', str(encoder)]) == 0
    assert own(['give', str(tmp_path / 'own'), str(tmp_path / 'again'), '--encoder', str(encoder)]) == 0
    assert (trained / 'model.safetensors').read_bytes() == (tmp_path / 'again' / 'model.safetensors').read_bytes()
    assert [one for one in load_file(tmp_path / 'own' / 'own.safetensors') if one.startswith('bert.')] == [name]


def test_trained_words_are_not_thrown_away(begun, tmp_path, capsys):
    encoder, trained = begun
    model = load_split(trained)
    with torch.no_grad():
        model.bert.embeddings.word_embeddings.weight[7] += 1
    save_split(model, encoder, trained)
    assert own(['take', str(trained), str(tmp_path / 'own'), '--encoder', str(encoder)]) != 0
    assert 'bert.embeddings.word_embeddings.weight is not that of' in capsys.readouterr().err
    assert not (tmp_path / 'own').exists()


def test_another_encoder_is_refused(begun, tmp_path, capsys):
    encoder, trained = begun
    own(['take', str(trained), str(tmp_path / 'own'), '--encoder', str(encoder)])
    other = load_file(encoder / 'model.safetensors')
    name = next(iter(other))
    other[name] = other[name] + 1
    save_file(other, encoder / 'model.safetensors', metadata={'format': 'pt'})
    (tmp_path / 'again').mkdir()
    (tmp_path / 'again' / 'model.safetensors').write_text('what was there before')
    assert own(['give', str(tmp_path / 'own'), str(tmp_path / 'again'), '--encoder', str(encoder)]) != 0
    assert 'is not the bi-encoder that' in capsys.readouterr().err
    assert [path.name for path in (tmp_path / 'again').iterdir()] == ['model.safetensors']
    assert (tmp_path / 'again' / 'model.safetensors').read_text() == 'what was there before'


def test_a_folder_without_own_weights_is_named(tmp_path, capsys, begun):
    encoder, _ = begun
    assert own(['give', str(tmp_path), str(tmp_path / 'again'), '--encoder', str(encoder)]) != 0
    assert 'has no own.safetensors' in capsys.readouterr().err


def test_the_kept_weights_are_those_that_the_bundled_model_was_made_of():
    with safe_open(KEPT / 'own.safetensors', 'pt') as file:
        wanted = file.metadata()['whole_sha256']
    assert wanted.encode() in (BUNDLED / 'model.onnx').read_bytes()
    kept, bundled = (json.loads((folder / 'config.json').read_text(encoding='utf-8')) for folder in (KEPT, BUNDLED))
    # What the package recommends to the library, and what is said of its graph, is no part of the weights.
    assert kept == {name: value for name, value in bundled.items() if name not in ('secondpass', 'state_widths')}
    assert sha256(KEPT / 'calibration.json') == sha256(BUNDLED / 'calibration.json')
