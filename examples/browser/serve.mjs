// @ts-check
// Builds the page and serves it: node examples/browser/serve.mjs [--port 8080], then open the address it prints. Without a
// port, any that is free.
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { argv } from 'node:process'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { buildPage } from './build.mjs'

/** @type {Record<string, string>} */
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  // Browsers compile WebAssembly while it loads only with this type.
  '.wasm': 'application/wasm',
}

/** A page with these two headers may share memory between threads, and load nothing that does not allow it. */
const isolation = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' }

/**
 * @param {string} folder
 * @param {{ port?: number, isolated?: boolean }} [options] `port` 0: any that is free
 * @returns {Promise<{ url: string, close: () => Promise<void> }>}
 */
export function serve(folder, { port = 0, isolated = true } = {}) {
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)
    const file = join(folder, normalize(path.endsWith('/') ? `${path}index.html` : path))
    const size = sizeOf(file)
    if (size === undefined) {
      response.writeHead(404).end('not found')
      return
    }
    const type = types[extname(file)] ?? 'application/octet-stream'
    response.writeHead(200, { ...(isolated && isolation), 'content-type': type, 'content-length': size })
    if (request.method === 'HEAD') response.end()
    else createReadStream(file).pipe(response)
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = /** @type {import('node:net').AddressInfo} */ (server.address())
      const close = () => new Promise((/** @type {(value?: unknown) => void} */ done) => server.close(done))
      resolve({ url: `http://127.0.0.1:${address.port}/`, close: async () => void (await close()) })
    })
  })
}

/** @param {string} file */
function sizeOf(file) {
  const found = statSync(file, { throwIfNoEntry: false })
  return found?.isFile() ? found.size : undefined
}

if (import.meta.url === pathToFileURL(argv[1] ?? '').href) {
  const folder = join(import.meta.dirname, 'dist')
  await buildPage(folder)
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' } } })
  const { url } = await serve(folder, { port: Number(values.port) })
  console.log(`${url} (end with Ctrl+C)`)
}
