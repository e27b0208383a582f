import { type FileHandle, open, realpath } from 'node:fs/promises'
import { RerankError, invalidArgument } from '../../errors.js'

/** How every line of the training format begins: what an unfinished last line is known by. */
const BEGINNING = '{"id":'
const CHUNK_BYTES = 65_536

/**
 * How many bytes of an output are whole lines; 0 when there is no such file. A run that was killed may leave a last line
 * without its end.
 *
 * @throws RerankError `'invalid-argument'` when the file is the input, or ends in what this format cannot begin with.
 */
export async function wholeLines(output: string, input: string): Promise<number> {
  const handle = await openFile(output, 'r').catch((error: unknown) => {
    if ((error as { cause?: { code?: string } }).cause?.code === 'ENOENT') return undefined
    throw error
  })
  if (handle === undefined) return 0
  try {
    if ((await realpath(output)) === (await realpath(input))) {
      throw invalidArgument('output', output, 'it is the input; write to another file')
    }
    const { size } = await handle.stat()
    const bytes = await endOfLastLine(handle, size)
    await checkTail(handle, { output, bytes, size })
    return bytes
  } finally {
    await handle.close()
  }
}

async function endOfLastLine(handle: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - CHUNK_BYTES)
    const { bytesRead } = await handle.read(chunk, 0, end - start, start)
    const at = chunk.subarray(0, bytesRead).lastIndexOf('\n')
    if (at >= 0) return start + at + 1
    end = start
  }
  return 0
}

/** What is not ours is not cut off. */
async function checkTail(
  handle: FileHandle,
  { output, bytes, size }: { output: string; bytes: number; size: number },
): Promise<void> {
  const length = Math.min(size - bytes, BEGINNING.length)
  const { buffer } = await handle.read(Buffer.alloc(length), 0, length, bytes)
  if (buffer.toString('latin1') === BEGINNING.slice(0, length)) return
  throw invalidArgument('output', output, 'it ends in something that labelling did not write; choose another file')
}

/** Appends lines to a file: each whole, or not at all. */
export class LineWriter {
  readonly #handle: FileHandle
  #bytes: number

  private constructor(handle: FileHandle, bytes: number) {
    this.#handle = handle
    this.#bytes = bytes
  }

  /**
   * @param bytes what to keep of the file.
   * @throws RerankError `'invalid-argument'` when the file cannot be written.
   */
  static async open(path: string, bytes: number): Promise<LineWriter> {
    const handle = await openFile(path, 'a')
    await handle.truncate(bytes)
    return new LineWriter(handle, bytes)
  }

  async append(line: string): Promise<void> {
    const data = Buffer.from(`${line}\n`)
    try {
      await this.#handle.appendFile(data)
    } catch (error) {
      // A full disk takes half a line.
      await this.#handle.truncate(this.#bytes)
      throw error
    }
    this.#bytes += data.length
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

async function openFile(path: string, flags: 'r' | 'a'): Promise<FileHandle> {
  try {
    return await open(path, flags)
  } catch (cause) {
    const what = flags === 'r' ? 'read' : 'written'
    throw new RerankError('invalid-argument', `${path} cannot be ${what}: ${(cause as Error).message}`, { cause })
  }
}
