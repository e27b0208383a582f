"""Fills a cache with huggingface_hub, or reads one: the other side of hub-cache.test.ts.

    HF_ENDPOINT=http://127.0.0.1:PORT HF_HOME=FOLDER python hub_cache.py fill invented/golden config.json onnx/model.onnx
    HF_HOME=FOLDER HF_HUB_OFFLINE=1 python hub_cache.py read invented/golden config.json onnx/model.onnx

`fill` downloads the files one by one. `read` finds them without a network and prints {path: sha256} as JSON.
Needs huggingface_hub (2.4.0 was used); run by `SECONDPASS_PYTHON=PYTHON pnpm exec vitest run --project unit test/parity/hub-cache`.
"""

import hashlib
import json
import sys
from pathlib import Path

from huggingface_hub import hf_hub_download, scan_cache_dir


def main() -> None:
    mode, repo, *files = sys.argv[1:]
    paths = {name: Path(hf_hub_download(repo, name)) for name in files}
    if mode == "read":
        sums = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items()}
        scan = scan_cache_dir()
        print(json.dumps({"sums": sums, "repos": [r.repo_id for r in scan.repos], "warnings": [str(w) for w in scan.warnings]}))


main()
