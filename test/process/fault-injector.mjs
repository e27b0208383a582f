/**
 * Loaded into the command line by `node --import`: lets the process fail at its n-th change of a file, as FAULT says:
 * `{"kind": "kill" | "killAfter" | "killHalf" | "full" | "count", "at": n}`. Killed before the change, behind it, or with half of a
 * write done; or the disk is full from there on, with half of that write taken; or only counted, and told on stderr.
 */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

const { kind, at } = JSON.parse(process.env['FAULT'] ?? '{"kind":"none"}')
const original = { ...fs }
let changes = 0
let isFull = false

const die = () => {
  process.kill(process.pid, 'SIGKILL')
  // The signal comes before this is over.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000)
}

const noSpace = () =>
  Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })

/** Puts a fault around a function that changes a file; `half` does a part of it, where it has parts. */
function around(name, half) {
  fs[name] = (...args) => {
    changes += 1
    const isNow = changes === at
    if (half !== undefined && (isFull || (isNow && kind === 'full'))) {
      isFull = true
      if (isNow) half(...args)
      throw noSpace()
    }
    if (isNow && kind === 'kill') die()
    if (isNow && kind === 'killHalf') {
      half?.(...args)
      die()
    }
    const result = original[name](...args)
    if (isNow && kind === 'killAfter') die()
    return result
  }
}

const halfOf = (bytes) => Buffer.from(bytes).subarray(0, Math.floor(bytes.length / 2))

if (kind !== 'none') {
  around('writeSync', (fd, bytes, offset = 0) => original.writeSync(fd, halfOf(bytes.subarray(offset))))
  around('writeFileSync', (path, text, options) => original.writeFileSync(path, halfOf(Buffer.from(text)), options))
  for (const name of ['renameSync', 'ftruncateSync', 'fsyncSync', 'linkSync', 'rmSync', 'chmodSync']) around(name)
  const { openSync } = fs
  around('openSync')
  const counted = fs.openSync
  // Opening to read changes nothing.
  fs.openSync = (path, flags, ...rest) => {
    const writes = typeof flags === 'number' ? (flags & 3) !== 0 : flags !== 'r'
    return (writes ? counted : openSync)(path, flags, ...rest)
  }
  syncBuiltinESMExports()
}
if (kind === 'count') process.on('exit', () => original.writeSync(2, `[${changes} changes]`))
