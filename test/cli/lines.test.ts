import { describe, expect, it } from 'vitest'
import { type Line, linesOf } from '../../packages/cli/src/input/lines.ts'

async function linesIn(...chunks: (Buffer | string)[]): Promise<Line[]> {
  async function* source(): AsyncGenerator<Buffer> {
    for (const chunk of chunks) yield Buffer.from(chunk as string)
  }
  const lines: Line[] = []
  for await (const line of linesOf(source(), 'FILE')) lines.push(line)
  return lines
}

describe('linesOf', () => {
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
    await expect(linesIn(Buffer.concat([Buffer.from('fine\n'), Buffer.of(0xff, 0xc3)]))).rejects.toThrow(
      'FILE, line 2: it is not UTF-8',
    )
    await expect(linesIn(Buffer.from('\ufeff{}\n', 'utf16le'))).rejects.toThrow('the file is UTF-16')
  })

  it('gives nothing for an empty stream', async () => {
    expect(await linesIn()).toEqual([])
    expect(await linesIn('\ufeff')).toEqual([])
    expect(await linesIn('\n\r\n')).toEqual([])
  })
})
