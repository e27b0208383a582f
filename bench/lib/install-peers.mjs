/** Installs the JavaScript peers on first use, outside the workspace, so that its lockfile knows nothing of them. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { paths, requirePath } from './paths.mjs'

export function preparePeers({ python = true } = {}) {
  requirePath(paths.core, 'run `pnpm build` first')
  requirePath(
    join(paths.stock, 'onnx/model_quantized.onnx'),
    'run `python bench/make_stock.py WEIGHTS_FOLDER training/build/stock` first (training/README.md)',
  )
  if (!existsSync(join(paths.peers, 'node_modules'))) installJavaScript()
  if (python)
    requirePath(
      paths.python,
      'run `python3 -m venv bench/peers/.venv && bench/peers/.venv/bin/pip install -r bench/peers/requirements.txt` first',
    )
}

function installJavaScript() {
  const args = ['install', '--ignore-workspace', '--ignore-scripts', '--frozen-lockfile']
  const { status } = spawnSync('pnpm', args, {
    cwd: paths.peers,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (status !== 0) process.exit(status ?? 1)
}
