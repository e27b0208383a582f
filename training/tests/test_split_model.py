"""The split reranker: what it takes over from its bi-encoder, what it counts, and what padding must not change."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from split_source import save_random_split, split  # noqa: F401  a fixture
from torch.nn.functional import cosine_similarity
from transformers import AutoModel, BertConfig, BertModel

from prepare.batches import batches
from prepare.errors import DataError
from split.files import load_split, new_split
from split.shape import AVERAGE_LENGTH, FEATURES, LENGTH_SHARE, SATURATION, read_split_shape
from split.texts import padded

CLS, SEP = 1, 2


def texts(*rows: list[int]) -> list[np.ndarray]:
    return [np.array([CLS, *row, SEP]) for row in rows]


def read(model, rows: list[np.ndarray]):
    ids, lengths = padded(rows)
    return model.read(ids, lengths)


@pytest.fixture
def encoder(tmp_path):
    """A random bi-encoder in a folder, with large weights so that nothing is near zero."""
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=50, hidden_size=32, num_hidden_layers=3, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=40, initializer_range=0.3,
    )  # fmt: skip
    BertModel(config).save_pretrained(tmp_path / 'encoder')
    return tmp_path / 'encoder'


QUERIES, PASSAGES = texts([5, 6], [7], [5, 9, 11]), texts([6, 7, 8, 9], [10], [5, 6, 5, 6, 5, 12, 13])


@torch.no_grad()
def test_the_vectors_are_those_of_the_bi_encoder(encoder):
    model, own = new_split(encoder, 1).eval(), AutoModel.from_pretrained(encoder).eval()
    found = read(model, PASSAGES).mean
    for row, ids in zip(found, PASSAGES):
        alone = own(input_ids=torch.from_numpy(ids)[None]).last_hidden_state[0].mean(0)
        assert torch.allclose(row, alone, atol=1e-5)


@torch.no_grad()
def test_a_new_model_orders_as_the_bi_encoder_does(encoder):
    model = new_split(encoder, 1).eval()
    query, passages = read(model, QUERIES[:1] * 3), read(model, PASSAGES)
    cosines = cosine_similarity(query.mean, passages.mean)
    logits = model(query, passages)
    assert torch.allclose(logits, 1.5 * cosines, atol=1e-5)
    assert logits.std() > 0.01


@torch.no_grad()
def test_padding_and_neighbours_change_nothing(split):
    model = split().model
    together = model(read(model, QUERIES), read(model, PASSAGES))
    alone = torch.cat([model(read(model, [q]), read(model, [p])) for q, p in zip(QUERIES, PASSAGES)])
    assert torch.allclose(together, alone, atol=1e-4)
    assert together.std() > 0.1


@torch.no_grad()
def test_the_last_layer_for_one_row_equals_it_for_all(split):
    """Only [CLS] of the query is read: computing it alone may change nothing."""
    model = split(joint_layers=1).model
    query, passage = read(model, QUERIES[:1]), read(model, PASSAGES[:1])
    x = torch.cat([query.early + model.segment[0], passage.early + model.segment[1]], 1)
    whole = model.joint[0](x)
    first = (whole[0] if isinstance(whole, tuple) else whole)[:, 0]
    joint = model(query, passage) - model.matches(model.words, query, passage)
    assert torch.allclose(model.classifier(first)[:, 0], joint, atol=1e-4)


@torch.no_grad()
def test_exact_matches_are_counted_as_bm25_counts_them(split):
    model = split().model
    query, passage = read(model, texts([5, 6])), read(model, texts([6, 7, 6, 9]))
    features = model.matches.features(model.words, query, passage)[0]
    rarity, length = model.matches.rarity, 4
    saturated = 2 / (2 + SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length / AVERAGE_LENGTH))
    assert len(features) == FEATURES
    assert features[-5].item() == pytest.approx(rarity[6].item() * saturated, rel=1e-5)
    assert features[-4].item() == pytest.approx(
        rarity[6].item() * saturated / (rarity[5] + rarity[6]).item(), rel=1e-4
    )
    assert torch.allclose(features[-3:-1], torch.tensor([5.0, 3.0]).log())


@torch.no_grad()
def test_the_first_kernel_counts_equal_words_and_only_those(split):
    model = split().model
    count = lambda *row: model.matches.features(model.words, read(model, texts([5])), read(model, texts([*row])))[0, 1]  # noqa: E731
    assert count(7, 8).item() == pytest.approx(0, abs=1e-3)
    assert count(7, 5, 8).item() == pytest.approx(np.log(2), abs=1e-3)
    assert count(5, 5, 8).item() == pytest.approx(np.log(3), abs=1e-3)


@torch.no_grad()
def test_stretches_tell_what_is_said_together_from_what_is_far_apart(split):
    """Two words of equal weight, whose vectors are like no other's: a stretch has both, one, or none of them."""
    model = split(layers=0, joint_from=0, joint_layers=0, vocab_size=32, max_positions=64, match_stretches=True).model
    for name, weight in model.state_dict().items():
        if name.startswith('bert.embeddings.'):
            weight.copy_(torch.eye(32) if 'word' in name else torch.full_like(weight, float('LayerNorm.weight' in name)))
    model.matches.rarity.fill_(1)
    model.matches.token_weight.weight.zero_()

    def found(*places: int) -> list[float]:
        passage = [9] * 45
        for word, place in zip((5, 6), places):
            passage[place] = word
        features = model.matches.features(model.words, read(model, texts([5, 6])), read(model, texts(passage)))
        assert features.shape == (1, model.shape.features) == (1, FEATURES + 4)
        return features[0, FEATURES:].tolist()

    assert found(3, 4) == found(2, 3) == pytest.approx([1, 1, 1, 1], abs=1e-4)
    assert found(3, 9) == pytest.approx([0.5, 1, 1, 1], abs=1e-4)
    assert found(3, 29) == pytest.approx([0.5, 0.5, 1, 0.5], abs=1e-4)
    assert found(43, 44) == pytest.approx([1, 1, 1, 0], abs=1e-4)
    assert found() == pytest.approx([0, 0, 0, 0], abs=1e-4)


def test_a_model_from_before_stretches_is_read_as_one_without(split):
    made = split()
    path = made.folder / 'config.json'
    config = json.loads(path.read_text())
    assert config.pop('match_stretches') is False
    path.write_text(json.dumps(config))
    assert read_split_shape(made.folder) == made.model.shape


def test_a_saved_model_comes_back_to_the_bit(split):
    source = split()
    again = load_split(source.folder).state_dict()
    assert all(torch.equal(weight, again[name]) for name, weight in source.model.state_dict().items())
    assert set(load_file(source.folder / 'model.safetensors')) == set(again)


def test_another_model_is_refused_by_name(source):
    with pytest.raises(DataError, match='model_type is not'):
        read_split_shape(source().folder)


def test_an_impossible_shape_is_refused(tmp_path):
    made = save_random_split(tmp_path / 'split')
    config = (made.folder / 'config.json').read_text()
    (made.folder / 'config.json').write_text(config.replace('"joint_from": 1', '"joint_from": 9'))
    with pytest.raises(DataError, match='joint_from is 9'):
        read_split_shape(made.folder)


def test_batches_hold_every_text_once_and_keep_to_the_limit():
    lengths = np.random.default_rng(1).integers(3, 60, 200)
    found = batches(lengths, 128)
    assert sorted(np.concatenate(found).tolist()) == list(range(200))
    assert all(len(one) * lengths[one].max() <= 128 or len(one) == 1 for one in found)
