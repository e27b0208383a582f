"""sentence-transformers CrossEncoder on torch: python torch_peer.py WEIGHTS_FOLDER float32|bfloat16"""

import sys

from serve import serve, set_threads

threads = set_threads()
import torch  # noqa: E402
from sentence_transformers import CrossEncoder  # noqa: E402

folder, dtype = sys.argv[1:3]
torch.set_num_threads(threads)
model = CrossEncoder(folder, device='cpu', activation_fn=torch.nn.Identity(), model_kwargs={'torch_dtype': getattr(torch, dtype)})


def score(query: str, texts: list[str]) -> list[float]:
    """As `CrossEncoder.rank` does it: batches of 32, sorted by length; raw logits instead of its sigmoid."""
    return model.predict([(query, text) for text in texts], convert_to_numpy=False, show_progress_bar=False)


serve(['sentence-transformers', 'torch', 'transformers'], 'logit', score)
