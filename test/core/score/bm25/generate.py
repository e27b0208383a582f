"""Writes golden.json: BM25 scores of the Python library bm25s for invented pools of made-up words.

    python3 -m venv venv && venv/bin/pip install bm25s==0.3.16
    venv/bin/python test/core/score/bm25/generate.py
"""

import json
import random
from pathlib import Path

import bm25s

WORDS = "bako dima felu gori hano jepi kuzo lamu mive nolu pida rexo sati tuvo wemi zora".split()
POOLS = 12


def pool(rng: random.Random) -> dict:
    """Texts of 0 to 40 words; the first words of the list are common, the last ones rare."""
    weights = [1 / (place + 1) for place in range(len(WORDS))]
    texts = [rng.choices(WORDS, weights, k=rng.randint(0, 40)) for _ in range(rng.randint(2, 15))]
    # bm25s counts a word of the query once; ours counts it as often as it stands there.
    query = rng.sample(WORDS, k=rng.randint(1, 4))
    k1, b = rng.choice([(1.2, 0.75), (0.9, 0.4), (0.5, 0.0), (2.0, 1.0)])
    index = bm25s.BM25(method="lucene", k1=k1, b=b, dtype="float64")
    index.index(texts, show_progress=False)
    known = [word for word in query if any(word in text for text in texts)]
    scores = index.get_scores(known).tolist() if known else [0.0] * len(texts)
    return {"query": " ".join(query), "texts": [" ".join(text) for text in texts], "k1": k1, "b": b, "scores": scores}


def main() -> None:
    rng = random.Random(7)
    golden = {"library": f"bm25s {bm25s.__version__}", "pools": [pool(rng) for _ in range(POOLS)]}
    Path(__file__).with_name("golden.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
