import { isError } from '../../../base/errors.js'
import {
  copyOfNeighbour,
  isSupported,
  loadedCopies,
  OLDEST,
  overrideFix,
  requireFrom,
  type RuntimeCopy,
  shown,
} from './copies.js'
import { sumsExactly } from './sums.js'

/* What is asked of a runtime that another package loads. */

/**
 * Why another package could not load its own copy, if it was because of a copy that is loaded already; nothing otherwise.
 *
 * @param packageName the other package, such as `@huggingface/transformers`
 */
export function explainClash(packageName: string, cause: unknown): string | undefined {
  const [loaded] = loadedCopies()
  if (loaded === undefined || !isClash(cause)) return undefined
  const fix = overrideFix(isSupported(loaded.version) ? loaded.version : OLDEST)
  return `${packageName} asks for another version of onnxruntime-node than ${shown(loaded)}, which this process has loaded: ${fix}.`
}

/** The loader of Linux, of macOS and of Windows, and the runtime itself. */
const CLASH =
  /version `VERS_[\d.]+' not found|Symbol not found: _OrtGetApiBase|specified procedure could not be found|requested API version/

function isClash(cause: unknown): boolean {
  for (let error: unknown = cause, depth = 0; isError(error) && depth < 5; error = error.cause, depth++) {
    if (CLASH.test(error.message)) return true
  }
  return false
}

/** Whether the runtime of a package adds up products of bytes exactly; `false` also where that cannot be found out. */
export async function sumsExactlyIn(packageName: string): Promise<boolean> {
  try {
    const copy = loadedCopyOf(packageName)
    return copy !== undefined && (await sumsExactly(requireFrom(copy.folder)))
  } catch {
    return false
  }
}

/** The copy that a package sees, if this process has loaded it. */
function loadedCopyOf(packageName: string): RuntimeCopy | undefined {
  const seen = copyOfNeighbour(packageName)
  return seen && loadedCopies().find(({ folder }) => folder === seen.folder)
}
