import { invalidArgument } from '../../errors.js'
import { scoringParts } from '../encode/scoring-options.js'
import type { LoadedTransformersModel, TransformersDevice, TransformersOptions } from './options.js'

/** Whether a model is named by where it lies and not by its name on the hub. */
export function isFolder(model: string): boolean {
  return /^(\.{0,2}[/\\]|[a-z]:[/\\]|https?:)/i.test(model)
}

/** Node.js, Deno and Bun have a processor of their own to offer, everything else WebAssembly. */
export function defaultDevice(): TransformersDevice {
  return hasProcess() ? 'cpu' : 'wasm'
}

/** Whether this is Node.js or what passes for it. */
export function hasProcess(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } }
  return process?.versions?.node !== undefined
}

/** The model, its version, the runtime with device and precision, and the options that change the numbers. */
export function idOf(options: TransformersOptions): string {
  const { model, maxLength, longText, windowOverlap } = options
  const parts = typeof model === 'string' ? idOfNamed(model, options) : idOfLoaded(model, options)
  parts.push(...scoringParts(options))
  if (maxLength !== undefined) parts.push(`max${maxLength}`)
  if (longText === 'windows') parts.push(`windows-${windowOverlap ?? 'default'}`)
  return parts.join(':')
}

function idOfNamed(model: string, { revision, device = defaultDevice(), dtype }: TransformersOptions): string[] {
  const folder = isFolder(model)
  const version = revision ?? (folder ? undefined : 'main')
  const name = folder ? model.replace(/[/\\]+$/, '') : model
  return [version === undefined ? name : `${name}@${version}`, 'transformers', device, dtype ?? 'default']
}

function idOfLoaded({ model }: LoadedTransformersModel, { name, revision }: TransformersOptions): string[] {
  const { config, sessions } = model as LoadedModelFields
  const { _name_or_path: ownName } = config ?? {}
  const called = name ?? ownName
  if (typeof called !== 'string' || called === '') {
    throw invalidArgument('name', name, 'the model does not say what it is called: name it, for example by its hub id')
  }
  const { device = 'unknown', dtype = 'unknown' } = sessions?.['model']?.config ?? {}
  return [revision === undefined ? called : `${called}@${revision}`, 'transformers', device, dtype]
}

/** What of a model of transformers.js is looked at beside calling it. */
export interface LoadedModelFields {
  readonly config?: { readonly _name_or_path?: unknown; readonly max_position_embeddings?: number }
  readonly sessions?: Readonly<Record<string, LoadedSession | undefined>>
  dispose?(): Promise<unknown>
}

/** The session of onnxruntime behind it. */
export interface LoadedSession {
  readonly inputNames: readonly string[]
  readonly inputMetadata?: readonly { readonly name: string; readonly type?: string }[]
  /** Left there by transformers.js. */
  readonly config?: { readonly device?: string; readonly dtype?: string }
}
