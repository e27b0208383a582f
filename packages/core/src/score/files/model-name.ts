import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { invalidArgument } from '../../errors.js'

/**
 * The packages that names of our own stand for. What runs in a browser cannot read this file and has its
 * own list, to refuse the names (`transformers/options.ts`).
 */
export const bundledPackages = {
  bundled: '@secondpass/model-en-mini',
  'bundled-tiny': '@secondpass/model-en-tiny',
} as const

/** A model of our own, by the name that it has as a `model` option. */
export type BundledName = keyof typeof bundledPackages

/** What a `model` option means. */
export type ModelName =
  | { readonly kind: 'bundled'; readonly name: BundledName }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'hub'; readonly repo: string }

/** `organisation/name` in the letters that the hub allows; no part begins with a dot or ends with one. */
const HUB_ID = /^(?![.-])[\w.-]{1,96}(?<![.-])\/(?![.-])[\w.-]{1,96}(?<![.-])$/

/**
 * Reads a `model` option: `'bundled'`, `'bundled-tiny'`, the path of a folder, or `'organisation/name'` on the hub. A name
 * that could be both of the latter is the folder when there is one, as in Python; `'./organisation/name'` is always a path.
 *
 * @throws RerankError `'invalid-argument'` for anything else.
 */
export function readModelName(model: unknown): ModelName {
  if (typeof model !== 'string' || model.trim() === '' || model.includes('\0')) {
    const fix = "pass 'bundled', 'bundled-tiny', the path of a folder, or 'organisation/name' on the hub"
    throw invalidArgument('model', model, fix)
  }
  if (isBundledName(model)) return { kind: 'bundled', name: model }
  const path = resolve(model)
  if (isHubId(model) && !existsSync(path)) return { kind: 'hub', repo: model }
  return { kind: 'folder', path }
}

/** Whether a name means a model of our own, and never a folder or the hub. */
export function isBundledName(name: string): name is BundledName {
  return Object.hasOwn(bundledPackages, name)
}

/** Whether a name has the shape of a hub id. The hub also refuses `--` and `..`, which would not survive as a folder name. */
export function isHubId(name: string): boolean {
  return HUB_ID.test(name) && !name.includes('--') && !name.includes('..')
}
