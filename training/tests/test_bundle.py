"""What `python -m export` writes, and what it refuses."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from tokenizers import Tokenizer

from export.__main__ import export
from export.shape import ExportError

TRAINING = Path(__file__).resolve().parents[1]
FILES = {'model.onnx', 'tokenizer.json', 'tokenizer_config.json', 'config.json', 'SHA256SUMS'}


def edit(path: Path, **changes) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize('dtype', ['fp32', 'int8', 'int8-words'])
def test_the_command_writes_a_folder_whose_sums_hold(source, tmp_path, dtype):
    made, out = source(vocab_size=325), tmp_path / 'out'
    command = [sys.executable, '-m', 'export', str(made.folder), str(out), '--dtype', dtype]
    done = subprocess.run(command, cwd=TRAINING, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} == FILES
    sums = dict(reversed(line.split('  ')) for line in (out / 'SHA256SUMS').read_text().splitlines())
    assert set(sums) == FILES - {'SHA256SUMS'}
    for name, wanted in sums.items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == wanted
    properties = {entry.key: entry.value for entry in onnx.load(out / 'model.onnx').metadata_props}
    assert properties['secondpass.format'] == '1'
    assert properties['secondpass.dtype'] == dtype


@pytest.mark.parametrize('dtype', ['fp32', 'int8'])
def test_the_same_input_gives_the_same_bytes(source, tmp_path, dtype):
    made = source(vocab_size=325)
    for name in ('one', 'two'):
        export(made.folder, tmp_path / name, dtype)
    for name in FILES:
        assert (tmp_path / 'one' / name).read_bytes() == (tmp_path / 'two' / name).read_bytes(), name


def test_the_tokenizer_loses_truncation_and_padding_and_nothing_else(source, tmp_path):
    made = source()
    tokenizer = Tokenizer.from_file(str(made.folder / 'tokenizer.json'))
    tokenizer.enable_truncation(8)
    tokenizer.enable_padding(length=8)
    tokenizer.save(str(made.folder / 'tokenizer.json'))
    export(made.folder, tmp_path / 'out', 'fp32')
    written = Tokenizer.from_file(str(tmp_path / 'out' / 'tokenizer.json'))
    assert written.truncation is None and written.padding is None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    text = 'Where is the old bridge? 橋 Мост café 😀 ' * 3
    assert written.encode(text, 'in the tower').ids == tokenizer.encode(text, 'in the tower').ids


def test_what_the_config_recommends_is_carried_through(source, tmp_path):
    made = source()
    recommended = {'blend': {'weight': 0.8}, 'scripts': ['Latin']}
    edit(made.folder / 'config.json', secondpass=recommended)
    export(made.folder, tmp_path / 'out', 'fp32')
    assert json.loads((tmp_path / 'out' / 'config.json').read_text())['secondpass'] == recommended


REFUSED = {
    'another model type': ({'model_type': 'roberta'}, "model_type is 'roberta'"),
    'another activation': ({'hidden_act': 'gelu_new'}, "hidden_act is 'gelu_new'"),
    'relative positions': ({'position_embedding_type': 'relative_key'}, "position_embedding_type is 'relative_key'"),
    'a decoder': ({'is_decoder': True}, 'is_decoder is True'),
    'two labels': ({'id2label': {'0': 'no', '1': 'yes'}}, '2 labels'),
    'sizes that do not fit the weights': ({'hidden_size': 64}, 'config.json says'),
    'more layers than there are': ({'num_hidden_layers': 3}, 'is missing'),
    'heads that do not divide the width': ({'num_attention_heads': 5}, 'in 5 heads'),
}


@pytest.mark.parametrize(('changes', 'message'), REFUSED.values(), ids=REFUSED.keys())
def test_other_models_are_refused_with_the_reason(source, tmp_path, changes, message):
    made = source()
    edit(made.folder / 'config.json', **changes)
    with pytest.raises(ExportError, match=message.replace('(', r'\(')):
        export(made.folder, tmp_path / 'out', 'fp32')
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('name', ['config.json', 'model.safetensors', 'tokenizer.json'])
def test_a_missing_file_is_named(source, tmp_path, name):
    made = source()
    (made.folder / name).unlink()
    with pytest.raises(ExportError, match=name):
        export(made.folder, tmp_path / 'out', 'fp32')
    assert not (tmp_path / 'out').exists()


def test_the_command_prints_one_line_for_a_bad_model(tmp_path):
    command = [sys.executable, '-m', 'export', str(tmp_path), str(tmp_path / 'out')]
    done = subprocess.run(command, cwd=TRAINING, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith('error: ') and done.stderr.count('\n') == 1


def test_calibration_text_must_be_pairs(source, tmp_path):
    made, text = source(vocab_size=325), tmp_path / 'text.jsonl'
    with pytest.raises(ExportError, match=r'text\.jsonl: No such file'):
        export(made.folder, tmp_path / 'out', 'int8', text)
    for line in ('{"query": "only"}', '["query", "text"]', 'query and text', '{"query": 1, "text": "one"}'):
        text.write_text(line + '\n')
        with pytest.raises(ExportError, match='"query" and "text"'):
            export(made.folder, tmp_path / 'out', 'int8', text)


def test_an_unknown_kind_of_numbers_is_refused(source, tmp_path):
    with pytest.raises(ExportError, match="dtype is 'int4'; it is one of int8, int8-words, fp32"):
        export(source().folder, tmp_path / 'out', 'int4')
    assert not (tmp_path / 'out').exists()
