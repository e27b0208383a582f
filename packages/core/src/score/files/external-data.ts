import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'

/** A graph whose weights lie elsewhere is small: it holds names, shapes and a few constants. */
const LARGEST_BYTES = 64 << 20

/** In protobuf: the field `key` with the value `location`, then the field `value` with its length. */
const LOCATION = Buffer.from('\x0a\x08location\x12', 'latin1')

/**
 * The names of the files in which a graph keeps its weights, as written in the graph, which is where onnxruntime reads
 * them from; empty for a graph that holds its weights itself.
 */
export function externalFiles(graphPath: string): string[] {
  const handle = openSync(graphPath, 'r')
  try {
    return fstatSync(handle).size > LARGEST_BYTES ? [] : locationsIn(readFileSync(handle))
  } finally {
    closeSync(handle)
  }
}

function locationsIn(graph: Buffer): string[] {
  const found = new Set<string>()
  for (let at = graph.indexOf(LOCATION); at >= 0; at = graph.indexOf(LOCATION, at + 1)) {
    const start = at + LOCATION.length
    // A length above 127 would take two bytes; no file name of the hub is as long.
    const length = graph[start] ?? 128
    if (length < 128) found.add(graph.toString('utf8', start + 1, start + 1 + length))
  }
  return [...found]
}
