"""sentence-transformers CrossEncoder on onnxruntime, by optimum: python onnx_peer.py STOCK_FOLDER onnx/model_quantized.onnx"""

import sys

from serve import serve, set_threads

threads = set_threads()
import onnxruntime  # noqa: E402
import torch  # noqa: E402
from sentence_transformers import CrossEncoder  # noqa: E402

folder, model_file = sys.argv[1:3]
torch.set_num_threads(threads)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
subfolder, file_name = model_file.split('/')
model = CrossEncoder(folder, device='cpu', backend='onnx', activation_fn=torch.nn.Identity(),
                     model_kwargs={'file_name': file_name, 'subfolder': subfolder, 'session_options': options, 'export': False})

serve(['sentence-transformers', 'optimum', 'onnxruntime'], 'logit',
      lambda query, texts: model.predict([(query, text) for text in texts], show_progress_bar=False))
