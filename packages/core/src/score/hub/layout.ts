import { createHash, type Hash } from 'node:crypto'
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Check, oneOf } from '../../base/check.js'
import { RerankError } from '../../base/errors.js'

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
  'sentence_roberta_config.json',
  'sentence_distilbert_config.json',
  'sentence_camembert_config.json',
  'sentence_albert_config.json',
  'sentence_xlm-roberta_config.json',
  'sentence_xlnet_config.json',
  'config_sentence_transformers.json',
  // Of late-interaction models.
  'onnx_config.json',
  'artifact.metadata',
  'chat_template.jinja',
  'chat_template.json',
]

/**
 * What may lie in the folders of the modules that a modules.json names: what each is, and its weights, which are small
 * beside a graph's. Whether the modules can be used is not looked at here.
 *
 * @param folder where modules.json is
 */
export function moduleFiles(folder: string): string[] {
  const place = join(folder, 'modules.json')
  if (!existsSync(place)) return []
  try {
    const modules = JSON.parse(readFileSync(place, 'utf8')) as readonly { readonly path?: unknown }[]
    const paths = modules.map(({ path }) => path).filter((path) => typeof path === 'string' && isPlainName(path))
    return [...new Set(paths as string[])].flatMap((path) => [`${path}/config.json`, `${path}/model.safetensors`])
  } catch {
    // A file that is not of this form is refused where the folder is read.
    return []
  }
}

/** The number formats that a graph may come in. */
export type Dtype = 'auto' | 'int8' | 'uint8' | 'q4' | 'fp16' | 'fp32'

/** A format that a file has. */
type FileDtype = Exclude<Dtype, 'auto'>

/** What a graph is wanted for. */
export interface GraphSpec {
  readonly dtype: Dtype
  /** Whether the processor may have to run it: `'cpu'` is among the providers. */
  readonly onProcessor: boolean
  readonly arch: string
  /** Whether a lean graph may be made of what is found: see {@link leanBasisOf}. */
  readonly lean?: boolean | undefined
}

/** The files of a folder or repository, and what it is called in an error. */
export interface GraphPlace {
  readonly name: string
  /** Whether a file is there, by its path with `/`. */
  has(path: string): boolean
  /** Every `.onnx` file, for the error that says what there is instead. */
  graphs(): readonly string[]
  /** What a lean graph can be made of there, as far as can be told without reading weights. */
  leanBasis(): LeanBasis | undefined
}

/** Weights without a graph; of some models a graph is made of them. */
const WEIGHTS = 'model.safetensors'

const LEAN_TYPES: readonly unknown[] = ['bert', 'roberta', 'xlm-roberta', 'camembert', 'electra']

/** What a lean graph is made of: of a BERT its graph in fp32 or its weights, of a ModernBERT its weights alone. */
export type LeanBasis = 'graph or weights' | 'weights'

/**
 * Whether a model is of a kind that a lean graph is made of, by its config.json: a BERT with a head on its first token, or a
 * ModernBERT, whose head may be in modules of its own.
 */
export function leanBasisOf(config: unknown): LeanBasis | undefined {
  const { model_type: type, architectures } = (config ?? {}) as { model_type?: unknown; architectures?: unknown }
  const [first] = Array.isArray(architectures) ? (architectures as unknown[]) : []
  const architecture = String(first)
  const isClassifier = architecture.endsWith('ForSequenceClassification')
  if (type === 'modernbert') return isClassifier || architecture === 'ModernBertModel' ? 'weights' : undefined
  return LEAN_TYPES.includes(type) && isClassifier ? 'graph or weights' : undefined
}

/** The number format of the lean graph that is made of a file; nothing where it is opened as it is. */
export function leanDtype(file: string, { dtype, lean }: GraphSpec, config: unknown): 'fp32' | 'int8' | undefined {
  const basis = leanBasisOf(config)
  const isGraph = fileNames.fp32('').some((name) => file === name || file === `onnx/${name}`)
  const isSource = file === WEIGHTS ? basis !== undefined : isGraph && basis === 'graph or weights'
  if (lean !== true || !isSource) return undefined
  return dtype === 'int8' ? 'int8' : 'fp32'
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

/** Why not half floats. Measured with onnxruntime 1.30 on x64: matrix products take as long as in fp32, because they are done in fp32. */
export const NO_HALF =
  "a processor computes float16 as float32, so that precision is lost and nothing won, and some such graphs do not open; pass dtype: 'fp32', or providers without 'cpu'"

/** The option `dtype`. */
export const dtypeOption: Check<Dtype> = oneOf('auto', 'int8', 'uint8', 'q4', 'fp16', 'fp32')

/**
 * The path of the graph to open: in the folder itself or, as on the hub, in its `onnx` folder.
 *
 * @throws RerankError `'model-files'` when there is none of the format, with what there is and what to do.
 */
export function chooseGraph(place: GraphPlace, spec: GraphSpec): string {
  const { dtype } = spec
  const first = (basis: LeanBasis | undefined): string | undefined =>
    graphCandidates(spec, basis).find((path) => place.has(path))
  // What a lean graph could be made of changes the choice for int8 and where there is no graph: only then it is looked at.
  const plain = dtype === 'int8' ? undefined : first(undefined)
  const found = plain ?? first(spec.lean === true ? place.leanBasis() : undefined)
  if (found !== undefined) return found
  const graphs = place.graphs()
  if (graphs.length === 0)
    throw new RerankError('model-files', `${place.name} has no ONNX file such as onnx/model.onnx: ${HOW_TO_EXPORT}.`)
  const there = graphs.slice(0, 12).join(', ')
  const fix =
    dtype === 'auto' ? `none of them can be used here (${NO_HALF})` : "pass the dtype of one that is there, or 'auto'"
  throw new RerankError('model-files', `${place.name} has no graph for dtype '${dtype}', only ${there}: ${fix}.`)
}

/**
 * Every path at which a wanted graph may be, or what it is made of, the best first.
 *
 * @param basis what a lean graph can be made of; nothing where none is to be made
 */
export function graphCandidates(
  { dtype, onProcessor, arch }: Omit<GraphSpec, 'lean'>,
  basis: LeanBasis | undefined,
): string[] {
  const order = dtype === 'auto' ? (onProcessor ? autoOnProcessor : autoOnDevice) : [dtype]
  const paths = (format: FileDtype): string[] => fileNames[format](arch).flatMap((name) => [name, `onnx/${name}`])
  const graphs = order.flatMap(paths)
  if (basis === undefined) return graphs
  // Rounding the authors' own numbers keeps more of them than a file of bytes has.
  if (dtype === 'int8') return [...(basis === 'weights' ? [] : paths('fp32')), ...graphs, WEIGHTS]
  return dtype === 'auto' || dtype === 'fp32' ? [...graphs, WEIGHTS] : graphs
}

/** The one command that makes a graph of a BERT-type model; other families have exporters of their own. */
const HOW_TO_EXPORT =
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
    const { size } = fstatSync(handle)
    // A graph written here holds its weights, and searching those for names takes a tenth of a start.
    return size > LARGEST_BYTES || isWrittenIn(handle, size) ? [] : locationsIn(readFileSync(handle))
  } finally {
    closeSync(handle)
  }
}

/** A graph, and the files beside it that hold its weights: paths, whether they are there or not. */
export function graphFiles(graphPath: string): string[] {
  return [graphPath, ...externalFiles(graphPath).map((name) => join(dirname(graphPath), name))]
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

/** Far more than the properties that are at the end of a lean graph. */
const TAIL_BYTES = 4096

/** Whether a graph is lean already: training/export and lean/graph.ts leave a property of this name at the end of the file. */
export function isWrittenHere(graphPath: string): boolean {
  const handle = openSync(graphPath, 'r')
  try {
    return isWrittenIn(handle, fstatSync(handle).size)
  } finally {
    closeSync(handle)
  }
}

function isWrittenIn(handle: number, size: number): boolean {
  const tail = Buffer.alloc(TAIL_BYTES)
  readSync(handle, tail, 0, TAIL_BYTES, Math.max(0, size - TAIL_BYTES))
  return tail.includes('secondpass.format')
}

const SLICE_BYTES = 1 << 20

/** The sha256 of a file, as 64 hex digits. */
export async function sha256Of(file: string): Promise<string> {
  return digest(file, () => createHash('sha256'))
}

/** Whether a file is what its name in the cache says: a sha256, or the id that git gives to its contents. */
export async function matchesEtag(file: string, etag: string): Promise<boolean> {
  if (/^[0-9a-f]{64}$/.test(etag)) return (await sha256Of(file)) === etag
  if (!/^[0-9a-f]{40}$/.test(etag)) return false
  return (await digest(file, (size) => createHash('sha1').update(`blob ${size}\0`))) === etag
}

/** Read in slices into one buffer, so that the weights never stand in memory a second time. */
async function digest(file: string, begin: (size: number) => Hash): Promise<string> {
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    const hash = begin(size)
    const slice = Buffer.allocUnsafe(Math.min(SLICE_BYTES, size + 1))
    for (;;) {
      // Every argument: yarn's own file handles, without node_modules, take a length that is left out for none.
      const { bytesRead } = await handle.read(slice, 0, slice.length, null)
      if (bytesRead === 0) return hash.digest('hex')
      hash.update(slice.subarray(0, bytesRead))
    }
  } finally {
    await handle.close()
  }
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
