import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { type Line, readLines } from '../../packages/core/src/eval/lines.ts'

const folder = mkdtempSync(join(tmpdir(), 'secondpass-lines-'))
afterAll(() => rmSync(folder, { recursive: true }))

const fileOf = (text: string | Buffer, name = 'file'): string => {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

async function all(from: AsyncIterable<Line>): Promise<Line[]> {
  const lines: Line[] = []
  for await (const line of from) lines.push(line)
  return lines
}

function linesIn(...chunks: (Buffer | string)[]): Promise<Line[]> {
  async function* source(): AsyncGenerator<Buffer | string> {
    yield* chunks
  }
  return all(readLines(source(), { name: 'FILE' }))
}

describe('readLines', () => {
  it('ends a line at LF and CRLF, drops a byte order mark, and passes over blank lines without losing count', async () => {
    const lines = await linesIn('\ufeffone\r\n\r\n  \nfour\nfive')
    expect(lines.map(({ text, number }) => [number, text])).toEqual([
      [1, 'one'],
      [4, 'four'],
      [5, 'five'],
    ])
  })

  it('knows where the bytes of each line stand, whatever stands before them', async () => {
    const bytes = Buffer.from('\ufeffäöü\r\n\n日本\nlast')
    const lines = await linesIn(bytes)
    for (const { text, offset, length } of lines) {
      expect(bytes.subarray(offset, offset + length).toString()).toBe(text)
    }
    expect(lines).toHaveLength(3)
  })

  it('gives the same lines wherever the stream is cut, in the middle of a character too', async () => {
    const bytes = Buffer.from('\ufeffäöü\r\n日本語\n\nlast\r\n')
    const whole = await linesIn(bytes)
    for (let cut = 1; cut < bytes.length; cut++) {
      expect(await linesIn(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual(whole)
    }
    expect(await linesIn(...Array.from(bytes, (byte) => Buffer.of(byte)))).toEqual(whole)
  })

  it('names the line that is not UTF-8, and a file that is UTF-16', async () => {
    const [, second] = await linesIn(Buffer.concat([Buffer.from('fine\n'), Buffer.of(0xff, 0xc3)]))
    expect(() => second?.text).toThrow('FILE, line 2: it is not UTF-8')
    const [only] = await linesIn(Buffer.from('\ufeff{}\n', 'utf16le'))
    expect(() => only?.text).toThrow('the file is UTF-16')
  })

  it('gives nothing for an empty stream', async () => {
    expect(await linesIn()).toEqual([])
    expect(await linesIn('\ufeff')).toEqual([])
    expect(await linesIn('\n\r\n')).toEqual([])
  })
})

describe('a line', () => {
  const separators = ['\u2028', '\u2029', '\u0085', '\u000b', '\u000c']

  it('ends at LF and CRLF and nowhere else, whatever the version of Node.js', async () => {
    const text = JSON.stringify(`a${separators.join('b')}c`)
    const path = fileOf(`${text}\r\n\n${text}\n${text}`)
    const lines = await all(readLines(path))
    expect(lines.map((line) => [line.number, line.text])).toEqual([
      [1, text],
      [3, text],
      [4, text],
    ])
  })

  it('is read from packed bytes whatever the file is called, and wherever a stream is cut', async () => {
    const packed = gzipSync('\ufeffone\ntwo\n')
    const texts = async (from: Parameters<typeof readLines>[0]): Promise<string[]> =>
      (await all(readLines(from, { name: 'FILE' }))).map(({ text }) => text)
    expect(await texts(fileOf(packed, 'no-suffix'))).toEqual(['one', 'two'])
    expect(await texts(fileOf('one\ntwo\n', 'plain.gz'))).toEqual(['one', 'two'])
    async function* bytes(): AsyncGenerator<Buffer> {
      for (const byte of packed) yield Buffer.of(byte)
    }
    expect(await texts(bytes())).toEqual(['one', 'two'])
    await expect(texts(fileOf(packed.subarray(0, -9), 'torn.gz'))).rejects.toThrow('unexpected end of file')
  })

  it('that is not UTF-8 fails where its text is read, and those around it are read', async () => {
    const path = fileOf(Buffer.concat([Buffer.from('one\n'), Buffer.of(0xff, 0x0a), Buffer.from('three')]))
    const lines = await all(readLines(path))
    expect(() => lines[1]?.text).toThrow(`${path}, line 2: it is not UTF-8`)
    expect([lines[0]?.text, lines[2]?.text, lines[2]?.number]).toEqual(['one', 'three', 3])
  })

  it('that is far too long is counted and not kept', async () => {
    const chunk = Buffer.alloc(64 * 1024 * 1024, 'x')
    async function* long(): AsyncGenerator<Buffer> {
      yield Buffer.from('one\n')
      for (let time = 0; time < 5; time++) yield chunk
      yield Buffer.from('\nthree\n')
    }
    const lines = await all(readLines(long(), { name: 'FILE' }))
    expect(() => lines[1]?.text).toThrow('FILE, line 2: longer than 256 MB')
    expect(lines[1]).toMatchObject({ bytes: undefined, length: 5 * chunk.length })
    expect(lines[2]).toMatchObject({ number: 3, offset: 5 * chunk.length + 5, text: 'three' })
  })
})
