import { createHash } from 'node:crypto'
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { externalFiles } from '../files/external-data.js'
import { optionalFiles, requiredFiles } from '../files/model-parts.js'

const SAMPLES = 16
const SAMPLE_BYTES = 1 << 16

/**
 * Twelve hex digits that change when the folder's numbers may: of `SHA256SUMS` when the folder has one (its sums are
 * checked before the first score); else of the small files and of the graph's size and sixteen evenly spaced slices.
 * Reading a graph of gigabytes whole for a name would cost seconds; training changes every slice.
 */
export function folderDigest(path: string, graphPath: string): string {
  const hash = createHash('sha256')
  const sums = join(path, 'SHA256SUMS')
  if (existsSync(sums)) return hash.update(readFileSync(sums)).digest('hex').slice(0, 12)
  for (const file of [...requiredFiles, ...optionalFiles]) {
    const place = join(path, file)
    if (existsSync(place)) hash.update(file).update(readFileSync(place))
  }
  // Weights may lie beside the graph, where the graph alone would not tell them apart.
  const beside = externalFiles(graphPath).map((name) => join(dirname(graphPath), name))
  for (const file of [graphPath, ...beside]) {
    if (existsSync(file)) sampleInto(hash, file)
  }
  return hash.digest('hex').slice(0, 12)
}

function sampleInto(hash: ReturnType<typeof createHash>, file: string): void {
  const handle = openSync(file, 'r')
  try {
    const { size } = fstatSync(handle)
    hash.update(`${basename(file)}:${size}`)
    const slice = Buffer.alloc(SAMPLE_BYTES)
    for (let sample = 0; sample < SAMPLES; sample++) {
      const start = Math.floor((Math.max(0, size - SAMPLE_BYTES) * sample) / (SAMPLES - 1))
      hash.update(slice.subarray(0, readSync(handle, slice, 0, SAMPLE_BYTES, start)))
    }
  } finally {
    closeSync(handle)
  }
}
