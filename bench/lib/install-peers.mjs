/** Installs the JavaScript peers on first use, outside the workspace, so that its lockfile knows nothing of them. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { paths, requirePath } from './paths.mjs'

/** `all`: also those in Python, and our own graphs of the weights that the peers run. */
export function preparePeers({ all = true } = {}) {
  requirePath(paths.core, 'run `pnpm build` first')
  requirePath(
    join(paths.stock, 'onnx/model_quantized.onnx'),
    'run `python bench/make_stock.py WEIGHTS_FOLDER training/build/stock` first (training/README.md)',
  )
  if (!existsSync(join(paths.peers, 'node_modules'))) installJavaScript()
  if (!all) return
  for (const folder of [paths.lean, paths.leanExact])
    requirePath(join(folder, 'model.onnx'), 'export the same weights as bench/README.md says under "Preparation" first')
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
