/** Why a {@link RerankError} was thrown. */
export type RerankErrorCode =
  /** An argument or option is wrong. Always thrown, whatever `onError` says. */
  | 'invalid-argument'
  /** A model file is missing, damaged or of a kind that cannot be used. */
  | 'model-files'
  /** The runtime (onnxruntime-node and the like) is missing or failed to load here. */
  | 'runtime'
  /** A scorer failed, or broke its contract. */
  | 'scorer'
  /** The deadline passed before the scorer was done. */
  | 'deadline'
  /** Too much waits for the scorer already: see `maxQueued`. */
  | 'overloaded'
  /** The scorer or reranker was used after `close()`. */
  | 'closed'

const marker = Symbol.for('secondpass.RerankError')

/** Every error this library throws on its own account. The message names what is wrong, shows the value and says the fix. */
export class RerankError extends Error {
  override readonly name: string = 'RerankError'
  readonly code: RerankErrorCode

  constructor(code: RerankErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    Object.defineProperty(this, marker, { value: true })
  }

  /** Recognises the error across two copies of this package, where `instanceof` does not. */
  static is(error: unknown): error is RerankError {
    return typeof error === 'object' && error !== null && marker in error
  }
}

/** What is known about a failed request to a provider. */
export interface ProviderFault {
  /** Who failed, for example `'cohere'`. */
  readonly provider: string
  /** The HTTP status; missing when no answer came. */
  readonly status?: number | undefined
  /** Whether the same request may succeed later. */
  readonly retryable: boolean
  /** How long the provider asked to wait, in milliseconds, if it did. */
  readonly retryAfterMs?: number | undefined
  /** What the provider said, cut short and without keys. Meant for logs, not for end users. */
  readonly providerMessage?: string | undefined
  readonly cause?: unknown
}

/** A hosted or self-hosted service failed, or its answer could not be used. The message says the fix; it holds no key. */
export class ProviderError extends RerankError {
  override readonly name: string = 'ProviderError'
  readonly provider: string
  readonly status: number | undefined
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined
  readonly providerMessage: string | undefined

  constructor(message: string, fault: ProviderFault) {
    super('scorer', message, fault.cause === undefined ? undefined : { cause: fault.cause })
    this.provider = fault.provider
    this.status = fault.status
    this.retryable = fault.retryable
    this.retryAfterMs = fault.retryAfterMs
    this.providerMessage = fault.providerMessage
  }

  /** Recognises the error across two copies of this package, where `instanceof` does not. */
  static override is(error: unknown): error is ProviderError {
    return RerankError.is(error) && 'provider' in error && 'retryable' in error
  }
}

/** Errors that say the setup is wrong, which no other order, try or scorer may hide. */
const SETUP_CODES: ReadonlySet<RerankErrorCode> = new Set(['invalid-argument', 'model-files', 'runtime', 'closed'])

/** What Node.js calls a module, a native library or a thread that is not there or does not start. */
const INSTALL_CODES: ReadonlySet<unknown> = new Set([
  'ERR_MODULE_NOT_FOUND',
  'MODULE_NOT_FOUND',
  'ERR_DLOPEN_FAILED',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_WORKER_INIT_FAILED',
])

/** Whether a file of a package is missing or unfit here: no other text and no second try changes that. */
export function isInstallFault(error: unknown): boolean {
  return isError(error) && INSTALL_CODES.has((error as { code?: unknown }).code)
}

/** The error for what {@link isInstallFault} found. */
export function installError(who: string, cause: unknown): RerankError {
  const said = isError(cause) ? cause.message.split('\n')[0] : String(cause)
  const fix = 'install the packages again, or, where a bundler has moved the code, mark @secondpass/core as external'
  return new RerankError('runtime', `A file that ${who} needs is not there (${said}): ${fix}.`, { cause })
}

/** Whether an error says that the setup is wrong: such errors are thrown whatever `onError` says. */
export function isSetupError(error: unknown): boolean {
  return RerankError.is(error) ? SETUP_CODES.has(error.code) : isInstallFault(error)
}

/** Whether it was the deadline, and not the caller, that ended a call or one scorer's part in it. */
export function isDeadline(error: unknown): boolean {
  return RerankError.is(error) && error.code === 'deadline'
}

const refusals = new WeakSet<object>()

/** The error for a call that is given up because of what waits before it, which says nothing about the scorer. */
export function refusal(code: 'overloaded' | 'deadline', message: string): RerankError {
  const error = new RerankError(code, message)
  refusals.add(error)
  return error
}

/** Whether an error is a {@link refusal}. */
export function isRefusal(error: unknown): boolean {
  return typeof error === 'object' && error !== null && refusals.has(error)
}

/**
 * Whether a value is an error, also one of another realm: under Jest the errors of Node.js itself are no instances of the
 * `Error` that a module sees.
 */
export function isError(value: unknown): value is Error {
  if (value instanceof Error) return true
  return typeof value === 'object' && value !== null && /^\[object (Error|DOMException)\]$/.test(tagOf(value))
}

/** The name of the kind that a value is of, whatever realm it comes from: `[object Float32Array]`. */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value)
}

/** Anything that a scorer rejected with, as an error. */
export function asError(thrown: unknown, { id }: { readonly id: string }): Error {
  if (isInstallFault(thrown) && !RerankError.is(thrown)) return installError(id, thrown)
  if (isError(thrown)) return thrown
  const message = `The scorer ${id} rejected with ${show(thrown)}: reject with an Error.`
  return new RerankError('scorer', message, { cause: thrown })
}

/** The error for an answer that would come too late. */
export function deadlineError(scorerId: string, fix = 'allow more time or fewer texts', cause?: unknown): RerankError {
  const message = `The deadline passed before the scorer ${scorerId} was done: ${fix}.`
  return new RerankError('deadline', message, cause === undefined ? undefined : { cause })
}

/** The error for a scorer that is used after `close()`. */
export function closedError(scorerId: string): RerankError {
  return new RerankError('closed', `The scorer ${scorerId} was closed: make a new one to go on.`)
}

/** Builds the error for a wrong argument: names it, shows the value, says the fix. */
export function invalidArgument(name: string, value: unknown, fix: string): RerankError {
  return new RerankError('invalid-argument', `${name} is ${show(value)}: ${fix}`)
}

/** The error for an instruction that would be left out: in silence the order would be another than was asked for. */
export function noInstruction(name: string, instruction: string): RerankError {
  return invalidArgument('instruction', instruction, `${name} takes none; leave it out`)
}

/** A value as it may stand in a message: short, and never a whole document. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}...` : value)
  if (value === null || typeof value !== 'object') return typeof value === 'function' ? 'a function' : String(value)
  if (Array.isArray(value)) return `an array of ${value.length}`
  try {
    return `an object with keys ${JSON.stringify(Object.keys(value).slice(0, 8))}`
  } catch {
    // A proxy may refuse to say.
    return 'an object that cannot be read'
  }
}

/**
 * Where a warning goes when the caller names no other place: in Node.js the process, with a name that can be filtered;
 * elsewhere the console, which is all there is.
 */
export function warn(message: string): void {
  const { process, console } = globalThis as { process?: Partial<NodeJS.Process>; console: Pick<Console, 'warn'> }
  if (process?.emitWarning !== undefined) process.emitWarning(message, 'SecondpassWarning')
  else console.warn(`SecondpassWarning: ${message}`)
}
