"""What Python makes of the pairs of golden.ts, for public models of which nobody has published a number; needs the hub.

    python -m venv .venv && .venv/bin/pip install sentence-transformers==6.2.0 transformers==5.24.0
    .venv/bin/python test/models/compute.py cross-encoder/ettin-reranker-32m-v1 Qwen/Qwen3-Reranker-0.6B ...

Prints entries that are to be pasted into golden.ts, with the versions as their source. A model that CrossEncoder cannot load
(Qwen3-Reranker, whose chat template holds no pairs) is asked by the prompt of its authors, as in parity/generate.
"""
import sys
from importlib.metadata import version
from pathlib import Path

import torch
from sentence_transformers import CrossEncoder
from transformers import AutoModelForCausalLM, AutoTokenizer

sys.path.insert(0, str(Path(__file__).parents[1] / 'parity' / 'generate'))
from family_prompts import PROMPTS  # noqa: E402

QUERY = 'Which planet is known as the Red Planet?'
TEXTS = [
    "Venus is often called Earth's twin because of its similar size and proximity.",
    'Mars, known for its reddish appearance, is often referred to as the Red Planet.',
    'Jupiter, the largest planet in our solar system, has a prominent red spot.',
    'Saturn, famous for its rings, is sometimes mistaken for the Red Planet.',
]
SOURCE = ', '.join(f'{name} {version(name)}' for name in ('sentence-transformers', 'transformers', 'torch'))


def by_prompt(name: str) -> list[float]:
    """The log-odds of the word for yes at the last place of the authors' prompt."""
    tokenizer, model = AutoTokenizer.from_pretrained(name), AutoModelForCausalLM.from_pretrained(name, dtype=torch.float32).eval()
    prompt = PROMPTS['mxbai-rerank-v2' if 'mxbai' in name.lower() else 'qwen3-reranker'](tokenizer)
    found = []
    for text in TEXTS:
        ids, _, _ = prompt.encode(QUERY, text, 8192)
        with torch.no_grad():
            last = model(torch.tensor([ids])).logits[0, -1]
        found.append(float(last[prompt.yes] - last[prompt.no]))
    return found


def logits_of(name: str) -> list[float]:
    try:
        model = CrossEncoder(name, device='cpu', model_kwargs={'dtype': torch.float32})
        return model.predict([(QUERY, text) for text in TEXTS], activation_fn=torch.nn.Identity()).tolist()
    except ValueError:
        return by_prompt(name)


if __name__ == '__main__':
    for name in sys.argv[1:]:
        print(f"  logits('{name}', MEGABYTES, {{ ...planet, source: '{SOURCE}' }}, {[round(number, 6) for number in logits_of(name)]}, FP32),")
