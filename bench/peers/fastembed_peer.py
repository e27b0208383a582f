"""fastembed on the stock files: python fastembed_peer.py STOCK_FOLDER onnx/model_quantized.onnx"""

import sys

from serve import serve, set_threads

threads = set_threads()
from fastembed.common.model_description import ModelSource  # noqa: E402
from fastembed.rerank.cross_encoder import TextCrossEncoder  # noqa: E402

folder, model_file = sys.argv[1:3]
TextCrossEncoder.add_custom_model(model='bench/stock', sources=ModelSource(hf='bench/stock'), model_file=model_file)
model = TextCrossEncoder('bench/stock', threads=threads, cuda=False, specific_model_path=folder)

serve(['fastembed', 'onnxruntime'], 'logit', lambda query, texts: list(model.rerank(query, texts)))
