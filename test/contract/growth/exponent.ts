import { cpuMsOfAsync } from '../../fixtures/cpu-time.ts'

/** One input of a function that can be long. */
export interface LongInput {
  readonly name: string
  /** Makes an input of about that size, in code units or items, and hands back what is to be measured with it. */
  make(size: number): () => unknown
  /** Where to begin. Default 1024. */
  readonly from?: number
}

export interface Growth {
  /** 1: twice the input takes twice the time; 2: four times. 0 when it never takes long enough to tell. */
  readonly exponent: number
  /** The largest size that was measured. */
  readonly size: number
  readonly ms: number
}

/** Shorter than this a measurement says more about the machine. */
const ENOUGH_MS = 40

/**
 * How the processor time of something grows with its input: doubles the size until it takes long enough, and holds the
 * time against that of a quarter of the size. The least of several runs counts, which what else goes on can only lengthen.
 */
export async function growthOf(input: LongInput, most: number): Promise<Growth> {
  let ms = 0
  let size = input.from ?? 1024
  for (; size <= most; size *= 2) {
    ms = await timeOf(input, size)
    if (ms >= ENOUGH_MS) break
  }
  if (ms < ENOUGH_MS) return { exponent: 0, size: size / 2, ms }
  let best: Growth | undefined
  // Caches and the collection of garbage are uneven steps; a square goes on at the next sizes too.
  for (let attempt = 0; attempt < 6 && !(best !== undefined && best.exponent < 1.1); attempt++) {
    const [smaller, larger] = [await leastOf(input, size / 4), await leastOf(input, size)]
    const exponent = Math.log2(larger / smaller) / 2
    if (best === undefined || exponent < best.exponent) best = { exponent, size, ms: larger }
    if (attempt % 2 === 1 && larger < 3000) size *= 2
  }
  return best as Growth
}

async function leastOf(input: LongInput, size: number): Promise<number> {
  let least = Infinity
  for (let run = 0; run < 3; run++) least = Math.min(least, await timeOf(input, size))
  return least
}

async function timeOf(input: LongInput, size: number): Promise<number> {
  const work = input.make(size)
  return cpuMsOfAsync(async () => void (await work()))
}
