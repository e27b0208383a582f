import { RerankError } from '../../errors.js'

const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT']
const CLOSED: readonly unknown[] = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR']

/** Whether there was no room. */
export function isDiskFull(error: unknown): boolean {
  return FULL.includes((error as NodeJS.ErrnoException | undefined)?.code)
}

/** Whether the place may not be written to. On a file system that may only be read, Node.js calls a new folder "missing". */
function isNotWritable(error: unknown): boolean {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException
  return CLOSED.includes(code) || (code === 'ENOENT' && syscall === 'mkdir')
}

/** An error of the file system with what to do about it; any other as it is. */
export function explainDisk(error: unknown, what: string, folder: string): unknown {
  const fix = 'set HF_HOME to a folder'
  if (isDiskFull(error)) {
    const message = `The disk is full: ${what} did not fit into ${folder}: free some space, or ${fix} on another disk.`
    return new RerankError('model-files', message, { cause: error })
  }
  if (!isNotWritable(error)) return error
  const { message: said } = error as Error
  const message = `${what} cannot be put into ${folder} (${said}): make it writable, or ${fix} that is.`
  return new RerankError('model-files', message, { cause: error })
}
