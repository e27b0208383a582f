import type { InferenceSession, Tensor } from 'onnxruntime-node'
import type { EncodedPair, PairEncoder } from '../pairs.js'
import { openGraph, openSession, type SessionOptions } from '../session/node.js'
import { tokenFeeds, type TensorClass } from '../session/tensors.js'

/*
 * What a graph of ours is tried with, and what int8 finds its widest channels by: a dozen pairs, from a few tokens to as
 * many as the model reads. The texts are invented.
 */

const PAIRS: readonly (readonly [query: string, text: string])[] = [
  ['kettle', 'Descale it with vinegar.'],
  [
    'how do i descale the kettle',
    'Fill it halfway with equal parts of water and white vinegar, boil it, and let it stand.',
  ],
  [
    'What is the notice period in the tenancy agreement?',
    'Either party may end the tenancy by giving two full calendar months of notice in writing, to expire on the last day of a rental period (clause 11.3).',
  ],
  ['Wie lange gilt die Fahrkarte?', 'Eine Tageskarte gilt ab dem Entwerten bis 3 Uhr früh des folgenden Tages.'],
  [
    'ERR_QUEUE_FULL broker',
    "`ERR_QUEUE_FULL` is raised when a bounded queue has no room. Raise `queue.capacity`, or set `onFull: 'drop-oldest'`; see https://example.com/docs/queue#full.",
  ],
  [
    'Does caffeine change sprint times in amateur cyclists?',
    'Eighteen riders took either 3 mg/kg of caffeine or a placebo, an hour before four sprints of thirty seconds. Mean power rose by 2.1% in the first sprint and not at all in the fourth; sleep that night was shorter by 24 minutes.',
  ],
  [
    'horaires de la bibliothèque',
    'La bibliothèque est ouverte du mardi au samedi de 10 h à 19 h, et jusqu’à 21 h le jeudi.',
  ],
  ['橋はいつ開きますか', '橋は船が通るとき、毎日午前六時と午後八時に開きます。'],
  [
    'which bread needs no kneading',
    'Stir flour, water, salt and a quarter of a teaspoon of yeast until no dry flour is left. Cover the bowl for eighteen hours: time does what kneading would. Fold the dough twice, let it rise for two hours, and bake it in a closed pot that was heated first. The crust cracks as it cools. A rye starter works as well and gives a sourer crumb; use a fifth of the weight of the flour.',
  ],
  [
    'stall speed of the glider with ballast',
    'Stall speed grows with the square root of wing loading: raising the load from 32 to 45 kg/m2 moved the stall of the trial glider from 61 to 72 km/h. Ballast was dumped before landing in every flight of the series. The table below lists mass, loading, stall speed and best glide for nine flights: 410, 32.1, 61, 88; 432, 33.8, 63, 90; 455, 35.6, 64, 93; 478, 37.4, 66, 95; 500, 39.1, 67, 97; 523, 40.9, 69, 99; 546, 42.7, 70, 102; 569, 44.5, 72, 104; 575, 45.0, 72, 105.',
  ],
]

/** Every text, over and over: fills what a model reads. */
const LONG = Array.from({ length: 4 }, () => PAIRS.map(([, text]) => text).join(' ')).join(' ')

/** The dozen pairs as the model reads them; and one with a padding token in it, where that changes how it is read. */
export async function trialPairs(pairs: PairEncoder, padding?: number): Promise<readonly EncodedPair[]> {
  const texts = [...PAIRS, ['When does the library open?', LONG.slice(0, 1400)], ['kettle', LONG]] as const
  const encoded = await encodeAll(pairs, texts)
  const [, pair] = encoded
  if (padding === undefined || pair === undefined) return encoded
  const middle = Math.floor(pair.ids.length / 2)
  return [...encoded, { ...pair, ids: pair.ids.map((id, at) => (at === middle ? padding : id)) }]
}

/** What times are taken of: a pair of the usual length, some 130 tokens. */
export const USUAL: { readonly query: string; readonly text: string } = {
  query: 'What is the notice period?',
  text: LONG.slice(0, 560),
}

/** The same, and each query with the next text, which does not answer it. */
export async function calibrationPairs(pairs: PairEncoder): Promise<readonly EncodedPair[]> {
  const strangers = PAIRS.map(
    ([query], at) => [query, (PAIRS[(at + 1) % PAIRS.length] as (typeof PAIRS)[0])[1]] as const,
  )
  return [...(await trialPairs(pairs)), ...(await encodeAll(pairs, strangers))]
}

async function encodeAll(
  pairs: PairEncoder,
  texts: readonly (readonly [query: string, text: string])[],
): Promise<readonly EncodedPair[]> {
  return Promise.all(texts.map(async ([query, text]) => pairs.encodePair(await pairs.encodeQuery(query), text)))
}

/** What a graph makes of pairs. */
export async function logitsOf(session: SessionOptions, pairs: readonly EncodedPair[]): Promise<readonly number[]> {
  const { run, release } = await openSession(session)
  try {
    const logits: number[] = []
    for (const { ids, secondSegmentStart } of pairs) logits.push(await run(ids, secondSegmentStart))
    return logits
  } finally {
    await release()
  }
}

/** What a lean graph gives beside ranges. */
const OWN_OUTPUTS: ReadonlySet<string> = new Set(['logits', 'last_hidden_state'])

/** The largest absolute input of each channel, by linear layer, from a graph that has these as outputs. */
export async function widestInputs(
  options: SessionOptions,
  pairs: readonly EncodedPair[],
): Promise<ReadonlyMap<string, Float32Array>> {
  const { session, Tensor } = await openGraph(options)
  try {
    const names = session.outputNames.filter((name) => !OWN_OUTPUTS.has(name))
    const inputs = session.inputNames.map((name) => ({ name, type: 'int32' as const }))
    const feeds = tokenFeeds(Tensor as unknown as TensorClass, inputs, options.maxPositions)
    const widest = new Map<string, Float32Array>()
    for (const { ids, secondSegmentStart } of pairs) {
      const found = await session.run(feeds?.(ids, secondSegmentStart) as Record<string, Tensor>, names)
      for (const name of names) widest.set(name, larger(widest.get(name), found, name))
    }
    return widest
  } finally {
    await session.release()
  }
}

function larger(before: Float32Array | undefined, found: InferenceSession.ReturnType, name: string): Float32Array {
  const values = (found[name] as Tensor).data as Float32Array
  return Float32Array.from(values, (value, at) => Math.max(value, before?.[at] ?? 0))
}

/** In fp32 logits may differ by this share of themselves, or by as much if they are smaller than 1. */
const FP32_TOLERANCE = 1e-4
/** In int8 the root of the mean squared difference may be this share of the standard deviation of the original's logits. */
const INT8_TOLERANCE = 0.5

/** Why two graphs are not the same model; nothing when they are. */
export function disagreement(
  dtype: 'fp32' | 'int8',
  original: readonly number[],
  lean: readonly number[],
): string | undefined {
  const differences = original.map((logit, at) => Math.abs(logit - (lean[at] as number)))
  if (dtype === 'fp32') {
    const at = differences.findIndex((difference, one) => {
      return !(difference <= FP32_TOLERANCE * Math.max(1, Math.abs(original[one] as number)))
    })
    return at < 0
      ? undefined
      : `one of a dozen pairs has the logit ${original[at]} by the original and ${lean[at]} by it`
  }
  const share = rootMeanSquare(differences) / deviationOf(original)
  if (share <= INT8_TOLERANCE) return undefined
  return `rounding to bytes moves the logits of a dozen pairs by ${share.toFixed(2)} of their standard deviation, and ${INT8_TOLERANCE} is the most`
}

function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length)
}

function deviationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return rootMeanSquare(values.map((value) => value - mean))
}
