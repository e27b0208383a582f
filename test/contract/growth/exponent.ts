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

/** Where the caches of the processor end, and garbage is collected, time makes a step; a square is one at every size. */
const MOST_ATTEMPTS = 30

/**
 * How the processor time of something grows with its input: doubles the size until it takes long enough, and holds the
 * time against that of a quarter of the size, there and at the next sizes. The least counts, of the runs and of the
 * exponents: what else goes on can only lengthen.
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
  const sizes = [size, Math.min(size * 2, most), size / 2, Math.min(size * 4, most)]
  for (let attempt = 0; attempt < MOST_ATTEMPTS && !(best !== undefined && best.exponent < 1.15); attempt++) {
    const tried = sizes[attempt % sizes.length] as number
    const [smaller, larger] = [await leastOf(input, tried / 4), await leastOf(input, tried)]
    const exponent = Math.log2(larger / smaller) / 2
    if (best === undefined || exponent < best.exponent) best = { exponent, size: tried, ms: larger }
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
