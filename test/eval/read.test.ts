import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openBeirFolder, readBeirQrels } from '../../packages/core/src/eval/read.ts'
import { readTrecQrels, readTrecRun } from '../../packages/core/src/eval/read.ts'

let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'secondpass-eval-'))))
afterAll(() => rm(folder, { recursive: true }))

const fileOf = async (text: string | Buffer, name = 'file'): Promise<string> => {
  await writeFile(join(folder, name), text)
  return join(folder, name)
}
const plain = (table: ReadonlyMap<string, ReadonlyMap<string, number>>): unknown =>
  Object.fromEntries(Array.from(table, ([id, row]) => [id, Object.fromEntries(row)]))

describe('TREC files', () => {
  it('are read with spaces, tabs, CRLF, a byte order mark, blank lines and repeated lines', async () => {
    const qrels = await fileOf('\ufeff1 0 a 2\r\n1\t0\tb\t-1\r\n\r\n 2  0  a  0 \n1 0 a 2')
    expect(plain(await readTrecQrels(qrels))).toEqual({ 1: { a: 2, b: -1 }, 2: { a: 0 } })
    const run = await fileOf('1 Q0 a 1 2.5e0 tag\r\n1 Q0 b 9 -inf tag\n1 Q0 c 3 .5\n1 Q0 d 4 Infinity tag\n')
    expect(plain(await readTrecRun(run))).toEqual({ 1: { a: 2.5, b: -Infinity, c: 0.5, d: Infinity } })
  })

  it.each([
    ['1 0 a', 'line 2: "1 0 a": write four columns: query-id iteration document-id grade'],
    ['1 0 a b c', 'write four columns: query-id iteration document-id grade; an id cannot hold a blank'],
    ['1 annual report 1', 'the second column is "annual", not a number; an id cannot hold a blank'],
    ['1 0 a\u3000b 1', 'holds U+3000'],
    ['1 0 a 0b11', 'the grade is "0b11"; write a number'],
    ['1 0 a Infinity', 'the grade is "Infinity"; write a number'],
    ['1 0 a high', 'line 2: "1 0 a high": the grade is "high"; write a number'],
    ['9 0 z 3', 'an earlier line gives document z of query 9 the value 1; remove one of the two'],
  ])('name file and line of the judgement %j', async (line, message) => {
    const path = await fileOf(`9 0 z 1\n${line}\n`)
    await expect(readTrecQrels(path)).rejects.toThrow(message)
    await expect(readTrecQrels(path)).rejects.toThrow(`${path}, line 2`)
  })

  it.each([
    ['1 Q0 a 1', 'write six columns: query-id Q0 document-id rank score tag'],
    ['1 Q0 a 1 much tag', 'the score is "much"; write a number'],
    ['9 Q0 z 1 2 tag', 'an earlier line gives document z of query 9 the value 1'],
    ['1 Q0 a 1 nan tag', 'the score is "nan"; write a number'],
    ['1 Q0 a 1 0x10 tag', 'the score is "0x10"; write a number'],
    // An id that is "annual report", "annual 2023", "Report 2 of 3", "my query".
    ['1 Q0 annual report 1 2.5 tag', 'column four, is "report", not a number; an id cannot hold a blank: write _'],
    ['1 Q0 annual 2023 1 2.5 tag', 'column six, is "2.5", on line 1 "tag", as if there were a column too many'],
    ['1 Q0 annual 2023 1 2.5', 'column six, is "2.5", on line 1 "tag", as if there were a column too many'],
    ['1 Q0 Report 2 of 3 1 2.5 tag', 'column six, is "3", on line 1 "tag"'],
    ['1 Q0 Report 2 of x 1 2.5 tag', 'the score is "of"; write a number'],
    ['my query Q0 a 1 2.5 tag', 'the second column is "query", not Q0; an id cannot hold a blank'],
    ['1 a 1 2.5 tag', 'the second column is "a", not Q0'],
    ['1 Q0 a\u00a0b 1 2.5 tag', 'the id "a\u00a0b" holds U+00A0, which other programs read as a blank'],
    ['1 Q0 a\u0000b 1 2.5 tag', 'holds U+0000'],
    ['1\u2028 Q0 b 1 2.5 tag', 'holds U+2028'],
    ['1 Q0 a 1 2.5 tag\r1 Q0 b 1 2.5 tag', 'it holds a carriage return: save the file with LF or CRLF'],
  ])('name file and line of the result %j', async (line, message) => {
    const path = await fileOf(`9 Q0 z 1 1.0 tag\n${line}\n`)
    await expect(readTrecRun(path)).rejects.toThrow(message)
  })

  it('are refused when they are empty or missing', async () => {
    await expect(readTrecQrels(await fileOf('\n\r\n'))).rejects.toThrow('holds no judgements: is it the right file?')
    await expect(readTrecRun(await fileOf(''))).rejects.toThrow('holds no results')
    await expect(readTrecRun(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'invalid-argument' })
    await expect(readTrecRun(join(folder, 'nowhere'))).rejects.toThrow('nowhere cannot be read')
  })
})

describe('BEIR folders', () => {
  const write = async (files: Readonly<Record<string, string>>): Promise<string> => {
    const path = await mkdtemp(join(folder, 'beir-'))
    await mkdir(join(path, 'qrels'))
    const all = {
      'corpus.jsonl': '\ufeff{"_id":"a","title":"T","text":"x"}\r\n{"_id":"b","text":"y"}\r\n',
      'queries.jsonl': '{"_id":"1","text":"q","metadata":{}}\n{"_id":"2","text":"not judged"}\n',
      'qrels/test.tsv': 'query-id\tcorpus-id\tscore\r\n1\ta\t1\r\n',
      ...files,
    }
    await Promise.all(Object.entries(all).map(([name, text]) => writeFile(join(path, name), text)))
    return path
  }

  it('are read: judged queries, judgements, and the corpus as often as asked', async () => {
    const { queries, qrels, corpus } = await openBeirFolder(await write({}))
    expect([...queries]).toEqual([['1', 'q']])
    expect(plain(qrels)).toEqual({ 1: { a: 1 } })
    for (let time = 0; time < 2; time++) {
      const documents = []
      for await (const document of corpus()) documents.push(document)
      expect(documents).toEqual([
        { id: 'a', title: 'T', text: 'x' },
        { id: 'b', title: '', text: 'y' },
      ])
    }
  })

  it('may lack the header of the judgements', async () => {
    expect(plain(await readBeirQrels(await fileOf('1\ta\t2\n')))).toEqual({ 1: { a: 2 } })
  })

  it.each([
    [{ 'queries.jsonl': '{"_id":"1","text":"q"}\n{"_id":"1","text":"p"}' }, 'queries.jsonl, line 2'],
    [{ 'queries.jsonl': '{"_id":1,"text":"q"}' }, 'write an object with the strings "_id" and "text"'],
    [{ 'queries.jsonl': '{"_id":"1"' }, 'line 1: "{\\"_id\\":\\"1\\"": it is not JSON'],
    [{ 'queries.jsonl': '7' }, 'write one object on each line'],
    [{ 'queries.jsonl': '{"_id":"x","text":"q"}' }, '0 of 1 judged query ids appear in it'],
    [{ 'qrels/test.tsv': 'query-id\tcorpus-id\tscore\n' }, 'test.tsv holds no judgements'],
    [{ 'qrels/test.tsv': 'query-id\tcorpus-id\tscore\n1 a 1\n' }, 'line 2: "1 a 1": write three columns with tabs'],
    [{ 'qrels/test.tsv': '1\ta\t1\n1\tb\thigh\n' }, 'the grade is "high"'],
    [{ 'qrels/test.tsv': '1\t a\t1\n' }, 'the id " a" begins or ends with a blank'],
    [{ 'qrels/test.tsv': '1\ta\t0x1\n1\tb\t0x1\n' }, 'the grade is "0x1"'],
    [{ 'queries.jsonl': '{"_id":" ","text":"q"}' }, 'its "_id" is blank'],
    [{ 'qrels/test.tsv': '1\ta\t1\n1\ta\t2\n' }, 'an earlier line gives document a of query 1 the value 1'],
  ])('say what is wrong with %j', async (files, message) => {
    await expect(openBeirFolder(await write(files as Record<string, string>))).rejects.toThrow(message)
  })

  it('name the line of the corpus that is damaged, after the documents before it', async () => {
    const { corpus } = await openBeirFolder(await write({ 'corpus.jsonl': '{"_id":"a","text":"x"}\n{}\n' }))
    const documents = corpus()
    expect((await documents.next()).value).toMatchObject({ id: 'a' })
    await expect(documents.next()).rejects.toThrow('corpus.jsonl, line 2')
  })
})
