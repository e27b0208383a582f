"""The bi-encoder of `mine`."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import save_random

from mine.config import MineConfig
from mine.encoder import BiEncoder, find_encoder
from prepare.errors import DataError

#: Of the tokenizer in test/fixtures/tiny-bert.
VOCABULARY = 325


def test_the_encoder_says_the_same_in_any_batch(tmp_path):
    folder = save_random(tmp_path / 'encoder', vocab_size=VOCABULARY).folder
    config = MineConfig(tmp_path, tmp_path, encoder=str(folder), device='cpu', precision='float32', max_embed_tokens=24)
    texts = ['the lamp', 'a much longer text about the lamp and the sea ' * 3, 'rain', 'the lamp']
    encode = BiEncoder(config)
    together = encode(texts)
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)
    assert np.array_equal(together[0], together[3])
    alone = np.concatenate([BiEncoder(replace(config, batch_tokens=1))([text]) for text in texts])
    assert np.allclose(together, alone, atol=1e-5)


def test_a_missing_encoder_is_one_line():
    with pytest.raises(DataError, match='no_such_package'):
        find_encoder('no_such_package')
