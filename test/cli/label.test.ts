import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Scorer, createReranker } from '@secondpass/core'
import { type LabelJob, type LabelProgress, labelFile } from '../../packages/cli/src/label/run.ts'
import { FakeClock, settle } from '../contract/fake-clock.ts'
import { fakeIo } from './support.ts'

let folder: string
let input: string
let output: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'secondpass-label-'))))
afterAll(() => rm(folder, { recursive: true }))

/** Invented queries, each with one candidate more than the one before. */
const lines = Array.from({ length: 6 }, (_line, at) => ({
  id: `q${at}`,
  set: 'lamps',
  query: `How bright is lamp ${at}?`,
  candidates: Array.from({ length: at + 1 }, (_, place) => ({
    id: `d${place}`,
    text: `Lamp ${place} – ${'très '.repeat(place)}bright\u2028`,
    label: place === 0 ? 1 : null,
  })),
  style: 'original',
}))
const jsonl = (values: readonly unknown[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('')

let folders = 0
beforeEach(async () => {
  input = join(folder, `${folders}.jsonl`)
  output = join(folder, `${folders++}.labelled.jsonl`)
  await writeFile(input, jsonl(lines))
})

/** Scores by length, counts its calls, and can be told what to do first. */
function teacherOf(before?: (query: string, calls: number) => unknown): Scorer & { calls: string[] } {
  const calls: string[] = []
  return {
    id: 'length',
    scope: 'pair',
    calls,
    async score(query, texts, call) {
      calls.push(query)
      call.stats['requests'] = (call.stats['requests'] ?? 0) + 1
      call.stats['cost'] = (call.stats['cost'] ?? 0) + texts.length
      await before?.(query, calls.length)
      return texts.map((text) => text.length / 7)
    },
  }
}
const run = ({ signal, ...job }: Partial<LabelJob> & { signal?: AbortSignal } = {}): ReturnType<typeof labelFile> =>
  labelFile(
    { input, output, teacher: teacherOf(), concurrency: 1, onError: 'stop', ...job },
    fakeIo(signal === undefined ? {} : { signal }),
  )
const written = (): Promise<string> => readFile(output, 'utf8')
const whole = jsonl(
  lines.map(({ candidates, style, ...line }) => ({
    ...line,
    candidates: candidates.map((candidate) => ({ ...candidate, scores: { length: candidate.text.length / 7 } })),
    style,
  })),
)

describe('a labelled file', () => {
  it('is the training format, one query a line', async () => {
    const summary = await run()
    expect(await written()).toBe(whole)
    expect(summary).toMatchObject({ done: 6, total: 6, resumed: 0, failed: 0, written: 6 })
    expect(summary.spent).toEqual({ requests: 6, cost: 21 })
    expect(summary).not.toHaveProperty('stoppedBy')
  })

  it('is filled up where the input leaves things out, and keeps what else stands there', async () => {
    const short = {
      query: 'Why?',
      candidates: [{ id: 'd', text: 'Because.', page: 3, scores: { other: 2 } }],
      id: 'q',
      year: 1,
    }
    await writeFile(input, `\ufeff\r\n${JSON.stringify(short)}`)
    await run()
    const scores = { other: 2, length: 8 / 7 }
    const candidates = [{ id: 'd', text: 'Because.', label: null, scores, page: 3 }]
    expect(await written()).toBe(jsonl([{ id: 'q', set: '', query: 'Why?', candidates, style: 'original', year: 1 }]))
  })

  it('has the order of the input, whichever answer comes first', async () => {
    const waiting: (() => void)[] = []
    const teacher = teacherOf(() => new Promise<void>((resolve) => waiting.push(resolve)))
    const labelling = run({ teacher, concurrency: 3 })
    for (let answered = 0; answered < lines.length;) {
      await settle()
      // The latest first.
      for (const answer of waiting.splice(0).toReversed()) {
        answered += 1
        answer()
        await settle()
      }
    }
    await labelling
    expect(await written()).toBe(whole)
    expect(teacher.calls).toHaveLength(6)
  })

  it('is made of a packed one as well', async () => {
    const packed = `${input}.gz`
    await writeFile(packed, gzipSync(jsonl(lines)))
    await run({ input: packed })
    expect(await written()).toBe(whole)
    await writeFile(packed, gzipSync(jsonl(lines)).subarray(0, 200))
    await expect(run({ input: packed })).rejects.toThrow(`${packed} cannot be read: unexpected end of file`)
  })

  it('keeps numbers with all their digits, and keys in their order', async () => {
    const rest = '"9":1.0,"1":449001234567890123,"9":-0'
    const line = `{"query":"Why?","id":"q","candidates":[{"text":"t","id":"d","scores":{"b":0.10,"a":1e0},${rest}}],${rest}}`
    await writeFile(input, `${line}\n`)
    await run()
    const scores = `"scores":{"b":0.10,"a":1e0,"length":${1 / 7}}`
    const candidate = `{"id":"d","text":"t","label":null,${scores},${rest}}`
    expect(await written()).toBe(
      `{"id":"q","set":"","query":"Why?","candidates":[${candidate}],"style":"original",${rest}}\n`,
    )
    expect(await run()).toMatchObject({ resumed: 1, written: 0 })
    await writeFile(input, `${line.replace('890123', '890101')}\n`)
    await expect(run()).rejects.toThrow('the input has no such query at this place')
  })

  it('keeps a query without candidates, at no cost', async () => {
    await writeFile(input, jsonl([{ id: 'q', query: 'Why?', candidates: [] }]))
    const teacher = teacherOf()
    await run({ teacher, spendLimit: { cost: 1 } })
    expect(teacher.calls).toEqual([])
    expect(await written()).toBe(jsonl([{ id: 'q', set: '', query: 'Why?', candidates: [], style: 'original' }]))
  })
})

describe('a run that ended early', () => {
  it('is continued from wherever it was cut, and ends with the same file', async () => {
    const bytes = Buffer.from(whole)
    // In the middle of lines, of numbers and of characters.
    for (let kept = 0; kept <= bytes.length; kept += 37) {
      await writeFile(output, bytes.subarray(0, kept))
      const teacher = teacherOf()
      const { resumed, written: lineCount } = await run({ teacher })
      expect(await written()).toBe(whole)
      expect(resumed).toBe(bytes.subarray(0, kept).filter((byte) => byte === 10).length)
      expect(teacher.calls).toHaveLength(lineCount)
    }
  })

  it('costs nothing once it is complete', async () => {
    await run()
    const teacher = teacherOf()
    expect(await run({ teacher })).toMatchObject({ done: 6, resumed: 6, written: 0 })
    expect(teacher.calls).toEqual([])
  })

  it('stops at the query the teacher failed on, by name, and goes on there', async () => {
    const down = new Error('out of paper')
    const teacher = teacherOf((query) => query.includes('3') && Promise.reject(down))
    const failing = run({ teacher, concurrency: 2 })
    await expect(failing).rejects.toMatchObject({ name: 'CliError', cause: down })
    await expect(failing).rejects.toThrow(`${input}, line 4: query "q3" was not labelled: out of paper`)
    expect((await written()).split('\n')).toHaveLength(4)
    await run()
    expect(await written()).toBe(whole)
  })

  it('leaves out what failed when told so, and does not come back to it', async () => {
    const skipping = (): Partial<LabelJob> => ({
      teacher: teacherOf((query) => /[14]/.test(query) && Promise.reject(new Error('out of paper'))),
      onError: 'skip',
    })
    const failures: unknown[] = []
    const summary = await run({ ...skipping(), onFailure: ({ id, line }) => failures.push([id, line]) })
    expect(summary).toMatchObject({ done: 6, failed: 2, written: 4 })
    expect(failures).toEqual([
      ['q1', 2],
      ['q4', 5],
    ])
    const complete = await written()
    expect(complete.match(/"q\d"/g)).toEqual(['"q0"', '"q2"', '"q3"', '"q5"'])
    for (const kept of [0, 100, complete.indexOf('"q3"'), complete.length - 1]) {
      await writeFile(output, complete)
      await truncate(output, kept)
      await run(skipping())
      expect(await written()).toBe(complete)
    }
  })

  it('stops for a wrong setup even when told to leave out what fails', async () => {
    const teacher = { id: 'gone', scope: 'pair', score: () => Promise.reject(Object.assign(new Error('x'))) } as const
    const reranker = createReranker({ scorer: teacher })
    await reranker.close()
    await expect(run({ teacher: reranker, onError: 'skip' })).rejects.toMatchObject({ cause: { code: 'closed' } })
  })

  it('ends at once when aborted, even if the teacher does not listen', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const teacher = teacherOf((_, calls) => (calls < 3 ? undefined : new Promise(() => controller.abort(reason))))
    await expect(run({ teacher, signal: controller.signal })).rejects.toBe(reason)
    expect(whole.startsWith(await written())).toBe(true)
    expect((await written()).split('\n')).toHaveLength(3)
    await expect(run({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    await run()
    expect(await written()).toBe(whole)
  })

  it('is not continued with another input, another teacher or over another file', async () => {
    await run()
    await truncate(output, whole.indexOf('"q4"') - 6)
    const other: Scorer = { ...teacherOf(), id: 'other' }
    await expect(run({ teacher: other })).rejects.toThrow('length labelled it so far, not other; choose another file')
    await writeFile(input, jsonl(lines.toReversed()))
    await expect(run()).rejects.toThrow(`${output}, line 2`)
    await expect(run({ output: input })).rejects.toThrow('it is the input')
    await writeFile(output, 'Dear diary')
    await expect(run()).rejects.toThrow('it ends in something that this command did not write')
    expect(await written()).toBe('Dear diary')
  })
})

describe('limits', () => {
  it('let so many queries begin a minute, evenly spaced', async () => {
    const clock = new FakeClock()
    const teacher = teacherOf()
    const labelling = run({ teacher, queriesPerMinute: 30, clock })
    const begun: number[] = []
    // Each step lets the file be written too, which takes turns of the event loop.
    for (let second = 0; teacher.calls.length < 6; second++) {
      while (clock.pending === 0 && teacher.calls.length < 6) await settle()
      begun.push(teacher.calls.length)
      await clock.advance(1000)
    }
    await labelling
    expect(begun.slice(0, 6)).toEqual([1, 1, 2, 2, 3, 3])
  })

  it('an abort ends the wait for the next turn', async () => {
    const clock = new FakeClock()
    const controller = new AbortController()
    const labelling = run({ queriesPerMinute: 0.001, clock, signal: controller.signal })
    const outcome = expect(labelling).rejects.toThrow('enough')
    while (clock.pending === 0) await settle()
    controller.abort(new Error('enough'))
    await outcome
    expect(clock.pending).toBe(0)
  })

  it.each([1, 3])('stop before more is spent than allowed, with %i under way', async (concurrency) => {
    // The dearest first: 6 + 5 + 4 are spent, and one more like the first would make it 21.
    await writeFile(input, jsonl(lines.toReversed()))
    const summary = await run({ spendLimit: { cost: 18 }, concurrency })
    expect(summary).toMatchObject({ stoppedBy: 'spend-limit', total: 6, written: 3 })
    expect(summary.spent['cost']).toBe(15)
    const reversed = `${whole.trimEnd().split('\n').toReversed().join('\n')}\n`
    expect(reversed.startsWith(await written())).toBe(true)
    expect(await run()).toMatchObject({ resumed: 3 })
    expect(await written()).toBe(reversed)
  })

  it('refuse a limit on what the teacher does not count, after one query', async () => {
    const teacher = teacherOf()
    const limited = run({ teacher, spendLimit: { searchUnits: 5 } })
    await expect(limited).rejects.toThrow("limit what it counts (requests, cost), or set its price for 'cost'")
    expect(teacher.calls).toHaveLength(1)
  })
})

describe('progress', () => {
  it('says what is done, spent and left', async () => {
    const clock = new FakeClock()
    await writeFile(output, whole.slice(0, whole.indexOf('"q2"') - 6))
    const told: LabelProgress[] = []
    await run({ clock, teacher: teacherOf(() => clock.block(100)), onProgress: (progress) => void told.push(progress) })
    expect(told[0]).toEqual({ done: 2, total: 6, resumed: 2, failed: 0, spent: {}, elapsedMs: 0 })
    expect(told[1]).toEqual({
      done: 3,
      total: 6,
      resumed: 2,
      failed: 0,
      elapsedMs: 100,
      spent: { requests: 1, cost: 3 },
    })
    expect(told.map(({ done }) => done)).toEqual([2, 3, 4, 5, 6])
  })
})

describe('what is wrong', () => {
  it.each([
    ['{"id": 1}', 'write {"id", "set", "query", "candidates"'],
    ['{"id": "x", "query": "Why?", "candidates": [{"id": "d"}]}', 'write {"id", "set"'],
    ['{"id": "x", "query": "Why?", "candidates": [{"id": "d", "text": "t", "label": "1"}]}', 'label a number or null'],
    ['{"id": "x", "query": " ", "candidates": []}', 'the query is blank'],
    ['{"id": "x", "query": "Why?", "candidates": [{"id":"d","text":"a"},{"id":"d","text":"b"}]}', 'list each once'],
    ['{"id": "q0", "set": "lamps", "query": "Why?", "candidates": []}', 'line 1 has the same id and set'],
    ['{"id":"x","id":"y","query":"Why?","candidates":[]}', '"id" stands there twice'],
    ['{"id":"x","query":"Why?","candidates":[{"id":"d","text":"a","text":"b"}]}', '"text" stands there twice'],
    ['[1]', 'write one object on each line'],
    ['nonsense', 'it is not JSON'],
  ])('names file and line before anything is spent: %s', async (line, message) => {
    await writeFile(input, `${jsonl(lines)}${line}\n`)
    const teacher = teacherOf()
    await expect(run({ teacher })).rejects.toThrow(message)
    await expect(run({ teacher })).rejects.toThrow(`${input}, line 7: `)
    expect(teacher.calls).toEqual([])
    await expect(written()).rejects.toThrow('ENOENT')
  })

  it.each([
    [{ input: '/nowhere/at/all' }, '/nowhere/at/all cannot be read'],
    [{ output: '/nowhere/at/all' }, '/nowhere/at/all cannot be written'],
    [{ output: 'labelled.jsonl.gz' }, 'lines are not packed; leave out .gz'],
    [{ teacher: {} as never }, 'pass a scorer, or a reranker'],
  ])('says what is wrong with %j', async (job, message) => {
    await expect(run(job)).rejects.toThrow(message)
  })

  it('refuses an input without queries', async () => {
    await writeFile(input, '\n')
    await expect(run()).rejects.toThrow('holds no queries')
  })
})
