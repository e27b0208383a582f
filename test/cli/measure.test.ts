import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bm25 } from '@secondpass/core'
import { searchWithBm25 } from '../../packages/cli/src/pools/bm25.ts'
import { beirFolder } from './beir-folder.ts'
import { fakeIo, folderWith, fromJsonl, jsonl, run } from './support.ts'

/** What `eval --json` prints besides the metrics. */
interface Printed {
  readonly lift: {
    readonly metrics: Readonly<Record<string, Readonly<Record<string, unknown>>>>
    readonly verdict: { readonly kind: string }
    readonly perQuery: Readonly<Record<string, number>>
  }
  readonly report?: unknown
  readonly [metric: string]: unknown
}

describe('the first stage that is built in', () => {
  const texts = [
    'a red lamp',
    'the red red rose and a lamp',
    'a blue lamp',
    'nothing',
    'red',
    'lamp lamp lamp of a house',
  ]
  const search = async (query: string, count: number): Promise<[string, number][]> => {
    const at = folderWith({ corpus: jsonl(...texts.map((text, index) => ({ _id: `d${index}`, text }))) })
    const { found } = await searchWithBm25(
      at('corpus'),
      new Map([
        ['q', query],
        ['other', 'house of a rose'],
      ]),
      {
        count,
        io: fakeIo(),
        onRead: () => {},
      },
    )
    return [...(found.get('q') ?? [])]
  }

  it('gives the scores of BM25 over the whole corpus', async () => {
    const call = { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }
    const expected = await bm25({ k1: 0.9, b: 0.4 }).score('the red lamp', texts, call)
    const found = new Map(await search('the red lamp', 10))
    for (const [index, score] of expected.entries()) expect(found.get(`d${index}`) ?? 0).toBeCloseTo(score, 10)
  })

  it('gives the best, best first, and no more than asked for', async () => {
    const [all, two] = [await search('the red lamp', 10), await search('the red lamp', 2)]
    expect(all.map(([, score]) => score)).toEqual(all.map(([, score]) => score).sort((a, b) => b - a))
    expect(two).toEqual(all.slice(0, 2))
  })

  it('does not find what shares no word', async () => {
    expect((await search('red lamp', 10)).map(([id]) => id)).not.toContain('d3')
  })
})

describe('eval of a BEIR folder', () => {
  it('prints metrics and lift, writes both reports, and the run it reranked to', async () => {
    const { at, folder, scorer } = beirFolder()
    const files = ['--html', at('r.html'), '--markdown', at('r.md'), '--save-run', at('r.run'), '--state', at('s')]
    const { code, stdout } = await run(['eval', '--beir', folder, '--scorer', scorer, '--json', ...files])
    expect(code).toBe(0)
    const { lift, report, ...means } = JSON.parse(stdout) as Printed
    expect(Object.keys(means)).toEqual(['nDCG@10', 'MRR@10', 'MAP', 'recall@100', 'judged@10'])
    expect(lift.metrics['nDCG@10']?.['reranked']).toBe(means['nDCG@10'])
    expect(report).toMatchObject({ about: { scorerId: 'shared-words', retriever: 'BM25', queries: 60 } })
    expect(readFileSync(at('r.html'), 'utf8')).toContain('<svg')
    expect(readFileSync(at('r.md'), 'utf8')).toContain('| nDCG@10 |')
    for (const file of ['r.html', 'r.md']) {
      expect(readFileSync(at(file), 'utf8')).toContain('tokens estimated at 4 characters each')
    }
    const again = await run(['eval', '--qrels', `${folder}/qrels/test.tsv`, '--run', at('r.run'), '--json'])
    expect(JSON.parse(again.stdout)).toEqual(means)
  })

  it('compares with the run of a first stage, which must name what the folder holds', async () => {
    const { at, folder, scorer } = beirFolder(12)
    const base = ['eval', '--beir', folder, '--scorer', scorer, '--state', at('s')]
    writeFileSync(at('other.run'), 'nobody Q0 d 1 1 x\n')
    expect(await run([...base, '--run', at('other.run')])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('0 of 12 query ids appear in the run') as string,
    })
    writeFileSync(at('bad.run'), 'q-lamp-cleaned Q0 no-such-document 1 1 x\n')
    expect(await run([...base, '--run', at('bad.run')])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('was begun with firstStage') as string,
    })
    expect(await run([...base, '--run', at('bad.run'), '--restart'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has no document "no-such-document"') as string,
    })
    writeFileSync(at('good.run'), 'q-lamp-cleaned Q0 lamp-cleaned-not 1 2 x\nq-lamp-cleaned Q0 lamp-cleaned 2 1 x\n')
    const good = await run([...base, '--run', at('good.run'), '--restart', '--json', '--metrics', 'success@1'])
    const { lift } = JSON.parse(good.stdout) as { lift: { metrics: Record<string, unknown> } }
    expect(lift.metrics['success@1']).toMatchObject({ firstStage: 0, reranked: 1 / 12 })
  })

  it('takes from a smaller sample what a larger one needs', async () => {
    const { at, folder, scorer } = beirFolder()
    const base = ['eval', '--beir', folder, '--scorer', scorer, '--json', '--state', at('s'), '--metrics', 'nDCG@10']
    await run([...base, '--limit', '20'])
    const kept = fromJsonl(readFileSync(at('s'), 'utf8'))
    const { stdout, stderr } = await run(base)
    expect(kept).toHaveLength(21)
    expect(stderr).toContain('60 queries; scores are kept in')
    expect(stderr).toContain('20 were scored before')
    const whole = await run([
      'eval',
      '--beir',
      folder,
      '--scorer',
      scorer,
      '--json',
      '--state',
      at('t'),
      '--metrics',
      'nDCG@10',
    ])
    expect((JSON.parse(stdout) as { 'nDCG@10': number })['nDCG@10']).toBe(
      (JSON.parse(whole.stdout) as { 'nDCG@10': number })['nDCG@10'],
    )
  })

  it('gives the same figures from a state that was cut off anywhere', async () => {
    const { at, folder, scorer } = beirFolder(12)
    const base = [
      'eval',
      '--beir',
      folder,
      '--scorer',
      scorer,
      '--json',
      '--state',
      at('s'),
      '--metrics',
      'nDCG@10,MRR@10',
    ]
    const figures = async (): Promise<unknown> => {
      const { code, stdout, stderr } = await run(base)
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
      const { lift, report: _, ...means } = JSON.parse(stdout) as Printed
      return { means, perQuery: lift.perQuery }
    }
    const whole = await figures()
    const state = readFileSync(at('s'))
    for (const share of [0, 0.01, 0.2, 0.5, 0.999]) {
      writeFileSync(at('s'), state.subarray(0, Math.floor(share * state.length)))
      expect(await figures()).toEqual(whole)
    }
  })

  it('names the line of a state that is damaged in the middle, or the file that is none', async () => {
    const { at, folder, scorer } = beirFolder(12)
    const base = ['eval', '--beir', folder, '--scorer', scorer, '--state', at('s')]
    await run(base)
    const lines = readFileSync(at('s'), 'utf8').split('\n')
    writeFileSync(at('s'), [...lines.slice(0, 3), '{"queryId":', ...lines.slice(4)].join('\n'))
    expect(await run(base)).toMatchObject({ code: 2, stderr: expect.stringContaining('add --restart') as string })
    writeFileSync(at('s'), 'precious, without a line break')
    for (const flags of [[], ['--restart']]) {
      const refused = await run([...base, ...flags])
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('was not written by') as string })
    }
    expect(readFileSync(at('s'), 'utf8')).toBe('precious, without a line break')
  })

  it('needs judgements', async () => {
    const { at, folder, scorer } = beirFolder(12)
    writeFileSync(`${folder}/qrels/test.tsv`, 'query-id\tcorpus-id\tscore\n')
    expect(await run(['eval', '--beir', folder, '--scorer', scorer, '--state', at('s')])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('holds no judgements') as string,
    })
    expect(existsSync(at('s'))).toBe(false)
  })
})

describe('eval of a file of queries', () => {
  const query = (id: string, candidates: readonly string[], rest = ''): string =>
    `{"id":${id},"query":"a lamp","candidates":[${candidates.join(',')}]${rest}}\n`
  const flagsOf = (at: (name: string) => string, input: string): string[] => {
    writeFileSync(at('in.jsonl'), input)
    return ['eval', '--input', at('in.jsonl'), '--scorer', at('scorer.mjs'), '--state', at('s'), '--metrics', 'MRR']
  }

  it('tells ids of 64 bits apart, and finds their judgements', async () => {
    const { at } = beirFolder(1)
    const [one, two] = ['449001234567890123', '449001234567890101']
    const candidates = [`{"id":${one},"text":"nothing"}`, `{"id":${two},"text":"a lamp"}`]
    const input =
      query(one, candidates, `,"judgements":{"${two}":1}`) + query(two, candidates, `,"judgements":{"${one}":1}`)
    const { code, stdout, stderr } = await run([...flagsOf(at, input), '--save-run', at('r'), '--json'])
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    expect((JSON.parse(stdout) as Printed).lift.perQuery).toMatchObject({ [one]: 0.5, [two]: -0.5 })
    expect(readFileSync(at('r'), 'utf8')).toMatch(new RegExp(`^${one} Q0 ${two} 1 2 secondpass\n${one} Q0 ${one} 2 1 `))
  })

  it('refuses judgements that are there twice, and ids that are equal', async () => {
    const { at } = beirFolder(1)
    const twice = query('"q"', ['"a lamp"'], ',"judgements":{"#1":1,"#1":0}')
    expect((await run(flagsOf(at, twice))).stderr).toContain('"judgements" has "#1" twice')
    const equal = query('"q"', ['{"id":7,"text":"a"}', '{"id":"7","text":"b"}'])
    expect((await run(flagsOf(at, equal))).stderr).toContain('two candidates have the same id')
  })

  it.each([
    ['"annual report"', '"d"', 'query id "annual report" holds U+0020'],
    ['"q"', '"annual\\u00a0report"', 'document id "annual report" holds U+00A0'],
    ['"q"', '"a\\tb"', 'holds U+0009'],
    ['"q"', '""', 'the document id "" is empty'],
  ])('saves no run with the ids %s, %s, and says so before anything is scored', async (id, document, message) => {
    const { at } = beirFolder(1)
    const input = query(id, [`{"id":${document},"text":"a lamp","label":1}`])
    writeFileSync(at('r'), 'old')
    const { code, stderr } = await run([...flagsOf(at, input), '--save-run', at('r')])
    // The state has its header at most.
    const scored = existsSync(at('s')) ? fromJsonl(readFileSync(at('s'), 'utf8')).slice(1) : []
    expect({ code, scored }).toEqual({ code: 1, scored: [] })
    expect(stderr).toContain(message)
    expect(stderr).toContain('in.jsonl')
    expect(readFileSync(at('r'), 'utf8')).toBe('old')
    expect((await run(flagsOf(at, input))).code).toBe(0)
  })

  it('keeps the scores that are to be replaced until the new ones are there', async () => {
    const { at } = beirFolder(1)
    const input = [1, 2, 3].map((id) => query(String(id), ['{"id":"d","text":"a lamp","label":1}'])).join('')
    const args = flagsOf(at, input)
    await run(args)
    const old = readFileSync(at('s'), 'utf8')
    const failing = `let calls = 0
      export default { id: 'shared-words', scope: 'pair', async score(query, texts) {
        if (++calls === 2) throw new Error('is down')
        return texts.map(() => 1) } }`
    writeFileSync(at('failing.mjs'), failing)
    const again = args.map((arg) => (arg === at('scorer.mjs') ? at('failing.mjs') : arg))
    expect((await run([...again, '--restart'])).code).toBe(1)
    expect(readFileSync(at('s'), 'utf8')).toBe(old)
    expect((await run(args)).stderr).toContain('1 were scored before')
    expect(readFileSync(at('s'), 'utf8')).not.toBe(old)
    expect(existsSync(at('s.part'))).toBe(false)
  })

  it('writes no output over an input, and no two outputs into one file', async () => {
    const { at, folder } = beirFolder(3)
    const base = ['--beir', folder, '--scorer', at('scorer.mjs')]
    const qrels = `${folder}/qrels/test.tsv`
    const before = readFileSync(qrels, 'utf8')
    for (const args of [
      ['eval', ...base, '--html', qrels],
      ['eval', ...base, '--save-run', `${folder}/corpus.jsonl`],
      ['eval', ...base, '--state', `${folder}/queries.jsonl`, '--restart'],
      ['calibrate', ...base, '--output', qrels],
      ['depth', ...base, '--state', at('scorer.mjs')],
    ]) {
      expect(await run(args)).toMatchObject({ code: 2, stderr: expect.stringContaining('it is the input') as string })
    }
    const twice = await run(['eval', ...base, '--html', at('r'), '--markdown', at('./r')])
    expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining('is the same file') as string })
    expect(readFileSync(qrels, 'utf8')).toBe(before)
  })
})

describe('eval of files', () => {
  const qrels = 'q1 0 a 1\nq2 0 b 1\n'
  const run1 = 'q1 Q0 a 1 2 x\nq1 Q0 b 2 1 x\nq2 Q0 a 1 2 x\nq2 Q0 b 2 1 x\n'

  it('prints the metrics of one run, and the lift over a baseline', async () => {
    const at = folderWith({
      qrels: `\ufeff${qrels.replaceAll('\n', '\r\n')}`,
      run: run1,
      base: run1.replaceAll(' 2 x', ' 0 x'),
    })
    const files = ['eval', '--qrels', at('qrels'), '--run', at('run'), '--metrics', 'nDCG@10,success@1', '--json']
    expect(await run(files)).toEqual({ code: 0, stderr: '', stdout: expect.any(String) as string })
    const means = JSON.parse((await run(files)).stdout) as Record<string, number>
    expect(means).toEqual({ 'nDCG@10': expect.closeTo((1 + 1 / Math.log2(3)) / 2, 10) as number, 'success@1': 0.5 })
    const { lift, ...same } = JSON.parse((await run([...files, '--baseline', at('base')])).stdout) as Printed
    expect(same).toEqual(means)
    expect(lift.metrics['success@1']).toMatchObject({ firstStage: 0.5, reranked: 0.5, wins: 1, losses: 1 })
    expect(lift.verdict).toMatchObject({ kind: 'too-few-queries', moreQueries: expect.any(Number) as number })
  })

  it('reads the judgements of BEIR as well', async () => {
    const at = folderWith({ 'q.tsv': 'query-id\tcorpus-id\tscore\nq1\ta\t1\n', run: run1 })
    const { stdout } = await run(['eval', '--qrels', at('q.tsv'), '--run', at('run'), '--metrics', 'MRR', '--json'])
    expect(JSON.parse(stdout)).toEqual({ MRR: 1 })
  })

  it.each([
    ['empty judgements', '', run1, 'holds no judgements'],
    ['ids that match nothing', 'x 0 a 1\n', run1, '0 of 1 query ids appear in the run; the judgements name "x"'],
    ['a line with too few columns', 'q1 0 a\n', run1, 'qrels, line 1'],
    ['a line that contradicts another', 'q1 0 a 1\nq1 0 a 0\n', run1, 'qrels, line 2'],
    ['an empty run', qrels, '\n', 'holds no results'],
    ['a score in words', qrels, 'q1 Q0 a 1 high x\n', 'run, line 1'],
  ])('says what is wrong with %s', async (_name, qrelsText, runText, message) => {
    const at = folderWith({ qrels: qrelsText, run: runText })
    const { code, stdout, stderr } = await run(['eval', '--qrels', at('qrels'), '--run', at('run')])
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^[^\n]+\n$/)
  })

  it('reads a line once that is there twice', async () => {
    const at = folderWith({ qrels: qrels + qrels, run: run1 + run1 })
    const { code, stdout } = await run([
      'eval',
      '--qrels',
      at('qrels'),
      '--run',
      at('run'),
      '--metrics',
      'MAP',
      '--json',
    ])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '{"MAP":0.75}\n' })
  })
})

describe('calibrate', () => {
  it('refuses to promise on too few queries, and writes a file that never skips', async () => {
    const { at, folder, scorer } = beirFolder()
    const output = at('calibration.json')
    const args = ['calibrate', '--beir', folder, '--scorer', scorer, '--output', output, '--state', at('s')]
    const { code, stdout } = await run(args)
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /^No promise: it needs at least .+\nThe file says never to skip, and is safe to use as it is\.\n/,
    )
    expect(stdout).not.toContain('skip from')
    const curves = await run([...args, '--curves'])
    expect(curves.stdout).toMatch(/^No promise: /)
    expect(curves.stdout).toMatch(/^margin: how far the first result leads the third/m)
    expect(curves.stdout).toMatch(/^skip from +skipped +loss$/m)
    expect(JSON.parse(readFileSync(output, 'utf8'))).toMatchObject({
      skip: null,
      scorerId: 'shared-words',
      retriever: 'BM25',
    })
  })

  it('finds when to skip on a sample where a lead means that the order is right, labelled or not', async () => {
    const { at, scorer } = beirFolder(1)
    // A lead of the first candidate says that it is the right one; without a lead the first two stand in the wrong order.
    const pools = Array.from({ length: 1500 }, (_, index) => {
      const leads = index % 2 === 0
      const right = { id: 'right', text: 'the lamp is here', score: leads ? 9 : 1 }
      const wrong = { id: 'wrong', text: 'nothing', score: leads ? 1 : 1.01 }
      const third = { id: 'third', text: 'nobody', score: 0.9 }
      return {
        id: `q${index}`,
        query: `where is the lamp of house ${index}`,
        candidates: leads ? [right, wrong, third] : [wrong, right, third],
        judgements: { right: 1 },
      }
    })
    writeFileSync(at('sample.jsonl'), jsonl(...pools))
    for (const flags of [[], ['--unlabelled']]) {
      const output = at('calibration.json')
      const args = [
        'calibrate',
        '--input',
        at('sample.jsonl'),
        '--scorer',
        scorer,
        '--output',
        output,
        '--state',
        at('s'),
        ...flags,
      ]
      const { code, stdout } = await run([...args, '--json', '--corpus', 'lamps', '--retriever', 'invented'])
      const { outcome } = JSON.parse(stdout) as { outcome: string }
      expect({ code, outcome }).toEqual({ code: 0, outcome: 'promised' })
      expect(JSON.parse(readFileSync(output, 'utf8'))).toMatchObject({
        corpus: 'lamps',
        retriever: 'invented',
        topScores: [1.01, 9],
        promise: { truth: flags.length > 0 ? 'reranker' : 'labels', loss: 0 },
      })
    }
  })
})

describe('depth', () => {
  it('prints the curve from the first stage on, and the smallest depth that is enough', async () => {
    const { at, scorer } = beirFolder(1)
    const pools = Array.from({ length: 30 }, (_, index) => ({
      id: index,
      query: 'where is the lamp',
      // The answer stands at place 8: depth 5 cannot find it, depth 10 can.
      candidates: Array.from({ length: 20 }, (_unused, place) => ({
        id: `d${place}`,
        text: place === 7 ? 'the lamp is here' : 'nothing',
        score: -place,
        label: place === 7 ? 1 : 0,
      })),
    }))
    writeFileSync(at('in.jsonl'), jsonl(...pools))
    const args = ['depth', '--input', at('in.jsonl'), '--scorer', scorer, '--state', at('s'), '--depths', '5,10,20,50']
    const { code, stdout } = await run([...args, '--json'])
    const { curve, depth } = JSON.parse(stdout) as { curve: { depth: number; value: number }[]; depth: number }
    expect(code).toBe(0)
    expect(depth).toBe(10)
    expect(curve.map((point) => point.depth)).toEqual([0, 5, 10, 20])
    expect(curve.map(({ value }) => value)).toEqual(
      [1 / Math.log2(9), 1 / Math.log2(9), 1, 1].map((value) => expect.closeTo(value, 10) as number),
    )
    expect((await run(args)).stdout).toMatch(/^first stage +0\.3155 +0 ms\n5 /m)
    expect((await run([...args, '--metric', 'success@5'])).stdout).toMatch(/Depth 10 reaches 1\.000 of the best 1\.000/)
  })
})

describe('label', () => {
  it('writes the scores of the teacher, and goes on behind the last line', async () => {
    const { at, scorer } = beirFolder(1)
    const queries = Array.from({ length: 5 }, (_, index) => ({
      id: `q${index}`,
      query: 'a lamp',
      candidates: [{ id: 'd', text: 'a lamp' }],
    }))
    writeFileSync(at('in.jsonl'), jsonl(...queries))
    const args = ['label', '--scorer', scorer, '--input', at('in.jsonl'), '--output', at('out.jsonl'), '--json']
    expect(JSON.parse((await run(args)).stdout)).toMatchObject({ done: 5, written: 5, resumed: 0 })
    const whole = readFileSync(at('out.jsonl'), 'utf8')
    expect(fromJsonl(whole)[0]).toMatchObject({ id: 'q0', candidates: [{ id: 'd', scores: { 'shared-words': 2 } }] })
    writeFileSync(at('out.jsonl'), whole.slice(0, Math.floor(whole.length / 2)))
    expect(JSON.parse((await run(args)).stdout)).toMatchObject({ done: 5, written: 3, resumed: 2 })
    expect(readFileSync(at('out.jsonl'), 'utf8')).toBe(whole)
  })
})
