import { closeSync, existsSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { invalidArgument, RerankError } from '../../base/errors.js'

/**
 * The packages that names of our own stand for. What runs in a browser cannot read this file and has its
 * own list, to refuse the names (`transformers/options.ts`).
 */
export const bundledPackages = {
  bundled: '@secondpass/model-en-mini',
  'bundled-tiny': '@secondpass/model-en-tiny',
} as const

/** A model of our own, by the name that it has as a `model` option. */
export type BundledName = keyof typeof bundledPackages

/** What a `model` option means. */
export type ModelName =
  | { readonly kind: 'bundled'; readonly name: BundledName }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'hub'; readonly repo: string }

/** `organisation/name` in the letters that the hub allows; no part begins with a dot or ends with one. */
const HUB_ID = /^(?![.-])[\w.-]{1,96}(?<![.-])\/(?![.-])[\w.-]{1,96}(?<![.-])$/

/**
 * Reads a `model` option: `'bundled'`, `'bundled-tiny'`, the path of a folder, or `'organisation/name'` on the hub. A name
 * that could be both of the latter is the folder when there is one, as in Python; `'./organisation/name'` is always a path.
 *
 * @throws RerankError `'invalid-argument'` for anything else.
 */
export function readModelName(model: unknown): ModelName {
  if (typeof model !== 'string' || model.trim() === '' || model.includes('\0')) {
    const fix = "pass 'bundled', 'bundled-tiny', the path of a folder, or 'organisation/name' on the hub"
    throw invalidArgument('model', model, fix)
  }
  if (isBundledName(model)) return { kind: 'bundled', name: model }
  const path = resolve(model)
  if (isHubId(model) && !existsSync(path)) return { kind: 'hub', repo: model }
  return { kind: 'folder', path }
}

/** Whether a name means a model of our own, and never a folder or the hub. */
export function isBundledName(name: string): name is BundledName {
  return Object.hasOwn(bundledPackages, name)
}

/** Whether a name has the shape of a hub id. The hub also refuses `--` and `..`, which would not survive as a folder name. */
export function isHubId(name: string): boolean {
  return HUB_ID.test(name) && !name.includes('--') && !name.includes('..')
}

/** What a model cannot be read without. */
export const requiredFiles: readonly string[] = ['config.json', 'tokenizer.json']

/** What changes numbers where it is present. None of them is larger than a few hundred kilobytes. */
export const optionalFiles: readonly string[] = [
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'calibration.json',
  'modules.json',
  'sentence_bert_config.json',
  'config_sentence_transformers.json',
  '1_LogitScore/config.json',
  // Of late-interaction models.
  'onnx_config.json',
  'artifact.metadata',
  'chat_template.jinja',
  'chat_template.json',
]

/** The number formats that a graph may come in. */
export type Dtype = 'auto' | 'int8' | 'uint8' | 'q4' | 'fp16' | 'fp32'

/** A format that a file has. */
type FileDtype = Exclude<Dtype, 'auto'>

/** What a graph is wanted for. */
export interface GraphWish {
  readonly dtype: Dtype
  /** Whether the processor may have to run it: `'cpu'` is among the providers. */
  readonly onProcessor: boolean
  readonly arch: string
}

/** The files of a folder or repository, and what it is called in an error. */
export interface GraphPlace {
  readonly name: string
  /** Whether a file is there, by its path with `/`. */
  has(path: string): boolean
  /** Every `.onnx` file, for the error that says what there is instead. */
  graphs(): readonly string[]
}

/** The names under which public models keep each format: those of transformers.js, then those of sentence-transformers. */
const fileNames: Readonly<Record<FileDtype, (arch: string) => readonly string[]>> = {
  fp32: () => ['model.onnx'],
  fp16: () => ['model_fp16.onnx'],
  int8: (arch) => [
    'model_int8.onnx',
    'model_quantized.onnx',
    ...(arch === 'arm64' ? ['model_qint8_arm64.onnx'] : ['model_qint8_avx512_vnni.onnx', 'model_qint8_avx512.onnx']),
  ],
  uint8: () => ['model_uint8.onnx', 'model_quint8_avx2.onnx'],
  q4: () => ['model_q4.onnx'],
}

/** On a processor the authors' own numbers come first; 4-bit weights are slower there than fp32 and come last. */
const autoOnProcessor: readonly FileDtype[] = ['fp32', 'int8', 'uint8', 'q4']
const autoOnDevice: readonly FileDtype[] = ['fp16', 'fp32', 'int8', 'uint8', 'q4']

/** Measured with onnxruntime 1.30 on x64: matrix products take as long as in fp32, because they are done in fp32. */
const NO_HALF =
  "a processor computes float16 as float32, so that precision is lost and nothing won, and some such graphs do not open; pass dtype: 'fp32', or providers without 'cpu'"

/** @throws RerankError `'invalid-argument'` for a format that is not known, and for float16 on a processor. */
export function checkDtype(dtype: unknown, onProcessor: boolean): void {
  if (dtype !== undefined && dtype !== 'auto' && !Object.hasOwn(fileNames, dtype as string)) {
    throw invalidArgument('dtype', dtype, "pass 'auto', 'int8', 'uint8', 'q4', 'fp16' or 'fp32'")
  }
  if (dtype === 'fp16' && onProcessor) throw invalidArgument('dtype', dtype, NO_HALF)
}

/**
 * The path of the graph to open: in the folder itself or, as on the hub, in its `onnx` folder.
 *
 * @throws RerankError `'model-files'` when there is none of the format, with what there is and what to do.
 */
export function chooseGraph(place: GraphPlace, wish: GraphWish): string {
  const { dtype } = wish
  const found = graphCandidates(wish).find((path) => place.has(path))
  if (found !== undefined) return found
  const graphs = place.graphs()
  if (graphs.length === 0)
    throw new RerankError('model-files', `${place.name} has no ONNX file such as onnx/model.onnx: ${HOW_TO_EXPORT}.`)
  const there = graphs.slice(0, 12).join(', ')
  const fix =
    dtype === 'auto' ? `none of them can be used here (${NO_HALF})` : "pass the dtype of one that is there, or 'auto'"
  throw new RerankError('model-files', `${place.name} has no graph for dtype '${dtype}', only ${there}: ${fix}.`)
}

/** Every path at which a wanted graph may be, the best first. */
export function graphCandidates({ dtype, onProcessor, arch }: GraphWish): string[] {
  const order = dtype === 'auto' ? (onProcessor ? autoOnProcessor : autoOnDevice) : [dtype]
  return order.flatMap((format) => fileNames[format](arch).flatMap((name) => [name, `onnx/${name}`]))
}

/** The one command that makes a graph of a BERT-type model; other families have exporters of their own. */
export const HOW_TO_EXPORT =
  'export one with "python -m export MODEL_DIR OUT_DIR" in the training/ folder of secondpass (BERT-type models) or with "optimum-cli export onnx --model MODEL_DIR OUT_DIR", then pass the path of OUT_DIR as the model'

/** A graph whose weights lie elsewhere is small: it holds names, shapes and a few constants. */
const LARGEST_BYTES = 64 << 20

/** In protobuf: the field `key` with the value `location`, then the field `value` with its length. */
const LOCATION = Buffer.from('\x0a\x08location\x12', 'latin1')

/**
 * The names of the files in which a graph keeps its weights, as written in the graph, which is where onnxruntime reads
 * them from; empty for a graph that holds its weights itself.
 */
export function externalFiles(graphPath: string): string[] {
  const handle = openSync(graphPath, 'r')
  try {
    return fstatSync(handle).size > LARGEST_BYTES ? [] : locationsIn(readFileSync(handle))
  } finally {
    closeSync(handle)
  }
}

function locationsIn(graph: Buffer): string[] {
  const found = new Set<string>()
  for (let at = graph.indexOf(LOCATION); at >= 0; at = graph.indexOf(LOCATION, at + 1)) {
    const start = at + LOCATION.length
    // A length above 127 would take two bytes; no file name of the hub is as long.
    const length = graph[start] ?? 128
    if (length < 128) found.add(graph.toString('utf8', start + 1, start + 1 + length))
  }
  return [...found]
}

/**
 * Refuses names that would leave the folder they are joined to, read as POSIX and as Windows would read them: file names
 * come from a repository that anybody may have written.
 *
 * @throws RerankError `'model-files'`.
 */
export function checkSafeName(name: string): void {
  const parts = name.split(/[/\\]/)
  const leaves = parts.some((part) => part === '..' || part === '.' || part === '')
  if (!leaves && !/^[a-zA-Z]:/.test(name) && !/[\0\\]/.test(name)) return
  throw new RerankError(
    'model-files',
    `The repository has a file called ${JSON.stringify(name.slice(0, 100))}, which may lie outside its folder: do not use this model.`,
  )
}

/** Whether a name may stand as one part of a path: a commit, an ETag. */
export function isPlainName(name: string): boolean {
  return /^[\w.-]{1,200}$/.test(name) && !name.startsWith('.')
}
