"""Where the golden files are, and how they are written."""
import gzip
import hashlib
import json
from importlib.metadata import version
from pathlib import Path

PARITY = Path(__file__).parents[1]
ROOT = PARITY.parents[1]
VERSIONS = ', '.join(f'{name} {version(name)}' for name in ('transformers', 'tokenizers', 'torch'))


def write(name: str, value: object) -> None:
    data = json.dumps(value, ensure_ascii=False, separators=(',', ':')).encode()
    (PARITY / name).write_bytes(gzip.compress(data, 9, mtime=0))
    print(name, len(data), 'bytes,', (PARITY / name).stat().st_size, 'compressed')


def read(name: str) -> dict:
    return json.loads(gzip.decompress((PARITY / name).read_bytes()))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
