import type { Scope } from '../../types.js'
import type { Answer } from './answer.js'
import { exchangeJson, type ProviderNames, type Transport } from './http.js'
import { checkHostedOptions, checkUrl, type HostedOptions, keyFix, keyFrom, urlBelow } from './options.js'
import { type HostedScorer, hostedScorer, type RequestLimits, type RerankRequest } from './scorer.js'
import { machineClock } from './work.js'

/** Options of a vendor's service. */
export interface VendorOptions extends HostedOptions {
  /** Where the service is. Default: the vendor's own address. */
  readonly baseUrl?: string
}

/** A vendor's service in terms of its wire format. */
export interface Vendor<S extends Scope> {
  readonly name: string
  readonly model: string
  readonly scope: S
  /** The vendor's page. */
  readonly docs: string
  readonly keyVariables: readonly string[]
  readonly baseUrl: string
  /** Below the base URL. */
  readonly path: string
  readonly limits: RequestLimits
  /** Options that change the numbers, as parts of the id. */
  readonly idParts?: readonly string[]
  /** Names of options besides those shared by all. */
  readonly optionNames: readonly string[]
  readonly pricePerUnit?: number | undefined
  readonly fixes?: Readonly<Record<number, string>>
  /** The headers that carry the key. Default: `authorization: Bearer …`. */
  headers?(key: string | undefined): Record<string, string>
  body(request: RerankRequest): object
  answer(body: unknown): Answer
}

/** Makes a scorer of a vendor's wire format. */
export function vendorScorer<S extends Scope>(vendor: Vendor<S>, options: VendorOptions): HostedScorer<S> {
  checkHostedOptions(options, ['model', 'baseUrl', ...vendor.optionNames])
  const key = keyFrom(options, vendor.keyVariables)
  const url = urlBelow(checkUrl('baseUrl', options.baseUrl ?? vendor.baseUrl), vendor.path)
  const names = namesOf(vendor)
  const transport = transportOf(names, options, { auth: (vendor.headers ?? bearer)(key), key })
  return hostedScorer(
    {
      id: vendorId(vendor, new URL(url).host),
      scope: vendor.scope,
      names,
      urls: [url],
      pricePerUnit: vendor.pricePerUnit,
      limits: () => withMaxTexts(vendor.limits, options),
      exchange: async (request, to, signal) =>
        vendor.answer(await exchangeJson(transport, { url: to, body: vendor.body(request), signal })),
    },
    options,
  )
}

/** Provider, model, options that change the numbers, and host. */
export function vendorId({ name, model, idParts = [] }: Vendor<Scope>, host: string): string {
  return [name, model, ...idParts].join(':') + `@${host}`
}

export function namesOf({ name, keyVariables, docs, fixes }: Vendor<Scope>): ProviderNames {
  return { provider: name, keyFix: keyFix(keyVariables), docs, ...(fixes && { fixes }) }
}

/** The limits, with the caller's own number of texts if there is one. */
export function withMaxTexts(limits: RequestLimits, { maxTexts }: HostedOptions): RequestLimits {
  return maxTexts === undefined ? limits : { ...limits, maxTexts }
}

/** How a scorer speaks HTTP: with the caller's `fetch`, his headers over ours. */
export function transportOf(
  names: ProviderNames,
  options: HostedOptions,
  { auth, key }: { auth: Record<string, string>; key: string | undefined },
): Transport {
  const headers = { ...auth, ...options.headers }
  return {
    names,
    headers,
    // Called as a plain function: the `fetch` of browsers refuses to be a method of anything but the window.
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    clock: options.clock ?? machineClock,
    maxResponseBytes: options.maxResponseBytes ?? 32 * 1024 * 1024,
    // Of `Bearer …` the token alone as well.
    secrets: [key, ...Object.values(options.headers ?? {})].flatMap((value) =>
      value === undefined ? [] : [value, ...value.split(' ')],
    ),
  }
}

export function bearer(key: string | undefined): Record<string, string> {
  return key === undefined ? {} : { authorization: `Bearer ${key}` }
}
