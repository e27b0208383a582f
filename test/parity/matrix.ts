import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readGolden } from './golden.ts'

type JsonObject = Readonly<Record<string, unknown>>

/** What Python makes of one pair: ids, where segment 1 starts (or each segment, in another order), logit, score. */
export type MatrixRow = readonly [readonly number[], number | readonly number[], number, number]

/** One model folder, by what was chosen for each axis; see generate_matrix.py. */
export interface MatrixCell {
  readonly choices: Readonly<Record<string, string>>
  readonly addedTokens: readonly JsonObject[]
  readonly postProcessor: JsonObject | null
  readonly tokenizerConfig: JsonObject | null
  readonly rows: readonly MatrixRow[]
}

interface Matrix {
  readonly pairs: readonly (readonly [string, string])[]
  readonly architectures: Readonly<Record<string, { readonly config: JsonObject; readonly graph: string }>>
  readonly cells: readonly MatrixCell[]
  readonly tables: Readonly<Record<string, Readonly<Record<string, JsonObject | null>>>>
}

const matrix = readGolden<Matrix>('matrix.json.gz')
export const { cells, pairs } = matrix

/** The files of a cell's folder, as the generator wrote them for Python. */
export function filesOf({ choices, addedTokens, postProcessor, tokenizerConfig }: MatrixCell) {
  const { tables, architectures } = matrix
  const chosen = (table: string, axis: string): JsonObject | null => tables[table]?.[choices[axis] as string] ?? null
  const { config, graph } = architectures[choices['architecture'] as string] as { config: JsonObject; graph: string }
  return {
    graph,
    config: { ...config, ...chosen('activations', 'activation') },
    tokenizer: {
      version: '1.0',
      truncation: chosen('truncations', 'truncation'),
      padding: chosen('paddings', 'padding'),
      added_tokens: addedTokens,
      normalizer: chosen('normalizers', 'normalizer'),
      pre_tokenizer: chosen('splitters', 'splitter'),
      post_processor: postProcessor,
      decoder: null,
      model: chosen('models', 'model'),
    },
    tokenizerConfig: tokenizerConfig ?? undefined,
  }
}

/** Writes a cell out as the folder of a model, for as long as `use` takes. */
export async function withCell<T>(cell: MatrixCell, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = join(mkdtempSync(join(tmpdir(), 'secondpass-matrix-')), 'model')
  const { config, tokenizer, tokenizerConfig, graph } = filesOf(cell)
  try {
    mkdirSync(folder)
    writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer))
    if (tokenizerConfig !== undefined)
      writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(tokenizerConfig))
    writeFileSync(join(folder, 'model.onnx'), Buffer.from(graph, 'base64'))
    return await use(folder)
  } finally {
    rmSync(join(folder, '..'), { recursive: true })
  }
}
