import { RerankError, invalidArgument } from '../../errors.js'

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
