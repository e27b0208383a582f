import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../package/commands.ts'
import { packAll } from '../package/packed.ts'
import { makePlace, type Place } from './support.ts'

/*
 * Both ends of the range of onnxruntime-node, and the versions that transformers.js pins between them, with the real
 * models: the same order, and the same logits up to what another build's order of sums makes of the last digits. A minute
 * and a half, most of it installing.
 */
const versions = ['1.21.0', '1.24.3', '1.30.0'] as const

/**
 * In logits, which lie between -12 and 12. The bundled models compute in int8: a last digit decides on which side a number
 * is rounded. Over 600 pairs, 1.24 and 1.30 differed by 0.17 at most and 0.025 on average, and 1.21 and 1.24 not at all.
 */
const TOLERANCE = 0.2

const packed = packAll()
const places = new Map<string, Place>()
const fixtures = ['tiny-bert-stock', 'tiny-bert', 'tiny-colbert']

beforeAll(async () => {
  for (const version of versions) {
    const place = await makePlace(packed.packages, {
      ours: ['@secondpass/core', '@secondpass/model-en-tiny'],
      overrides: { 'onnxruntime-node': version },
    })
    for (const name of fixtures)
      cpSync(join(root, 'test/fixtures', name), join(place.folder, name), { recursive: true })
    places.set(version, place)
  }
})
afterAll(() => {
  for (const place of places.values()) place.remove()
  packed.remove()
})

const program = (scorer: string): string => `
  import { colbert, createReranker, crossEncoder } from '@secondpass/core'
  const scorer = ${scorer}
  const reranker = createReranker({ scorer })
  const passages = [
    'The museum opens at nine and closes at five, except on Mondays.',
    'To reset your password, open Settings, choose Security and press Reset password.',
    'Passwords are stored as salted hashes, never in plain text.',
    'Bananas are rich in potassium.',
    'Reset the router by holding its button for ten seconds.',
    'A password manager remembers long passwords for you.',
  ]
  const { results } = await reranker.rerank('how do I reset my password?', passages)
  const numbers = Object.fromEntries(results.map(({ index, logit, score }) => [index, logit ?? score]))
  await reranker.close()
  const ort = (await import('onnxruntime-node')).default
  console.log(JSON.stringify({ version: ort.env.versions.node, order: results.map(({ index }) => index), numbers }))
`

interface Ranked {
  readonly version: string
  readonly order: number[]
  readonly numbers: Record<string, number>
}

describe.each([
  ['the bundled model', 'crossEncoder()'],
  ['the bundled model in workers', 'crossEncoder({ workers: 2 })'],
  ['the tiny model', "crossEncoder({ model: 'bundled-tiny' })"],
  ['a stock graph', "crossEncoder({ model: './tiny-bert-stock' })"],
  ['a lean graph', "crossEncoder({ model: './tiny-bert' })"],
  ['a late-interaction model', "colbert({ model: './tiny-colbert' })"],
])('%s', (_, scorer) => {
  it('gives the same order and numbers with the oldest and the newest runtime', async () => {
    const found: Ranked[] = []
    for (const version of versions) {
      found.push((await (places.get(version) as Place).json('program.mjs', program(scorer))) as Ranked)
    }
    expect(found.map(({ version }) => version)).toEqual(versions)
    const newest = found.at(-1) as Ranked
    for (const { order, numbers } of found) {
      expect(order).toEqual(newest.order)
      for (const [index, number] of Object.entries(numbers)) {
        expect(Math.abs(number - (newest.numbers[index] as number))).toBeLessThan(TOLERANCE)
      }
    }
  })
})
