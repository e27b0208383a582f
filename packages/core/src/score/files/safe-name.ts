import { RerankError } from '../../errors.js'

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
