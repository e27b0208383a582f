"""One peer is one process that speaks JSON lines; see serve.mjs. Whatever a library prints goes to stderr."""

import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import version


def set_threads() -> int:
    """As many as the benchmark says. Call before importing a numerical library."""
    threads = os.environ.get('BENCH_THREADS', '1')
    for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'RAYON_NUM_THREADS'):
        os.environ[name] = threads
    os.environ.update(TOKENIZERS_PARALLELISM='false', HF_HUB_OFFLINE='1', TRANSFORMERS_OFFLINE='1', HF_HUB_DISABLE_TELEMETRY='1')
    return int(threads)


answers = os.fdopen(os.dup(1), 'w')
os.dup2(2, 1)


def serve(packages: list[str], scale: str, score: Callable[[str, list[str]], list[float]]) -> None:
    """Answers until stdin ends. `scale` says what the numbers are: 'logit' or 'probability'."""
    say({'ready': True, 'scale': scale, 'versions': {name: version(name) for name in packages}})
    for line in sys.stdin:
        request = json.loads(line)
        start, cpu_start = time.perf_counter(), time.process_time()
        try:
            scores = score(request['query'], request['texts'])
            ms, cpu_ms = (time.perf_counter() - start) * 1000, (time.process_time() - cpu_start) * 1000
            say({'ms': ms, 'cpuMs': cpu_ms, 'scores': [float(x) for x in scores]})
        except Exception as error:  # the driver reports it beside the peer's name
            say({'error': repr(error)})


def say(message: dict) -> None:
    answers.write(json.dumps(message) + '\n')
    answers.flush()
