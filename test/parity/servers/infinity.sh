#!/usr/bin/env bash
# Holds `server({ dialect: 'infinity' })` against a real Infinity server on the loopback interface, with the random weights
# of the tiny model. Needs Python 3.10 to 3.13 with venv, and about 6 GB of disk, most of it torch; a built workspace (`pnpm build`).
#
#   bash test/parity/servers/infinity.sh [FOLDER]     FOLDER keeps the Python environment for the next time
set -euo pipefail
cd "$(dirname "$0")/../../.."

work=$(realpath "${1:-$(mktemp -d)}")
python=$work/venv/bin/python
if [ ! -x "$python" ]; then
  python3 -m venv "$work/venv"
  "$python" -m pip install -q 'infinity-emb[server,optimum,torch]==0.0.78' 'transformers>=4.47,<5'
fi
"$python" test/parity/servers/infinity_model.py "$work/tiny"

pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true' EXIT
# Nothing is to be reported to anyone, and nothing fetched: the model is a local folder.
export DO_NOT_TRACK=1 INFINITY_ANONYMOUS_USAGE_STATS=0 HF_HUB_OFFLINE=1

serve() {
  # Its engine optimum finds a local graph only in the folder that it runs in.
  (cd "$work/tiny" && exec "$work/venv/bin/infinity_emb" v2 --model-id . --served-model-name tiny --engine "$1" \
    --device cpu --port "$2" --host 127.0.0.1 --no-bettertransformer --no-model-warmup >"$work/$1.log" 2>&1) &
  pids+=($!)
  for _ in $(seq 120); do
    "$python" -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$2/health')" 2>/dev/null && return
    kill -0 "${pids[-1]}" 2>/dev/null || break
    sleep 1
  done
  echo "Infinity with the engine $1 did not start:" >&2
  tail -20 "$work/$1.log" >&2
  return 1
}

serve torch 7997
export INFINITY_TORCH_URL=http://127.0.0.1:7997
serve optimum 7998
export INFINITY_ONNX_URL=http://127.0.0.1:7998
pnpm exec vitest run --project unit test/parity/infinity.test.ts
