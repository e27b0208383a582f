import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scoring } from '../../packages/core/src/score/cross-encoder/scoring.ts'
import { prepareScoring } from '../../packages/core/src/score/cross-encoder/scoring.ts'
import { readGolden } from './golden.ts'

/** One pair, and what Python makes of it; see generate_families.py. */
export interface FamilyPair {
  readonly query: string
  readonly text: string
  readonly maxLength: number
  readonly ids: readonly number[]
  readonly secondSegmentStart: number
  readonly truncated: boolean
  readonly logit: number
  /** What `CrossEncoder.predict` answers; for the first pairs only. */
  readonly score?: number
}

/** A tiny model of one architecture. */
export interface Family {
  readonly files: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** The ONNX graph in base64. */
  readonly graph: string
  readonly rows: readonly FamilyPair[]
}

export const familyNames = [
  'bert',
  'roberta',
  'xlm-roberta',
  'xlm-roberta-older',
  'deberta-v2',
  'modernbert',
  'qwen3-reranker',
  'qwen3-reranker-classifier',
  'mxbai-rerank-v2',
] as const

export function readFamily(name: string): Family {
  return readGolden<Family>(`families/${name}.json.gz`)
}

/** How a family's pairs are read under each limit; the files are parsed once. */
export function scoringOf(name: string, { files }: Family): (maxLength?: number) => Promise<Scoring> {
  const made = new Map<number | undefined, Promise<Scoring>>()
  const json = {
    name,
    config: files['config.json'],
    tokenizer: files['tokenizer.json'],
    tokenizerConfig: files['tokenizer_config.json'],
  }
  return (maxLength) => {
    const scoring = made.get(maxLength) ?? prepareScoring(json, { maxLength, splitSpecialTokens: false })
    made.set(maxLength, scoring)
    return scoring
  }
}

/** Writes a family out as the folder of a model, for as long as `use` takes. */
export async function withFolder<T>(name: string, family: Family, use: (folder: string) => Promise<T>): Promise<T> {
  const place = mkdtempSync(join(tmpdir(), 'secondpass-family-'))
  const folder = join(place, name)
  try {
    mkdirSync(folder)
    for (const [file, content] of Object.entries(family.files))
      writeFileSync(join(folder, file), JSON.stringify(content))
    writeFileSync(join(folder, 'model.onnx'), Buffer.from(family.graph, 'base64'))
    return await use(folder)
  } finally {
    rmSync(place, { recursive: true })
  }
}
