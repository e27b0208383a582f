import { appendFileSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Scorer, crossEncoder } from '@secondpass/core'
import { describe, expect, it } from 'vitest'
import { Lock } from '../../packages/cli/src/files/lock.ts'
import { targetOf } from '../../packages/cli/src/files/target.ts'
import { folderWith, fromJsonl, jsonl, run, sharedWords } from './support.ts'

const queries = Array.from({ length: 11 }, (_, at) => ({
  id: `q${at}`,
  query: `how is the ${['red', 'green', 'blue'][at % 3]} lamp number ${at} turned on`,
  candidates: [
    { id: 'a', text: 'the red lamp is turned on by its cord' },
    { id: 'b', text: 'bananas ripen in a bowl' },
    { id: 'c', text: 'press the green button and the green lamp is on', page: at },
    'the blue lamp turns itself on at night',
  ],
}))

const tinyBert = join(import.meta.dirname, '../fixtures/tiny-bert')

/** A folder with a scorer and a batch, and the arguments that use them. */
function setUp(files: Record<string, string | Buffer> = {}): { at: (name: string) => string; batch: string[] } {
  const at = folderWith({ 'scorer.mjs': sharedWords, 'in.jsonl': jsonl(...queries), ...files })
  return { at, batch: ['rerank', '--scorer', at('scorer.mjs'), '--input', at('in.jsonl')] }
}

describe('the models of our own', () => {
  const stdin = jsonl({ text: 'the red lamp', score: 2 }, { text: 'bananas ripen in a bowl', score: 1 })
  const blended = async (args: readonly string[]): Promise<unknown[]> => {
    const { stdout } = await run(['rerank', 'red lamp', ...args], { stdin })
    return fromJsonl(stdout).map((result) => (result as { blendedScore?: number }).blendedScore !== undefined)
  }

  it('are blended by whatever name, and another model is not', async () => {
    expect(await blended([])).toEqual([true, true])
    expect(await blended(['--model', 'bundled'])).toEqual([true, true])
    expect(await blended(['--model', 'bundled-tiny'])).toEqual([true, true])
    expect(await blended(['--model', 'bundled', '--blend', 'off'])).toEqual([false, false])
    expect(await blended(['--model', tinyBert])).toEqual([false, false])
  })

  it('read as many windows of a long text as they are told', async () => {
    const text = `${'bananas ripen in a bowl. '.repeat(30)} the red lamp is here. ${'a wheel turns. '.repeat(30)}`
    const read = async (...args: readonly string[]): Promise<Record<string, unknown>> => {
      const how = ['--model', 'bundled-tiny', '--max-length', '64', '--long-text', 'windows', ...args]
      const { stdout } = await run(['rerank', 'red lamp', ...how], { stdin: jsonl({ text }) })
      const [first = {}] = fromJsonl(stdout)
      return first
    }
    const [all, one] = [await read(), await read('--windows-to-read', '1')]
    expect([all['truncated'], one['truncated']]).toEqual([undefined, true])
    const { start, end } = one['bestSpan'] as { start: number; end: number }
    expect(text.slice(start, end)).toContain('the red lamp is here')
    const { code, stderr } = await run(['rerank', 'lamp', '--windows-to-read', '0'], { stdin: jsonl({ text }) })
    expect([code, stderr]).toEqual([2, expect.stringMatching(/--windows-to-read is "0": pass a whole number from 1/)])
  })

  it('have a share of their own each: equal to that share given by hand, and not to the other one', async () => {
    const scores = async (...args: readonly string[]): Promise<unknown[]> => {
      const { stdout } = await run(['rerank', 'red lamp', ...args], { stdin: three })
      return fromJsonl(stdout).map((result) => (result as { blendedScore: number }).blendedScore)
    }
    const three = jsonl({ text: 'bananas', score: 3 }, { text: 'a lamp', score: 2 }, { text: 'the red lamp', score: 1 })
    const shareOf = async (model: string): Promise<string> => {
      await using scorer = crossEncoder({ model })
      await scorer.warmup()
      // The scores below are those of a search by words.
      const weight = (scorer as Scorer).defaults?.blend?.weight
      return String(typeof weight === 'object' ? weight.lexical : weight)
    }
    const [share, tinyShare] = [await shareOf('bundled'), await shareOf('bundled-tiny')]
    for (const [model, own, other] of [
      ['bundled', share, tinyShare],
      ['bundled-tiny', tinyShare, share],
    ] as const) {
      const usual = await scores('--model', model)
      expect(await scores('--model', model, '--blend', own)).toEqual(usual)
      expect(await scores('--model', model, '--blend', other)).not.toEqual(usual)
    }
  })

  it('come in int8: another format is refused in one line', async () => {
    const { code, stderr } = await run(['rerank', 'red lamp', '--model', 'bundled-tiny', '--dtype', 'fp32'], { stdin })
    expect({ code, lines: stderr.trim().split('\n').length }).toEqual({ code: 1, lines: 1 })
    expect(stderr).toContain('dtype is "fp32": the bundled-tiny model comes as int8 only')
  })
})

describe('one pool', () => {
  it('comes back best first, each candidate as it was given', async () => {
    const { at } = setUp()
    const stdin = jsonl('nothing of the kind', { id: 7, text: 'the red lamp', page: 3 })
    const { code, stdout, stderr } = await run(['rerank', 'red lamp', '--scorer', at('scorer.mjs')], { stdin })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(fromJsonl(stdout)).toEqual([
      { rank: 1, index: 1, score: 2, candidate: { id: 7, text: 'the red lamp', page: 3 } },
      { rank: 2, index: 0, score: 0, candidate: { text: 'nothing of the kind' } },
    ])
  })

  it('reads a byte order mark, CRLF and a missing last line break', async () => {
    const { at } = setUp()
    const stdin = '\ufeff"a red lamp"\r\n\r\n{"text":"a lamp"}'
    const { stdout } = await run(['rerank', 'red lamp', '--scorer', at('scorer.mjs')], { stdin })
    expect(fromJsonl(stdout).map(({ index }) => index)).toEqual([0, 1])
  })

  it('of nothing is nothing, and says so', async () => {
    const { at } = setUp()
    const ran = await run(['rerank', 'red lamp', '--scorer', at('scorer.mjs')])
    expect(ran).toEqual({ code: 0, stdout: '', stderr: 'secondpass: stdin holds no candidates\n' })
  })

  it.each([
    ['not JSON', '{"text": "fine"}\n{oops\n', 'stdin, line 2: "{oops": it is not JSON'],
    ['an array over lines', '[\n"a"\n]\n', 'stdin, line 1: "[": this is a JSON array over several lines'],
    ['no text', '{"txt":"a"}\n', 'its "text" is missing or no string'],
    ['a score in words', '{"text":"a","score":"high"}\n', 'its "score" is no number'],
  ])('with %s is refused by the line', async (_name, stdin, message) => {
    const { at } = setUp()
    const { code, stdout, stderr } = await run(['rerank', 'lamp', '--scorer', at('scorer.mjs')], { stdin })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr.split('\n')).toHaveLength(2)
  })

  it('leaves bad lines out when told to, names each, and ends with 3', async () => {
    const { at } = setUp()
    const args = ['rerank', 'lamp', '--scorer', at('scorer.mjs'), '--bad-lines', 'skip']
    const { code, stdout, stderr } = await run(args, { stdin: '{oops\n"a lamp"\n' })
    expect(code).toBe(3)
    expect(fromJsonl(stdout)).toHaveLength(1)
    expect(stderr).toContain('left out: stdin, line 1')
  })
})

describe('a batch', () => {
  it('gives a line for each query, numbered, in the order of the input', async () => {
    const { batch } = setUp()
    const { code, stdout, stderr } = await run([...batch, '--top-n', '2', '--ids-only'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const lines = fromJsonl(stdout)
    expect(lines.map(({ line, id, query }) => [line, id, query])).toEqual(
      queries.map(({ id, query }, index) => [index + 1, id, query]),
    )
    expect(lines[0]).toMatchObject({ outcome: 'ranked', scorerId: 'shared-words', results: [{ rank: 1, id: 'a' }, {}] })
  })

  it.each([2, 3, 5, 20])('in %i shards, merged, is the same to the byte as in one', async (count) => {
    const { at, batch } = setUp()
    const whole = (await run(batch)).stdout
    const parts = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const output = at(`part-${index}`)
        expect((await run([...batch, '--shard', `${index}/${count}`, '--output', output])).code).toBe(0)
        return readFileSync(output, 'utf8')
      }),
    )
    const lineOf = (text: string): number => (JSON.parse(text) as { line: number }).line
    const lines = parts.flatMap((part) => part.split('\n').filter(Boolean)).sort((a, b) => lineOf(a) - lineOf(b))
    expect(lines.map((line) => `${line}\n`).join('')).toBe(whole)
  })

  it('several at a time is the same as one after the other', async () => {
    const { batch } = setUp()
    expect((await run([...batch, '--concurrency', '4'])).stdout).toBe((await run(batch)).stdout)
  })

  it('goes on behind the last whole line, wherever it was cut off', async () => {
    const { at, batch } = setUp()
    const output = at('out.jsonl')
    await run([...batch, '--output', output])
    const whole = readFileSync(output)
    for (let cut = 0; cut <= whole.length; cut += 97) {
      writeFileSync(output, whole.subarray(0, cut))
      const { code } = await run([...batch, '--output', output])
      expect(code).toBe(0)
      expect(readFileSync(output).equals(whole)).toBe(true)
    }
  })

  it('scores only what is left', async () => {
    const scorer = `
      import { appendFileSync } from 'node:fs'
      export default { id: 'told', scope: 'pair', async score(query, texts) {
        appendFileSync(new URL('./asked', import.meta.url), query + '\\n')
        return texts.map(() => 0)
      } }`
    const { at, batch } = setUp({ 'scorer.mjs': scorer })
    const output = at('out.jsonl')
    await run([...batch, '--output', output])
    const lines = readFileSync(output, 'utf8').split('\n').slice(0, 4)
    writeFileSync(output, `${lines.join('\n')}\n`)
    writeFileSync(at('asked'), '')
    const { stderr } = await run([...batch, '--output', output])
    expect(readFileSync(at('asked'), 'utf8').trim().split('\n')).toEqual(queries.slice(4).map(({ query }) => query))
    expect(stderr).toContain('7 queries of')
    expect(stderr).toContain('continued behind line 4')
  })

  it('takes what was added to the input since', async () => {
    const { at, batch } = setUp()
    const output = at('out.jsonl')
    await run([...batch, '--output', output])
    appendFileSync(at('in.jsonl'), jsonl({ query: 'one more lamp', candidates: [] }))
    await run([...batch, '--output', output])
    expect(fromJsonl(readFileSync(output, 'utf8')).at(-1)).toEqual({ line: 12, query: 'one more lamp', results: [] })
  })

  it('is not mixed with one of other options, another input, or a file of somebody else', async () => {
    const { at, batch } = setUp({ 'precious.jsonl': 'mine\n' })
    const output = at('out.jsonl')
    await run([...batch, '--output', output])
    const before = readFileSync(output, 'utf8')
    const other = await run([...batch, '--output', output, '--top-n', '1'])
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('top-n null, and now it is 1') as string })
    writeFileSync(at('in.jsonl'), jsonl(...[...queries].reverse()))
    const changed = await run([...batch, '--output', output])
    expect(changed).toMatchObject({ code: 1, stderr: expect.stringContaining('is it the same input?') as string })
    expect(readFileSync(output, 'utf8')).toBe(before)
    expect((await run([...batch, '--output', at('precious.jsonl')])).code).toBe(2)
    expect(readFileSync(at('precious.jsonl'), 'utf8')).toBe('mine\n')
    expect((await run([...batch, '--output', output, '--overwrite'])).code).toBe(0)
    expect(readFileSync(output, 'utf8')).not.toBe(before)
  })

  it('stops at a bad line with what stood before it written, and goes on when the line is mended', async () => {
    const [first, second, ...rest] = queries.map((query) => jsonl(query))
    const { at, batch } = setUp({ 'in.jsonl': `${first}{"query":"","candidates":[]}\n${rest.join('')}` })
    const output = at('out.jsonl')
    const stopped = await run([...batch, '--output', output])
    expect(stopped).toMatchObject({ code: 1, stderr: expect.stringContaining('in.jsonl, line 2') as string })
    expect(fromJsonl(readFileSync(output, 'utf8'))).toHaveLength(1)
    writeFileSync(at('in.jsonl'), [first, second, ...rest].join(''))
    expect((await run([...batch, '--output', output])).code).toBe(0)
    expect(fromJsonl(readFileSync(output, 'utf8')).map(({ line }) => line)).toEqual(
      queries.map((_, index) => index + 1),
    )
  })

  it('keeps the order when the scorer fails, if told to', async () => {
    const { batch } = setUp({
      'scorer.mjs': `export default { id: 'down', scope: 'pair', score: () => Promise.reject(new Error('is down')) }`,
    })
    expect(await run(batch)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('is down') as string,
    })
    const { code, stdout } = await run([...batch, '--on-error', 'keep-order'])
    expect(code).toBe(0)
    expect(fromJsonl(stdout)[0]).toMatchObject({
      outcome: 'failed',
      error: 'is down',
      results: [{ index: 0 }, {}, {}, {}],
    })
  })

  it('skips where a calibration file says so', async () => {
    const skip = { version: 1, scorerId: 'shared-words', skip: { policy: 'small-pool', options: { size: 5 } } }
    const { at, batch } = setUp({ 'calibration.json': JSON.stringify(skip) })
    const { stdout, stderr } = await run([...batch, '--skip', at('calibration.json')])
    expect(stderr).toBe('')
    expect(fromJsonl(stdout)[0]).toMatchObject({ outcome: 'skipped', skipReason: { policy: 'small-pool' } })
  })

  it.each([
    ['shortened', queries.slice(0, 4)],
    ['emptied', []],
  ])('is not continued with an input that was %s in the meantime', async (_how, left) => {
    const { at, batch } = setUp()
    const output = at('out.jsonl')
    await run([...batch, '--output', output])
    const before = readFileSync(output, 'utf8')
    writeFileSync(at('in.jsonl'), jsonl(...left))
    const { code, stderr } = await run([...batch, '--output', output])
    expect(code).toBe(1)
    expect(stderr).toBe(
      `secondpass: ${at('in.jsonl')}, line 11: blank or not there, but the output has an answer for this line: is it the same input? Else add --overwrite\n`,
    )
    expect(readFileSync(output, 'utf8')).toBe(before)
    expect((await run([...batch, '--output', output, '--overwrite'])).code).toBe(0)
  })

  it('is not continued behind a line that was blanked in the meantime, in its own shard either', async () => {
    const { at, batch } = setUp()
    const output = at('out.jsonl')
    const args = [...batch, '--shard', '0/2', '--output', output]
    await run(args)
    const [one = '', three = ''] = readFileSync(output, 'utf8').split('\n')
    writeFileSync(output, `${one}\n${three}\n`)
    const lines = readFileSync(at('in.jsonl'), 'utf8').split('\n')
    writeFileSync(at('in.jsonl'), lines.with(2, '').join('\n'))
    expect(await run(args)).toMatchObject({ code: 1, stderr: expect.stringContaining('line 3: blank') as string })
    expect(readFileSync(output, 'utf8')).toBe(`${one}\n${three}\n`)
  })

  it('is not mixed with one that skips by what another calibration wrote into the same file', async () => {
    const calibration = (size: number): string =>
      JSON.stringify({ version: 1, scorerId: 'shared-words', skip: { policy: 'small-pool', options: { size } } })
    const { at, batch } = setUp({ 'calibration.json': calibration(5) })
    const output = at('out.jsonl')
    const args = [...batch, '--skip', at('calibration.json'), '--output', output]
    await run(args)
    const [first = ''] = readFileSync(output, 'utf8').split('\n')
    writeFileSync(output, `${first}\n`)
    writeFileSync(at('calibration.json'), calibration(2))
    const { code, stderr } = await run(args)
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /out\.jsonl was begun with sha256 of skip "[0-9a-f]{64}", and now it is "[0-9a-f]{64}": name/,
    )
    expect(readFileSync(output, 'utf8')).toBe(`${first}\n`)
    writeFileSync(at('calibration.json'), calibration(5))
    expect((await run(args)).code).toBe(0)
    expect(fromJsonl(readFileSync(output, 'utf8')).map(({ outcome }) => outcome)).toEqual(queries.map(() => 'skipped'))
  })
})

describe('what is not ours', () => {
  const ids = ['449001234567890123', '449001234567890101', '-0', '1.0', '1e400', '"a\\u00e9"']

  it('comes back to the byte: numbers of any size, keys in their order and as often as they were there', async () => {
    const candidate = (id: string): string => `{ "2":2.50,"1":1,"id":${id}, "text":"lamp","__proto__":{},"2":-0 }`
    const line = `{"id":449001234567890123,"query":"a lamp","candidates":[${ids.map(candidate).join(',')},"l\\u0061mp"]}\n`
    const { batch } = setUp({ 'in.jsonl': line })
    const { stdout } = await run(batch)
    expect(stdout).toMatch(/^\{"line":1,"id":449001234567890123,/)
    for (const id of ids) expect(stdout).toContain(`"candidate":${candidate(id)}`)
    expect(stdout).toContain('"candidate":{"text":"l\\u0061mp"}')
    const short = await run([...batch, '--ids-only'])
    expect([...short.stdout.matchAll(/"id":([^,}]*)\}/g)].map(([, id]) => id)).toEqual(ids)
    const pool = await run(['rerank', 'a lamp', ...batch.slice(1, 3)], {
      stdin: `  ${candidate(ids[0] as string)}  \n`,
    })
    expect(pool.stdout).toContain(`"candidate":${candidate(ids[0] as string)}}`)
  })

  it('is not guessed where a key that is read is there twice', async () => {
    const { batch } = setUp({ 'in.jsonl': '{"query":"a","query":"b","candidates":[]}\n' })
    expect((await run(batch)).stderr).toContain('in.jsonl, line 1: ')
    expect((await run(batch)).stderr).toContain('"query" stands there twice; write it once')
    const pool = await run(['rerank', 'q', ...batch.slice(1, 3)], { stdin: '{"text":"a","text":"b"}\n' })
    expect(pool.stderr).toContain('"text" stands there twice')
  })

  it('stays: an input that is an output, an old output beside a mistyped input, a folder', async () => {
    const { at, batch } = setUp({ 'out.jsonl': 'what was there\n' })
    const input = readFileSync(at('in.jsonl'), 'utf8')
    for (const flags of [[], ['--overwrite']]) {
      const self = await run([...batch, '--output', at('in.jsonl'), ...flags])
      expect(self).toMatchObject({ code: 2, stderr: expect.stringContaining('it is the input (--input') as string })
      const scorer = await run([...batch, '--output', at('scorer.mjs'), ...flags])
      expect(scorer).toMatchObject({ code: 2, stderr: expect.stringContaining('it is the input (--scorer') as string })
    }
    const mistyped = await run([...batch.slice(0, -1), at('im.jsonl'), '--output', at('out.jsonl'), '--overwrite'])
    expect(mistyped).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no such file') as string })
    expect(readFileSync(at('in.jsonl'), 'utf8')).toBe(input)
    expect(readFileSync(at('out.jsonl'), 'utf8')).toBe('what was there\n')
  })

  it('stays until what takes its place is whole, which is continued without --overwrite', async () => {
    const [first, ...rest] = queries.map((query) => jsonl(query))
    const { at, batch } = setUp()
    const args = [...batch, '--output', at('out.jsonl')]
    await run([...args, '--ids-only'])
    const old = readFileSync(at('out.jsonl'), 'utf8')
    writeFileSync(at('in.jsonl'), `${first}oops\n${rest.slice(1).join('')}`)
    const stopped = await run([...args, '--overwrite'])
    expect(stopped.code).toBe(1)
    expect(stopped.stderr).toContain('out.jsonl is as it was; what was done is in ')
    expect(readFileSync(at('out.jsonl'), 'utf8')).toBe(old)
    writeFileSync(at('in.jsonl'), `${first}${rest.join('')}`)
    const resumed = await run(args)
    expect(resumed).toMatchObject({ code: 0, stderr: expect.stringContaining('continued behind line 1') as string })
    expect(readFileSync(at('out.jsonl'), 'utf8')).toBe((await run(batch)).stdout)
    expect(readdirSync(at('.')).sort()).toEqual(['in.jsonl', 'out.jsonl', 'out.jsonl.state', 'scorer.mjs'])
  })

  it('is not written through a link that stands where the state should', async () => {
    const { at, batch } = setUp({ precious: 'mine\n' })
    for (const name of ['out.jsonl.state', 'out.jsonl.lock', 'out.jsonl.part']) {
      symlinkSync(at('precious'), at(name))
      const { code, stderr } = await run([...batch, '--output', at('out.jsonl')])
      expect({ code: code > 0, lines: stderr.split('\n').length }).toEqual({ code: true, lines: 2 })
      expect(readFileSync(at('precious'), 'utf8')).toBe('mine\n')
      rmSync(at(name))
    }
  })

  it('is one output under two names: the second writer is refused', async () => {
    const { at, batch } = setUp({ 'real.jsonl': '' })
    symlinkSync('real.jsonl', at('link.jsonl'))
    const held = Lock.take(targetOf(at('real.jsonl')), 'real.jsonl')
    const { code, stderr } = await run([...batch, '--output', at('link.jsonl')])
    held.release()
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining('is being written by process') as string,
    })
    expect((await run([...batch, '--output', at('link.jsonl')])).code).toBe(0)
    expect(readFileSync(at('real.jsonl'), 'utf8')).toBe((await run(batch)).stdout)
  })
})

describe('an input that was changed in the meantime', () => {
  it.each([
    ['a candidate', 2, (line: string) => line.replace('bananas', 'apples'), 'line 3: another line than the one'],
    ['a line that became blank', 1, () => '', 'line 2: blank or not there now'],
    ['an id', 0, (line: string) => line.replace('"q0"', '"q9"'), 'line 1: another line'],
  ])('in %s is noticed, wherever it is', async (_what, at, change, message) => {
    const { at: path, batch } = setUp()
    const args = [...batch, '--output', path('out.jsonl')]
    await run(args)
    const lines = readFileSync(path('in.jsonl'), 'utf8').split('\n')
    writeFileSync(path('in.jsonl'), lines.with(at, change(lines[at] as string)).join('\n'))
    const { code, stderr } = await run(args)
    expect(code).toBe(1)
    expect(stderr).toContain(message)
    expect(stderr).toContain('is it the same input? Else add --overwrite')
  })

  it('is noticed also behind lines of which the power took what was remembered', async () => {
    const { at, batch } = setUp()
    const args = [...batch, '--output', at('out.jsonl')]
    await run(args)
    const [state, output] = [at('out.jsonl.state'), at('out.jsonl')].map((path) =>
      readFileSync(path, 'utf8').split('\n'),
    )
    writeFileSync(at('out.jsonl'), `${output?.slice(0, 6).join('\n')}\n`)
    writeFileSync(at('out.jsonl.state'), `${state?.slice(0, 4).join('\n')}\n`)
    expect((await run(args)).code).toBe(0)
    expect(readFileSync(at('out.jsonl.state'), 'utf8')).toBe(state?.join('\n'))
    expect(readFileSync(at('out.jsonl'), 'utf8')).toBe(output?.join('\n'))
    expect((await run(args)).code).toBe(0)
  })

  it('in a line that was left out before is noticed', async () => {
    const lines = queries.map((query) => jsonl(query))
    const { at, batch } = setUp({ 'in.jsonl': lines.with(3, 'oops\n').join('') })
    const args = [...batch, '--output', at('out.jsonl'), '--bad-lines', 'skip']
    expect((await run(args)).code).toBe(3)
    writeFileSync(at('in.jsonl'), lines.join(''))
    expect(await run(args)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('line 4: another line') as string,
    })
  })
})

describe('lines that cannot be read', () => {
  const bad = [Buffer.from('{"query":"a","candidates":["b'), Buffer.of(0xff), Buffer.from('"]}\n')]

  it('are left out of a batch and of a pool, named and counted, whatever is wrong with them', async () => {
    const good = jsonl(queries[0])
    const input = Buffer.concat([Buffer.from(good), ...bad, Buffer.from('{"query"\n'), Buffer.from(good)])
    const { at, batch } = setUp({ 'in.jsonl': input })
    const { code, stdout, stderr } = await run([...batch, '--bad-lines', 'skip'])
    expect({ code, lines: fromJsonl(stdout).map(({ line }) => line) }).toEqual({ code: 3, lines: [1, 4] })
    expect(stderr).toContain('in.jsonl, line 2: it is not UTF-8')
    expect(stderr).toContain('in.jsonl, line 3: ')
    expect(stderr).toContain(`secondpass: 2 lines of ${at('in.jsonl')} left out`)
    const pool = ['rerank', 'lamp', ...batch.slice(1, 3), '--bad-lines', 'skip']
    const stdin = Buffer.concat([Buffer.from('"a lamp"\n'), Buffer.of(0x22, 0xc0, 0x22, 0x0a)])
    expect(await run(pool, { stdin })).toMatchObject({ code: 3, stdout: expect.stringContaining('a lamp') as string })
    expect((await run([...batch, '--output', at('o')])).code).toBe(1)
  })

  it('are the business of their own shard only', async () => {
    const input = Buffer.concat([...queries.slice(0, 3).map((query) => Buffer.from(jsonl(query))), ...bad])
    const { batch } = setUp({ 'in.jsonl': input })
    expect(await run([...batch, '--shard', '0/2'])).toMatchObject({ code: 0, stderr: '' })
    expect((await run([...batch, '--shard', '1/2'])).code).toBe(1)
  })

  it('are packed ones no more, whatever they are called', async () => {
    const { at, batch } = setUp({ packed: gzipSync(jsonl(...queries)) })
    const whole = (await run(batch)).stdout
    expect((await run([...batch.slice(0, -1), at('packed')])).stdout).toBe(whole)
    const stdin = readFileSync(at('packed'))
    expect((await run([...batch.slice(0, -1), '-'], { stdin })).stdout).toBe(whole)
  })
})
