import { RerankError } from './base/errors.js'

/**
 * What stands in bundles for browsers and edge runtimes in place of every module that needs Node.js (`#node/*` in
 * package.json): the same names, each of which says what to use instead.
 */
function unavailable(name: string): () => never {
  const fix = "use transformers({ model: '/models/model-en-mini/' }), with the model's files on your own server"
  const message = `${name} needs Node.js and onnxruntime-node, which browsers and edge runtimes lack: ${fix}.`
  return () => {
    throw new RerankError('runtime', message)
  }
}

export const crossEncoder: () => never = unavailable('crossEncoder, with the bundled model or any other,')
export const colbert: () => never = unavailable('colbert')
export const readDocuments: () => never = unavailable('readDocuments')
export const writeDocuments: () => never = unavailable('writeDocuments')
export const doctor: () => never = unavailable('doctor')
export const fetchModel: () => never = unavailable('fetchModel')

/** Browsers have a proxy without being told. */
export const defaultFetch = (): Promise<typeof fetch> => Promise.resolve((url, init) => fetch(url, init))
export const proxyHint = (): string => ''

/** No native library can be in the way of another there. */
export const explainClash = (): undefined => undefined

/** Only a native library is asked how it adds up. */
export const sumsExactlyIn = (): Promise<boolean> => Promise.resolve(false)

/** Browsers have no binary to load; the tokenizer in JavaScript stands in for it. */
export const openRustTokenizer = (): Promise<undefined> => Promise.resolve(undefined)
