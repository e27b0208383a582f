import { describe, expect, test } from 'vitest'
import { compileTemplate } from '../../packages/core/src/score/cross-encoder/folder/template.ts'
import { readGolden } from './golden.ts'

interface Golden {
  /** What templates of rerankers use. */
  readonly used: readonly string[]
  /** A template, messages, and what Python makes of them: text, or nothing for an error. */
  readonly rows: readonly (readonly [template: string, messages: readonly object[], text: string | null])[]
}

const { used, rows } = readGolden<Golden>('chat-templates.json.gz')

/** What is rendered for each row: text, or nothing where it was refused. */
async function renderAll(): Promise<(string | null)[]> {
  const compiled = new Map<string, ReturnType<typeof compileTemplate>>()
  const render = async (template: string, messages: readonly object[]): Promise<string | null> => {
    const made = compiled.get(template) ?? compileTemplate('chat_template.jinja', template)
    compiled.set(template, made)
    try {
      return (await made)({ messages, tools: null, documents: null, add_generation_prompt: false, eos_token: '</s>' })
    } catch (error) {
      expect(error).toMatchObject({ name: 'RerankError', code: 'model-files' })
      return null
    }
  }
  return Promise.all(rows.map(([template, messages]) => render(template, messages)))
}

describe('chat templates', async () => {
  const found = await renderAll()

  test('each is rendered as Python renders it, or refused', () => {
    const wrong = rows.flatMap(([template, messages, text], at) =>
      found[at] === null || found[at] === text ? [] : [{ template, messages, text, found: found[at] }],
    )
    expect(wrong).toEqual([])
  })

  test('what rerankers use is rendered, never refused', () => {
    const refused = rows.flatMap(([template, , text], at) => (found[at] === null && text !== null ? [template] : []))
    expect(used.filter((template) => refused.includes(template))).toEqual([])
  })
})

test.each([
  ['{% for i in range(99999999) %}x{% endfor %}', /range of/],
  ['{% for i in range(999) %}{% for j in range(999) %}{{ j }}{% endfor %}{% endfor %}', /steps/],
  [
    '{% set ns = namespace(x="xxxxxxxx") %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}',
    /more text/,
  ],
  ['{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}', /items/],
  ['{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}', /cannot be rendered/],
  ['{{ "x" * 999999999 }}', /operator/],
  ['{{ constructor.constructor("return process")() }}', /cannot be rendered/],
  ['{{ messages.constructor.constructor("return process")() }}', /function/],
  ['x'.repeat(300_000), /characters/],
])('template %# ends, and with an error', async (template, message) => {
  await expect(
    (async () => (await compileTemplate('chat_template.jinja', template))({ messages: [] }))(),
  ).rejects.toThrow(message)
})
