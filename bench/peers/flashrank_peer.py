"""FlashRank's loader on the stock files: python flashrank_peer.py STOCK_FOLDER onnx/model_quantized.onnx

FlashRank knows its own models only and leaves the number of threads to onnxruntime. Both are patched from outside;
its tokenising, batching and scoring run as they are.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

from serve import serve, set_threads

threads = set_threads()
import onnxruntime  # noqa: E402
import flashrank  # noqa: E402, F401

ranker_module = sys.modules['flashrank.Ranker']  # the package hides its module behind the class of that name
stock, model_file = Path(sys.argv[1]), sys.argv[2]
SPECIAL_TOKENS = {'unk_token': '[UNK]', 'sep_token': '[SEP]', 'pad_token': '[PAD]', 'cls_token': '[CLS]', 'mask_token': '[MASK]'}
unpatched_session = onnxruntime.InferenceSession


def session_of_threads(path: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    return unpatched_session(path, options, providers=['CPUExecutionProvider'])


def folder_as_flashrank_wants_it(parent: Path) -> None:
    """The stock files under a name FlashRank can look up, with the token map that it insists on."""
    (parent / 'stock').mkdir()
    for name in ('config.json', 'tokenizer.json', 'tokenizer_config.json', 'onnx'):
        os.symlink((stock / name).resolve(), parent / 'stock' / name)
    (parent / 'stock' / 'special_tokens_map.json').write_text(json.dumps(SPECIAL_TOKENS))


with tempfile.TemporaryDirectory() as folder:
    folder_as_flashrank_wants_it(Path(folder))
    ranker_module.ort.InferenceSession = session_of_threads
    ranker_module.model_file_map['stock'] = model_file
    ranker = ranker_module.Ranker('stock', cache_dir=folder, max_length=512)


def score(query: str, texts: list[str]) -> list[float]:
    passages = [{'id': position, 'text': text} for position, text in enumerate(texts)]
    ranked = ranker.rerank(ranker_module.RerankRequest(query=query, passages=passages))
    by_position = {passage['id']: passage['score'] for passage in ranked}
    return [by_position[position] for position in range(len(texts))]


serve(['FlashRank', 'onnxruntime'], 'probability', score)
