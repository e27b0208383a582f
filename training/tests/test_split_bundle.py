"""What `python -m export` writes of a split reranker, what opens it, and what is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import numpy as np
import onnx
import pytest
from conftest import ROOT
from split_source import EXACT, split  # noqa: F401  a fixture

from export.__main__ import export
from export.calibrate import DEFAULT_TEXT, read_text
from export.pairs import PairEncoder
from export.pairs import LeanModel
from prepare.errors import DataError

TRAINING = ROOT / 'training'


def test_the_command_writes_a_folder_that_measuring_opens(split, tmp_path):
    made, out = split(vocab_size=325, max_positions=128), tmp_path / 'out'
    command = [sys.executable, '-m', 'export', str(made.folder), str(out), '--dtype', 'fp32']
    done = subprocess.run(command, cwd=TRAINING, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    properties = {entry.key: entry.value for entry in onnx.load(out / 'model.onnx').metadata_props}
    assert properties['secondpass.architecture'] == 'split'
    assert properties['secondpass.format'] == '1' and properties['secondpass.max_positions'] == '128'
    query, text = read_text(DEFAULT_TEXT)[0]
    feed = PairEncoder(made.folder, 128, 64)(query, text)
    ids, types = feed['token_ids'].astype(np.int64), (feed['position_type_ids'] >= 128).astype(np.int64)
    assert LeanModel(out, 64).score(query, [text])[0] == pytest.approx(made.logit(ids, types), abs=EXACT)


def test_the_config_says_how_long_the_rows_of_what_was_made_before_are(split, tmp_path):
    made = split(vocab_size=325)
    export(made.folder, tmp_path / 'out', 'int8')
    inputs = onnx.load(tmp_path / 'out' / 'model.onnx').graph.input
    widths = {value.name: value.type.tensor_type.shape.dim[-1].dim_value for value in inputs}
    said = json.loads((tmp_path / 'out' / 'config.json').read_text(encoding='utf-8'))['state_widths']
    assert said == {'query': widths['known_query'], 'passage': widths['known_passage']}


def test_the_same_input_gives_the_same_bytes(split, tmp_path):
    made = split(vocab_size=325)
    for name in ('one', 'two'):
        export(made.folder, tmp_path / name, 'int8')
    assert (tmp_path / 'one' / 'model.onnx').read_bytes() == (tmp_path / 'two' / 'model.onnx').read_bytes()


def test_exporting_does_without_pytorch(split, tmp_path):
    made = split()
    code = 'import sys; sys.modules["torch"] = None; from export.__main__ import main; sys.exit(main())'
    command = [sys.executable, '-c', code, str(made.folder), str(tmp_path / 'out'), '--dtype', 'int8-words']
    done = subprocess.run(command, cwd=TRAINING, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


REFUSED = {
    'sizes that do not fit the weights': ({'intermediate_size': 32}, 'config.json says'),
    'more joint layers than there are': ({'joint_layers': 3}, 'joint.2.* is missing; only SplitReranker'),
    'a branch from nowhere': ({'joint_from': 9}, 'joint_from is 9'),
    'no word of the branch': ({'joint_from': None}, 'joint_from is missing'),
    'heads that do not divide the width': ({'num_attention_heads': 5}, 'in 5 heads'),
}


@pytest.mark.parametrize(('changes', 'message'), REFUSED.values(), ids=REFUSED.keys())
def test_folders_that_do_not_fit_are_refused_with_the_reason(split, tmp_path, changes, message):
    made = split()
    path = made.folder / 'config.json'
    config = json.loads(path.read_text()) | changes
    for key in [key for key, value in changes.items() if value is None]:
        del config[key]
    path.write_text(json.dumps(config))
    with pytest.raises(DataError, match=message):
        export(made.folder, tmp_path / 'out', 'fp32')
    assert not (tmp_path / 'out').exists()


@pytest.mark.skipif(
    not (ROOT / 'packages/core/dist/index.js').is_file() or not shutil.which('node'),
    reason='the TypeScript library is not built: run pnpm build',
)
@pytest.mark.parametrize('dtype', ['fp32', 'int8'])
def test_the_library_gives_the_logits_that_python_gives(split, tmp_path, dtype):
    export(split(vocab_size=325, max_positions=128).folder, tmp_path / 'out', dtype)
    rows = read_text(DEFAULT_TEXT)[:4]
    query, texts = rows[0][0], ['', 'bridge', *(text for _, text in rows)]
    script = """
        import { crossEncoder } from '../packages/core/dist/index.js'
        const [model, query, texts] = process.argv.slice(1)
        const scorer = crossEncoder({ model, maxLength: 64 })
        const signal = new AbortController().signal
        const call = { signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }
        console.log(JSON.stringify(await scorer.score(query, JSON.parse(texts), call)))
        await scorer.close()
    """
    command = ['node', '--input-type=module', '-e', script, str(tmp_path / 'out'), query, json.dumps(texts)]
    done = subprocess.run(command, cwd=TRAINING, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    wanted = LeanModel(tmp_path / 'out', 64).score(query, texts)
    assert json.loads(done.stdout) == pytest.approx(wanted.tolist(), abs=1e-5)
