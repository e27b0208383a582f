/**
 * What the peers need: the JavaScript ones are installed on first use, outside the workspace, so that its lockfile knows
 * nothing of them; the others, and the files that all run, by `node bench/peers.mjs --set-up`.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { models } from './peer-cases.mjs'
import { paths, requirePath } from './paths.mjs'

const setUp = 'run `node bench/peers.mjs --set-up --weights FOLDER` first (bench/README.md)'

/** `all`: also those in Python, and our own graphs of the weights that the peers run. */
export function preparePeers({ all = true } = {}) {
  requirePath(paths.core, 'run `pnpm build` first')
  requirePath(join(paths.stock, 'onnx/model_quantized.onnx'), setUp)
  if (!existsSync(join(paths.peers, 'node_modules'))) installJavaScript()
  if (!all) return
  for (const folder of [paths.lean, paths.leanExact]) requirePath(join(folder, 'model.onnx'), setUp)
  for (const python of [paths.python, paths.infinityPython]) requirePath(python, setUp)
}

function installJavaScript() {
  const args = ['install', '--ignore-workspace', '--ignore-scripts', '--frozen-lockfile']
  run('pnpm', args, { cwd: paths.peers, shell: process.platform === 'win32' })
}

/**
 * Everything that is not there yet: two Python environments (about 8 GB with a torch for graphics cards, which is what
 * PyPI has for Linux), the stock files of the weights and of each size, and our graphs of them.
 */
export function setUpPeers(/** @type {string} */ weights) {
  const given = resolve(
    requirePath(weights, 'give --weights FOLDER: a BERT cross-encoder with one logit, as save_pretrained() writes it'),
  )
  if (!existsSync(join(paths.peers, 'node_modules'))) installJavaScript()
  const environments = [
    [paths.python, 'requirements.txt'],
    [paths.infinityPython, 'requirements-infinity.txt'],
  ]
  for (const [python, requirements] of environments) {
    if (existsSync(python)) continue
    run('python3', ['-m', 'venv', dirname(dirname(python))])
    run(python, ['-m', 'pip', 'install', '-r', join(paths.peers, requirements)])
  }
  writeFiles(given, { stock: paths.stock, lean: paths.lean, leanExact: paths.leanExact })
  for (const model of Object.keys(models).filter((one) => one !== 'stock')) {
    const folder = join(paths.shapes, model)
    const own = join(folder, 'weights')
    if (!existsSync(own)) run(paths.python, ['bench/make_shapes.py', given, model, own])
    const isBert = model !== 'xlm-r-base'
    writeFiles(own, {
      stock: join(folder, 'stock'),
      ...(isBert && { lean: join(folder, 'lean'), leanExact: join(folder, 'lean-fp32') }),
    })
  }
}

/** The stock graph, and ours in int8 and fp32 where there is one. */
function writeFiles(
  /** @type {string} */ weights,
  /** @type {{ stock: string, lean?: string, leanExact?: string }} */ { stock, lean, leanExact },
) {
  const isThere = (/** @type {string} */ file) => existsSync(file)
  if (!isThere(join(stock, 'onnx/model_quantized.onnx'))) run(paths.python, ['bench/make_stock.py', weights, stock])
  for (const [folder, ...more] of [[lean], [leanExact, '--dtype', 'fp32']]) {
    if (folder === undefined || isThere(join(folder, 'model.onnx'))) continue
    run(paths.python, ['-m', 'export', weights, folder, ...more], { cwd: join(paths.root, 'training') })
  }
}

function run(/** @type {string} */ command, /** @type {string[]} */ args, options = {}) {
  console.error(`${command} ${args.join(' ')}`)
  const { status, error } = spawnSync(command, args, { cwd: paths.root, stdio: 'inherit', ...options })
  if (error !== undefined) console.error(error.message)
  if (status !== 0) process.exit(status ?? 1)
}
