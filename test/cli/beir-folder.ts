import { mkdirSync, writeFileSync } from 'node:fs'
import { folderWith, jsonl, sharedWords } from './support.ts'

/** Things that questions are asked about. The collection is invented. */
const things = ['lamp', 'kettle', 'window', 'bicycle', 'radio', 'garden', 'ladder', 'stove', 'mirror', 'piano']
const ways = ['cleaned', 'mended', 'opened', 'painted', 'moved', 'lit']

/**
 * A folder in the layout of BEIR with a query for each pair of thing and way, one relevant passage each, and distractors
 * that share words with it; with a scorer module beside it.
 */
export function beirFolder(queries = 60): { at: (name: string) => string; folder: string; scorer: string } {
  const at = folderWith({ 'scorer.mjs': sharedWords })
  const folder = at('beir')
  mkdirSync(`${folder}/qrels`, { recursive: true })
  const pairs = things.flatMap((thing) => ways.map((way) => [thing, way] as const)).slice(0, queries)
  const passages = pairs.flatMap(([thing, way]) => [
    { _id: `${thing}-${way}`, title: `The ${thing}`, text: `A ${thing} is best ${way} in the morning, with patience.` },
    {
      _id: `${thing}-${way}-not`,
      title: '',
      text: `Nobody knows how a ${way} thing and a ${thing} thing go together.`,
    },
  ])
  writeFileSync(`${folder}/corpus.jsonl`, jsonl(...passages))
  const asked = pairs.map(([thing, way]) => ({ _id: `q-${thing}-${way}`, text: `How is a ${thing} best ${way}?` }))
  writeFileSync(`${folder}/queries.jsonl`, jsonl(...asked))
  const judged = pairs.map(([thing, way]) => `q-${thing}-${way}\t${thing}-${way}\t1`)
  writeFileSync(`${folder}/qrels/test.tsv`, `query-id\tcorpus-id\tscore\n${judged.join('\n')}\n`)
  return { at, folder, scorer: at('scorer.mjs') }
}
