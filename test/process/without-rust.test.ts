import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { readFamily, withFolder } from '../parity/families.ts'

const root = join(import.meta.dirname, '../..')
/** A project that has installed the core, and not the optional package `tokenizers`. */
const project = mkdtempSync(join(tmpdir(), 'secondpass-without-rust-'))

beforeAll(() => {
  const modules = join(project, 'node_modules')
  mkdirSync(join(modules, '@huggingface'), { recursive: true })
  mkdirSync(join(modules, '@secondpass'))
  cpSync(join(root, 'packages/core/dist'), join(modules, '@secondpass/core/dist'), { recursive: true })
  cpSync(join(root, 'packages/core/package.json'), join(modules, '@secondpass/core/package.json'))
  for (const name of ['@huggingface/tokenizers', '@secondpass/model-en-mini', 'onnxruntime-node']) {
    symlinkSync(join(root, 'packages/core/node_modules', name), join(modules, name))
  }
})
afterAll(() => rmSync(project, { recursive: true, force: true }))

const SCRIPT = `
import { crossEncoder } from '@secondpass/core'
const [model, pairs] = process.argv.slice(2)
const scorer = crossEncoder({ model, splitSpecialTokens: false })
const call = { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }
try {
  const logits = []
  for (const [query, text] of JSON.parse(pairs)) logits.push((await scorer.score(query, [text], call))[0])
  console.log(JSON.stringify({ tokenizer: scorer.tokenizer, logits }))
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }))
}
`

async function score(model: string, pairs: readonly (readonly [string, string])[]): Promise<unknown> {
  const script = join(project, 'score.mjs')
  writeFileSync(script, SCRIPT)
  // The runner's own folders count for `require` otherwise.
  const env = { ...process.env, NODE_PATH: '' }
  const { stdout } = await promisify(execFile)(process.execPath, [script, model, JSON.stringify(pairs)], { env })
  return JSON.parse(stdout)
}

it('the bundled model needs it not', async () => {
  expect(await score('bundled', [['a', 'b']])).toMatchObject({ tokenizer: 'wordpiece', logits: [expect.any(Number)] })
})

it.each(['roberta', 'xlm-roberta'])('%s goes on without it, by the tokenizer in JavaScript', async (name) => {
  const family = readFamily(name)
  const rows = family.rows.filter(({ maxLength, text }) => maxLength === 64 && text.length < 500).slice(0, 60)
  const pairs = rows.map(({ query, text }) => [query, text] as const)
  const found = await withFolder(name, family, (folder) => score(folder, pairs))
  const logits = rows.map(({ logit }) => expect.closeTo(logit, 4) as number)
  expect(found).toEqual({ tokenizer: 'javascript', logits })
})

it('a file that JavaScript is not known to read right is refused, with the command that helps', async () => {
  const { files, ...family } = readFamily('roberta')
  const tokenizer = { ...files['tokenizer.json'], normalizer: { type: 'StripAccents' } }
  const settings = { ...files['tokenizer_config.json'], tokenizer_class: 'PreTrainedTokenizerFast' }
  const changed = {
    ...family,
    files: { ...files, 'tokenizer.json': tokenizer, 'tokenizer_config.json': settings },
  }
  const found = await withFolder('unusual', changed, (folder) => score(folder, [['a', 'b']]))
  expect(found).toEqual({
    code: 'runtime',
    message:
      'tokenizer.json has the normalizer {"type":"StripAccents"}, which @huggingface/tokenizers is not known to read as Python does: run "npm install tokenizers", which does.',
  })
})
