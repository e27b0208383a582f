import { describe, expect, it } from 'vitest'
import { folderWith, run, sharedWords } from './support.ts'
import { beirFolder } from './beir-folder.ts'

const commands = ['init', 'rerank', 'serve', 'eval', 'calibrate', 'depth', 'label', 'work', 'fetch-model', 'doctor']

describe('help', () => {
  it('names every command', async () => {
    const { code, stdout, stderr } = await run(['--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const command of commands) expect(stdout).toContain(`\n  ${command} `)
    expect(stdout).toContain('Exit codes')
  })

  it.each(commands)('of %s has an example', async (command) => {
    const { code, stdout, stderr } = await run([command, '--help'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^Examples?:\n {2}.*secondpass /m)
  })

  it('and version end with 0', async () => {
    expect(await run(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    })
  })
})

describe('a wrong command line ends with 2 and one line that says the fix', () => {
  const qrels = ['eval', '--qrels', 'q', '--run', 'r']
  it.each([
    [['rernk'], "unknown command 'rernk' (Did you mean rerank?)"],
    [['rerank'], 'name a file of queries with --input'],
    [['rerank', ' '], 'the query is blank'],
    [['rerank', 'q', '--tpo-n', '3'], '(Did you mean --top-n?)'],
    [['rerank', 'q', '--top-n'], 'argument missing'],
    [['rerank', 'q', '--top-n', '0'], '--top-n is "0": pass a whole number from 1'],
    [['rerank', 'q', '--top-n', '2.5'], '--top-n is "2.5": pass a whole number from 1'],
    [['rerank', 'q', '--min-score', 'high'], '--min-score is "high": pass a number'],
    [['rerank', 'q', '--blend', '2'], '--blend is "2": pass a number from 0 to 1'],
    [['rerank', 'q', '--workers', 'many'], '--workers is "many": pass a whole number from 0, auto or measured'],
    [['rerank', 'q', '--shard', '0/2'], '--shard belongs to a batch'],
    [['rerank', 'q', '--output', 'f'], '--output belongs to a batch'],
    [['rerank', 'q', '--bad-lines', 'ignore'], '--bad-lines is "ignore": pass one of stop, skip'],
    [['rerank', 'q', 'r'], 'too many arguments'],
    [['rerank', 'q', '--scorer', './no.mjs'], '--scorer is "./no.mjs": there is no such file'],
    [['rerank', 'q', '--scorer', 'no-such-package-here'], 'no package of that name is installed'],
    [['rerank', 'q', '--scorer', './no.mjs', '--model', 'x'], '--scorer and --model cannot be used together'],
    [['eval'], 'nothing to evaluate'],
    [['eval', '--qrels', 'q'], '--qrels without --run'],
    [['eval', '--beir', 'f', '--baseline', 'b'], '--baseline goes with --qrels'],
    [[...qrels, '--beir', 'f'], '--qrels and --beir cannot be used together'],
    [[...qrels, '--model', 'm'], '--model has no effect with --qrels'],
    [[...qrels, '--metrics', 'nDCG@10,NDGC'], '--metrics is "NDGC": pass one of nDCG'],
    [[...qrels, '--metrics', 'precision'], 'say how many places count, for example precision@10'],
    [['calibrate'], 'no queries: name a BEIR folder with --beir, or a file with --input'],
    [['calibrate', '--beir', 'f', '--input', 'g'], '--beir and --input cannot be used together'],
    [['calibrate', '--beir', 'f', '--max-loss', '0'], '--max-loss is "0": pass a number above 0 and below 1'],
    [['depth', '--beir', 'f', '--depths', '10,0'], '--depths is "10,0": pass whole numbers from 1'],
    [['depth', '--input', '-'], 'name a file'],
    [['work', '--redis', 'redis://localhost'], "required option '--queue <name>' not specified"],
    [['work', '--queue', 'a:b', '--redis', 'redis://localhost'], '--queue is "a:b": pass the name of a queue'],
    [['work', '--queue', 'q', '--redis', 'http://localhost'], '--redis is "(not shown)": pass the URL of a Redis'],
    [['fetch-model'], "missing required argument 'model'"],
    [['fetch-model', 'x'], 'model is "x": pass org/name'],
    [['doctor', '--threads', 'fast'], '--threads is "fast": pass a whole number from 1, or measured'],
    [['doctor', '--workers', 'all'], '--workers is "all": pass a whole number from 0, auto or measured'],
    [['doctor', '--providers', 'gpu'], '--providers is "gpu": pass one of cpu'],
    [['label', '--input', 'f'], "required option '--output <file>' not specified"],
    [['label', '--input', 'f', '--output', 'g', '--spend-limit', '5'], 'write name=amount'],
    [['label', '--input', 'f', '--output', 'g', '--per-minute', '0'], 'pass a number above 0'],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await run(args)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^secondpass: [^\n]+\n$/)
  })
})

it('no command at all ends with 2, behind the list of commands', async () => {
  const { code, stdout, stderr } = await run([])
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  for (const command of commands) expect(stderr).toContain(`\n  ${command} `)
  expect(stderr).toMatch(/\nsecondpass: no command: name one of those above\n$/)
})

describe('the words of the command line', () => {
  const files = { 'qrels.txt': 'q 0 a 1\n', 'run.txt': 'q Q0 a 1 2 tag\nq Q0 b 2 1 tag\n' }
  it('take names of metrics in any case', async () => {
    const at = folderWith(files)
    const args = ['eval', '--qrels', at('qrels.txt'), '--run', at('run.txt'), '--json']
    const { code, stdout } = await run([...args, '--metrics', 'ndcg@10,mrr,Map,RECALL@5,NDCG-EXP@3'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ 'nDCG@10': 1, MRR: 1, MAP: 1, 'recall@5': 1, 'nDCG-exp@3': 1 })
  })

  it('are those of an error of the library', async () => {
    const at = folderWith(files)
    const both = ['--run', at('run.txt'), '--baseline', at('run.txt')]
    const { code, stderr } = await run(['eval', '--qrels', at('qrels.txt'), ...both, '--metrics', 'judged@10'])
    expect(code).toBe(1)
    expect(stderr).toContain('--metrics[0] is "judged@10": it says how much was judged')
  })

  it('name the splits that are there', async () => {
    const { folder, scorer } = beirFolder()
    const { code, stderr } = await run(['depth', '--beir', folder, '--scorer', scorer, '--split', 'dev'])
    expect({ code, stderr }).toEqual({ code: 2, stderr: `secondpass: --split is "dev": ${folder} has test\n` })
  })
})

it.each(['eval', 'calibrate', 'depth'])(
  'the help of %s groups its options, and shows a line of a sample',
  async (command) => {
    const { stdout } = await run([command, '--help'])
    for (const group of ['The sample:', 'The scorer:', 'Output:']) expect(stdout).toContain(`\n${group}\n`)
    const [, line = ''] = /\nA line of --input:\n {2}(\{.*\})\n/.exec(stdout) ?? []
    // What is left out for reading is no JSON.
    expect(Object.keys(JSON.parse(line.replace(', …]', ']')) as object)).toEqual(['query', 'candidates', 'judgements'])
  },
)

describe('what a person must find out', () => {
  it.each([
    [['--verbose'], {}],
    [[], { DEBUG: 'secondpass' }],
  ])('stands behind the message with %j %j', async (flags, env) => {
    const { stderr } = await run(['rerank', '--input', 'no-such-file', ...flags], { env })
    expect(stderr).toContain('no-such-file cannot be read: there is no such file')
    expect(stderr).toMatch(/\n {4}at /)
  })

  it('is not shown otherwise', async () => {
    const { code, stderr } = await run(['rerank', '--input', 'no-such-file'])
    expect(code).toBe(1)
    expect(stderr).toBe('secondpass: no-such-file cannot be read: there is no such file\n')
  })

  it('has no control characters that could play with a terminal', async () => {
    const at = folderWith({ 's.mjs': sharedWords })
    const { stderr } = await run(['rerank', 'q', '--scorer', at('s.mjs')], { stdin: '\u001b[2Joops\n' })
    expect(stderr).not.toContain('\u001b')
  })
})

describe('a scorer module', () => {
  const ask = async (source: string, ...args: string[]): ReturnType<typeof run> => {
    const at = folderWith({ 's.mjs': source })
    return run(['rerank', 'a lamp', '--scorer', at('s.mjs'), ...args], { stdin: '"one"\n"a lamp"\n' })
  }
  const scorer = sharedWords.replace('export default', 'const scorer =')

  it.each([
    ['a scorer', `${scorer}; export default scorer`],
    ['a function', `${scorer}; export default () => scorer`],
    ['an async function', `${scorer}; export default async () => scorer`],
    [
      'a reranker',
      `${scorer}; import { createReranker } from ${JSON.stringify(import.meta.resolve('@secondpass/core'))}; export default createReranker({ scorer })`,
    ],
  ])('may export %s', async (_name, source) => {
    const { code, stdout } = await ask(source)
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\{"rank":1,"index":1/)
  })

  it.each([
    ['nothing', `export const x = 1`, [], 'its default export must be a scorer'],
    ['what does not parse', `export default {`, [], 'it does not load'],
    ['a function that fails', `export default () => { throw new Error('no key') }`, [], 'its function failed: no key'],
    [
      'a scorer, with an option of the cross-encoder',
      sharedWords,
      ['--max-length', '64'],
      '--max-length is an option of the built-in',
    ],
    [
      'a reranker, with an option of a scorer',
      `export default { rerank() {} }`,
      ['--top-n', '1'],
      '--top-n has no effect',
    ],
  ])('with %s is refused', async (_name, source, args, message) => {
    const { code, stderr } = await ask(source, ...args)
    expect(code).toBeGreaterThan(0)
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^[^\n]+\n$/)
  })

  it('is closed, also when the work fails', async () => {
    const closing = `let closed = 0
      export default { id: 'c', scope: 'pair', score: () => Promise.reject(new Error('down')), async close() { globalThis.closedScorers = (globalThis.closedScorers ?? 0) + 1 } }`
    await ask(closing)
    expect((globalThis as { closedScorers?: number }).closedScorers).toBe(1)
  })
})
