import { describe, expect, it } from 'vitest'
import { callOf } from '../../../contract/fake-scorer.ts'
import { apiKey, cases, opened } from './cases.ts'
import { logitOf, probabilityOf } from './dialects.ts'

describe.each(cases)('what stands on the wire: $name', (one) => {
  it('sends this body with these headers to this path', async () => {
    await using both = await opened(one)
    await both.scorer.score('q', ['a', 'b'], callOf())
    const [seen] = both.stub.seen
    expect(both.stub.seen).toHaveLength(1)
    expect(seen?.method).toBe('POST')
    expect(seen?.path).toBe(one.path)
    expect(seen?.body).toEqual(one.body)
    expect(seen?.headers).toMatchObject({
      accept: 'application/json',
      'content-type': 'application/json',
      ...one.headers,
    })
    if (one.headers['authorization'] === undefined) expect(seen?.headers).not.toHaveProperty('authorization')
  })

  it('puts each number where its text stands, though the server sorts them', async () => {
    await using both = await opened(one)
    const texts = Array.from({ length: 20 }, (_, at) => `text ${at * 7}`)
    const query = one.scores === 'told' ? 'Find laws.\nQuery: q' : 'q'
    const expected = texts.map((text) => (one.scores === 'logit' ? logitOf : probabilityOf)(query, text))
    expect(await both.scorer.score('q', texts, callOf())).toEqual(expected)
  })

  it('has an id that says whose numbers they are, and says what they are', async () => {
    await using both = await opened(one)
    const id = both.scorer.id.replace(/\/[0-9a-f]{7,8}$/, '/FINGERPRINT')
    expect(id).toBe(one.id.replace('HOST', both.stub.host))
    expect(both.scorer.id).not.toContain(apiKey)
    if (one.scores === 'logit') expect(both.scorer.toProbability?.(0)).toBe(0.5)
    else expect(both.scorer.toProbability).toBeUndefined()
  })

  it('reports what was billed', async () => {
    await using both = await opened(one)
    const call = callOf()
    await both.scorer.score('q', ['a', 'b'], call)
    expect(call.stats).toEqual(one.stats)
  })

  it('sends no empty text and no half of a character', async () => {
    await using both = await opened(one)
    await both.scorer.score('q', ['', 'x\ud83d', '🔋'], callOf())
    const sent = JSON.stringify(both.stub.seen[0]?.body)
    expect(sent).toContain(`"${one.blank ?? ' '}"`)
    expect(sent).toContain('"x\ufffd"')
    expect(sent).toContain('"🔋"')
  })
})
