import { show } from '../errors.js'

/**
 * The forms in which clients ask for a reranking, by what tells them apart in the body or the path. `'documents'`: Cohere,
 * Jina, Voyage, Mixedbread, vLLM, Infinity, llama.cpp and all that copy them. `'ollama'`: the same at `/api/rerank`, with
 * documents that come back as strings. `'tei'`: Text Embeddings Inference, and the router of Hugging Face. `'nim'`:
 * NVIDIA NIM. `'score'`: the score API of vLLM. `'dashscope'`: the nested form of Alibaba. `'candidates'`: LibreChat's.
 */
export type Dialect = 'documents' | 'ollama' | 'tei' | 'nim' | 'score' | 'dashscope' | 'candidates'

/** One request, whatever form it came in. */
export interface RerankRequest {
  readonly dialect: Dialect
  readonly query: string
  /** What the scorer reads. */
  readonly texts: readonly string[]
  /** The documents as they were given, for answers that echo them. */
  readonly documents: readonly unknown[]
  /** How many rows are wanted; nothing for one a document. */
  readonly topN: number | undefined
  /** Whether the documents are to be sent back. */
  readonly returnDocuments: boolean
  /** Whether logits are wanted and no probabilities. */
  readonly wantsLogits: boolean
  /** Whether a text that does not fit the model is to be refused and not cut. */
  readonly refusesTruncation: boolean
  /** What LibreChat's form calls the reranker; comes back as it was. */
  readonly profile?: unknown
}

/** Why a request is answered with an error: told to the client in the words of its dialect. */
export class RequestError extends Error {
  override readonly name: string = 'RequestError'

  constructor(
    readonly status: number,
    message: string,
    /** When to ask again, in seconds. */
    readonly retryAfterSeconds?: number,
  ) {
    super(message)
  }
}

/**
 * The dialect that a path is for, before the body was read; nothing where a body with `texts` and one with `documents` are
 * both at home, as at `/rerank`.
 */
export function dialectOf(path: string): Dialect | undefined {
  if (path.endsWith('/api/rerank')) return 'ollama'
  if (path.endsWith('/text-rerank')) return 'dashscope'
  if (path.endsWith('/ranking')) return 'nim'
  if (path.endsWith('/score')) return 'score'
  return path.endsWith('/rerank') && !/\/v\d+\/rerank$/.test(path) ? undefined : 'documents'
}

type Fields = Readonly<Record<string, unknown>>

/**
 * Reads the parts of a body. Unknown fields are let pass, since clients send what their own server takes; of those that are
 * read, a wrong type is refused.
 *
 * @throws RequestError with status 400 and the field, its value and the fix, or 413 for too many texts.
 */
export function readRequest(form: Form, limits: { readonly maxDocuments: number }): RerankRequest {
  const { dialect, list, body, options } = form
  const query = readQuery(form.query, dialect)
  const documents = readList(list, limits.maxDocuments)
  const rankFields = Array.isArray(body['rank_fields']) ? body['rank_fields'].map(String) : undefined
  return {
    dialect,
    query,
    documents,
    texts: documents.map((document, at) => textOf(document, { name: `${list.name}[${at}]`, rankFields })),
    topN: readCount(options),
    returnDocuments: ['return_documents', 'return_text', 'return_input'].some((name) => isTrue(options[name])),
    wantsLogits: isTrue(body['raw_scores']) || isFalse(body['use_activation']) || dialect === 'nim',
    refusesTruncation:
      (dialect === 'tei' && isFalse(body['truncate'])) || (dialect === 'nim' && body['truncate'] === 'NONE'),
    ...(dialect === 'candidates' && { profile: body['profile'] }),
  }
}

interface Named {
  readonly name: string
  readonly value: unknown
}

/** Which dialect a body is in, and where it has its parts. */
export interface Form {
  readonly dialect: Dialect
  readonly body: Fields
  readonly query: Named
  readonly list: Named
  /** Where `top_n` and the like stand. */
  readonly options: Fields
}

/** @throws RequestError with status 400 for what is no object. */
export function formOf(path: string, body: unknown): Form {
  if (!isFields(body)) throw new RequestError(400, `The body is ${show(body)}: send a JSON object.`)
  const form = (dialect: Dialect, list: string): Form => ({
    dialect,
    body,
    query: { name: 'query', value: body['query'] },
    list: { name: list, value: body[list] },
    options: body,
  })
  const { inputs, input } = body
  // Clients with one class for all servers write `null` where they have nothing to say.
  const has = (name: string): boolean => body[name] !== undefined && body[name] !== null
  if (has('texts')) return form('tei', 'texts')
  if (isFields(inputs)) return { ...within(body, 'inputs', 'texts'), dialect: 'tei' }
  if (has('passages')) return form('nim', 'passages')
  if (has('candidates')) return form('candidates', 'candidates')
  if (has('text_1') || dialectOf(path) === 'score') return scoreForm(body)
  if (isFields(input) && !Array.isArray(input)) {
    const { parameters } = body
    const options = isFields(parameters) ? parameters : {}
    return { ...within(body, 'input', 'documents'), dialect: 'dashscope', options }
  }
  const dialect = dialectOf(path) === 'ollama' ? 'ollama' : 'documents'
  return form(dialect, Array.isArray(input) ? 'input' : 'documents')
}

/** A form whose query and list stand one level below. */
function within(body: Fields, outer: string, list: string): Omit<Form, 'dialect'> {
  const inner = body[outer] as Fields
  return {
    body,
    query: { name: `${outer}.query`, value: inner['query'] },
    list: { name: `${outer}.${list}`, value: inner[list] },
    options: body,
  }
}

function scoreForm(body: Fields): Form {
  const [one, two] = [body['text_1'], body['text_2']]
  return {
    dialect: 'score',
    body,
    query: { name: 'text_1', value: Array.isArray(one) && one.length === 1 ? one[0] : one },
    list: { name: 'text_2', value: typeof two === 'string' ? [two] : two },
    options: {},
  }
}

function readQuery({ name, value }: Named, dialect: Dialect): string {
  const text = dialect === 'nim' && isFields(value) ? value['text'] : value
  if (typeof text !== 'string') throw new RequestError(400, `${name} is ${given(text)}: send a string.`)
  if (text.trim() === '') throw new RequestError(400, `${name} is blank: send what was asked.`)
  return text
}

function readList({ name, value }: Named, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw new RequestError(400, `${name} is ${given(value)}: send an array of texts.`)
  if (value.length <= most) return value
  const fix = 'send fewer, or start the server with a higher --max-documents'
  throw new RequestError(413, `${name} has ${value.length} texts, more than ${most}: ${fix}.`)
}

/** The text of a document: itself, its `text`, or its fields one a line, but for images. */
function textOf(
  document: unknown,
  { name, rankFields }: { readonly name: string; readonly rankFields: readonly string[] | undefined },
): string {
  if (typeof document === 'string') return document
  if (!isFields(document) || Array.isArray(document)) {
    throw new RequestError(400, `${name} is ${given(document)}: send a string, or an object with "text".`)
  }
  if (rankFields === undefined && typeof document['text'] === 'string') return document['text']
  const all = (rankFields ?? Object.keys(document)).filter((field) => Object.hasOwn(document, field))
  const fields = all.filter((field) => !isImage(field, document[field]))
  if (fields.length === 0 && all.length > 0) {
    throw new RequestError(400, `${name} is an image and nothing else, which the model does not read: send a text.`)
  }
  return fields.map((field) => `${field}: ${plain(document[field], name)}`).join('\n')
}

/** Clients of models that see send pictures under this name; their letters say nothing of what is on them. */
function isImage(field: string, value: unknown): boolean {
  return (
    /^image(?:_url)?$/.test(field) &&
    (isFields(value) || (typeof value === 'string' && /^(?:data|https?):/.test(value)))
  )
}

function plain(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    throw new RequestError(400, `${name} is nested too deeply: send a string, or an object with "text".`)
  }
}

/** Clients without a number of their own send `null`; `top_n` wins over the names that others use. */
function readCount(options: Fields): number | undefined {
  const name = ['top_n', 'top_k', 'k'].find((one) => options[one] !== undefined && options[one] !== null)
  if (name === undefined) return undefined
  const value = options[name]
  const count = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  if (Number.isSafeInteger(count) && (count as number) >= 1) return count as number
  throw new RequestError(400, `${name} is ${given(value)}: send a whole number from 1, or leave it out for all.`)
}

/** Some clients write a flag as a string. */
function isTrue(value: unknown): boolean {
  return value === true || (typeof value === 'string' && value.toLowerCase() === 'true')
}

function isFalse(value: unknown): boolean {
  return value === false || (typeof value === 'string' && value.toLowerCase() === 'false')
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null
}

function given(value: unknown): string {
  if (value === undefined) return 'missing'
  return typeof value === 'object' && value !== null ? (Array.isArray(value) ? 'an array' : 'an object') : show(value)
}
