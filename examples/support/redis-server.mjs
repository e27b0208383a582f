// @ts-check
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * Starts a Redis of its own on a free port of this machine, which keeps nothing on disk. Yours is already running.
 *
 * @returns {Promise<{ url: string, stop(): Promise<void> } | undefined>} nothing when `redis-server` is not installed
 */
export async function startRedis() {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-redis-'))
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', folder]
  const server = spawn('redis-server', settings, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => server.once('close', resolve))
  /** @type {boolean} */
  const isReady = await new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.once('close', () => resolve(false))
    server.stdout.on('data', (line) => String(line).includes('Ready to accept connections') && resolve(true))
  })
  if (!isReady) {
    rmSync(folder, { recursive: true })
    return undefined
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      server.kill()
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

/** @returns {Promise<number>} */
function freePort() {
  const probe = createServer()
  return new Promise((resolve, reject) => {
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
