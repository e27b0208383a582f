#!/usr/bin/env bash
# Holds `server({ dialect: 'llamacpp' })` against a real llama.cpp server on the loopback interface, with the random weights
# of the tiny model. The server is compiled from the sources in the package llama-cpp-python. Needs Python 3.10 or newer
# with venv, a C++ compiler, about 1 GB of disk, and patience: compiling took 58 minutes on two cores that had other work as
# well; and a built workspace (`pnpm build`).
#
#   bash test/parity/servers/llama-cpp.sh [FOLDER]     FOLDER keeps what was compiled for the next time
set -euo pipefail
cd "$(dirname "$0")/../../.."

if [ $# -gt 0 ]; then mkdir -p "$1"; fi
work=$(realpath "${1:-$(mktemp -d)}")
python=$work/venv/bin/python
server=$work/build/bin/llama-server
if [ ! -x "$python" ]; then
  python3 -m venv "$work/venv"
  "$python" -m pip install -q 'gguf==0.19.0' 'onnx>=1.17,<2' 'cmake>=3.28,<5' 'ninja>=1.11,<2'
fi
if [ ! -x "$server" ]; then
  "$python" -m pip download -q --no-deps --no-binary llama-cpp-python 'llama-cpp-python==0.3.36' -d "$work"
  tar xzf "$work"/llama_cpp_python-*.tar.gz -C "$work"
  # Portable, without its web page, and hardly optimised: it is to be right, not fast.
  PATH=$work/venv/bin:$PATH cmake -S "$work"/llama_cpp_python-*/vendor/llama.cpp -B "$work/build" -G Ninja \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O1 -DBUILD_SHARED_LIBS=OFF -DGGML_NATIVE=OFF -DGGML_OPENMP=OFF \
    -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_BUILD_TESTS=OFF \
    -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF >"$work/build.log"
  PATH=$work/venv/bin:$PATH cmake --build "$work/build" --target llama-server >>"$work/build.log"
fi
PYTHONDONTWRITEBYTECODE=1 "$python" test/parity/servers/llama_cpp_model.py "$work"

pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true' EXIT

# The model reads 64 tokens; a pair has to fit one batch whole.
serve() {
  "$server" -m "$work/$1.gguf" --rerank --host 127.0.0.1 --port "$2" -c 64 -b 64 -ub 64 -np 1 -t 1 -fa off \
    --no-webui --offline >"$work/$1.log" 2>&1 &
  pids+=($!)
  for _ in $(seq 60); do
    "$python" -c "import urllib.request as r; r.urlopen('http://127.0.0.1:$2/health')" 2>/dev/null && return
    kill -0 "${pids[-1]}" 2>/dev/null || break
    sleep 1
  done
  echo "The llama.cpp server with $1.gguf did not start:" >&2
  tail -20 "$work/$1.log" >&2
  return 1
}

serve one-type 8097
serve two-types 8098
export LLAMA_CPP_ONE_TYPE_URL=http://127.0.0.1:8097 LLAMA_CPP_TWO_TYPES_URL=http://127.0.0.1:8098
export LLAMA_CPP_ONE_TYPE_MODEL=$work/one-type
pnpm exec vitest run --project unit test/parity/llama-cpp.test.ts
