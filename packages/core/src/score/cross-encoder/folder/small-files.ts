import { RerankError, show } from '../../../base/errors.js'
import type { Json } from '../tokenizer/pipeline.js'

/** Reads the small files of a model by their paths in its folder, with `/`; `undefined` for a file that is not there. */
export interface SmallFiles {
  /** @throws RerankError `'model-files'` when the file is not JSON. */
  json(path: string): unknown
  text(path: string): string | undefined
}

/** The files of a folder of which only some are known, parsed already: whatever is not listed is not there. */
export function listedFiles(files: Readonly<Record<string, unknown>>): SmallFiles {
  return {
    json: (path) => (Object.hasOwn(files, path) ? files[path] : undefined),
    text: (path) => (typeof files[path] === 'string' ? files[path] : undefined),
  }
}

/** A file that holds a JSON object; `undefined` when it is not there. @throws RerankError `'model-files'` for other JSON. */
export function readObject(files: SmallFiles, path: string): Json | undefined {
  const value = files.json(path)
  if (value === undefined) return undefined
  if (isObject(value)) return value
  throw new RerankError('model-files', `${path} is ${show(value)}: it should hold an object; restore it.`)
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A setting of a file of a model, as it stands there. */
export interface Setting {
  readonly file: string
  readonly name: string
  readonly value: unknown
}

/**
 * The error for a setting that nobody has held against Python here. Whatever is not known to give Python's numbers is
 * refused: a score that is wrong in silence is worse than none.
 */
export function notKnown({ file, name, value }: Setting, fix: string): RerankError {
  return new RerankError(
    'model-files',
    `${file}: ${name} is ${shown(value)}, which is not known to secondpass: ${fix}.`,
  )
}

function shown(value: unknown): string {
  if (typeof value !== 'object' || value === null) return show(value)
  const text = JSON.stringify(value)
  return text.length > 120 ? show(value) : text
}

/** A setting that is true or false. */
export function flagIn({ file, name, value }: Setting, otherwise: boolean): boolean {
  if (value === undefined) return otherwise
  if (typeof value === 'boolean') return value
  throw notKnown({ file, name, value }, 'it should be true or false')
}

/** Refuses whatever a file sets beyond the names given. */
export function checkNames(file: string, given: Json, known: readonly string[]): void {
  const other = Object.keys(given).find((name) => !known.includes(name))
  if (other === undefined) return
  throw notKnown({ file, name: other, value: given[other] }, `only ${known.join(', ')} can be obeyed here`)
}
