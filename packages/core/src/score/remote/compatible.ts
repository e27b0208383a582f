import {
  atLeast,
  anyText,
  type Check,
  isObject,
  must,
  oneAmong,
  oneOf,
  type OptionsOf,
  type OptionTable,
  withDefault,
} from '../../base/check.js'
import { invalidArgument, RerankError } from '../../base/errors.js'
import { fingerprint, hostOf, instructionParts, placeName } from '../../base/identity.js'
import type { Scope } from '../../types.js'
import { perToken, readAnswer, sigmoid } from './answers.js'
import type { RemoteScorer } from './engine.js'
import { type FormName, formNames, formOf, type FormSettings } from './forms.js'
import {
  bearer,
  type HostedOptions,
  type HostedSettings,
  hostedScorer,
  keyFix,
  keyFrom,
  optionalKeyFrom,
  oneServer,
  type OwnOptions,
  readHostedOptions,
  transportOf,
} from './hosted.js'
import { exchangeJson, httpUrl, type Transport } from './http.js'
import { type Preset, type PresetName, presetNames, presets, takesInstruction } from './presets.js'

interface SharedOptions extends HostedOptions {
  /**
   * Whether a score depends on the text alone (`'pair'`, the default) or on all texts of the request (`'pool'`), as with
   * listwise rerankers: their texts are never split over requests, and their scores neither cached nor cut off.
   */
  readonly scope?: Scope | undefined
  /**
   * What the scores are: numbers that stay as they are (`'probability'`, the default), or logits, of which the sigmoid makes
   * probabilities. The form `'nim'` always gives logits.
   */
  readonly scoreType?: 'probability' | 'logit' | undefined
  /** Further fields of every request, for example `{ return_documents: false }`. They change the scorer's id. */
  readonly extraBody?: Readonly<Record<string, unknown>> | undefined
  /** Price of a million tokens in any currency, from 0; the report then has `cost`. Default: what the service says, if it does. */
  readonly pricePerMillionTokens?: number | undefined
  /** Price of a search unit in any currency, from 0, for services that bill by it. Default: what the service says. */
  readonly pricePerSearchUnit?: number | undefined
}

/** A service that is known by name. */
interface PresetOptions extends SharedOptions {
  /** The service. `docs/providers.md` has the table: where it is, which form it has, which variable its key. */
  readonly preset: PresetName
  /** The model, as the service names it. */
  readonly model: string
  /** Where requests go, as it is; nothing is appended. Default: the address of the service. Azure has none, and needs it. */
  readonly url?: string | undefined
  readonly form?: undefined
  readonly keyHeader?: undefined
  readonly instructionField?: undefined
}

/** Any other service that speaks one of the forms. */
interface UrlOptions extends SharedOptions {
  /** Where requests go, as it is: nothing is appended, a query is kept. */
  readonly url: string
  /**
   * How it is asked. `'cohere'`: `{ model, query, documents, top_n }`, rows in `results`. `'voyage'`: the same with `top_k`,
   * rows in `data`. `'tei'`: `{ query, texts }`, a bare list. `'nim'`: `{ model, query: { text }, passages }`, rows in
   * `rankings`. `'isaacus'`: `{ model, query, texts }`, rows in `results`. `'deepinfra'`: `{ queries, documents }`, a list
   * `scores`. Rows of the first two are found under either name.
   */
  readonly form: FormName
  /** The model, as the service names it. Left out of the request when missing. Also a part of the scorer's id. */
  readonly model?: string | undefined
  /** The header of the key. Default `'authorization'`, with `Bearer` before it; the others carry the key as it is. */
  readonly keyHeader?: 'authorization' | 'api-key' | 'x-api-key' | undefined
  /** The field of the body that holds an instruction, for a reranker that takes one. Default: it takes none. */
  readonly instructionField?: string | undefined
  readonly preset?: undefined
}

/** Options of {@link compatible}: either a `preset`, or a `url` and a `form`. */
export type CompatibleOptions = PresetOptions | UrlOptions

/** Either, as the table reads it. */
interface Own extends OwnOptions<SharedOptions> {
  readonly preset?: PresetName | undefined
  readonly form?: FormName | undefined
  readonly url?: string | undefined
  readonly model?: string | undefined
  readonly keyHeader?: 'authorization' | 'api-key' | 'x-api-key' | undefined
  readonly instructionField?: string | undefined
}

/** What every request is made of: these fields are ours to fill in. */
const OURS = /^(query|queries|documents|texts|passages|model|top_n|top_k)$/

const furtherFields: Check<Readonly<Record<string, unknown>>> = (name, value) => {
  if (!isObject(value) || Array.isArray(value)) throw invalidArgument(name, value, 'pass an object of fields')
  const taken = Object.keys(value).find((key) => OURS.test(key))
  if (taken !== undefined)
    throw invalidArgument(`${name}.${taken}`, value[taken], 'leave it out; the scorer fills it in')
  if (!isJson(value)) throw invalidArgument(name, value, 'pass fields that JSON can hold: no bigint and no circle')
}

function isJson(value: unknown): boolean {
  try {
    JSON.stringify(value)
    return true
  } catch {
    return false
  }
}

const nameOfField: Check<string> = must(
  (value) => typeof value === 'string' && value !== '' && !OURS.test(value),
  "pass the name of a field, for example 'instruction'",
)

const table = {
  preset: oneAmong(presetNames),
  form: oneAmong(formNames),
  url: httpUrl,
  model: anyText,
  scope: withDefault(oneOf('pair', 'pool'), 'pair'),
  scoreType: oneOf('probability', 'logit'),
  keyHeader: oneOf('authorization', 'api-key', 'x-api-key'),
  instructionField: nameOfField,
  extraBody: furtherFields,
  pricePerMillionTokens: atLeast(0),
  pricePerSearchUnit: atLeast(0),
} satisfies OptionTable<Own>

/**
 * A reranker of any service that speaks a known form: one that is known by name (`preset: 'openrouter'`), or at any address
 * (`url`, `form`). The URL is used as it is. With a preset the key comes from the service's environment variable; at an
 * address of your own only from `apiKey`. The report has `searchUnits` or `billedTokens`, as the service bills, and `cost`
 * when a price was given or the service says it.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option, a missing key, and an instruction for a model that takes none.
 */
export function compatible(options: CompatibleOptions & { readonly scope: 'pool' }): RemoteScorer<'pool'>
export function compatible(options: CompatibleOptions): RemoteScorer<'pair'>
export function compatible(options: CompatibleOptions): RemoteScorer {
  const settings = readHostedOptions(table, options)
  const { preset: name, model, scope, pricePerMillionTokens, pricePerSearchUnit } = settings
  const preset = name === undefined ? customOf(settings) : knownOf(name, settings)
  const url = urlOf(preset, settings)
  const form = formOf(preset.form)
  if (form.needsModel && model === undefined) throw missingModel(preset)
  const wanted = wantedOf(preset, settings, form.isLogit === true)
  const transport = transportFor(preset, settings)
  const { names } = transport
  return hostedScorer<Scope>(
    {
      id: idOf(preset, { ...settings, scoreType: wanted.scoreType }, url),
      scope,
      names,
      servers: oneServer(url),
      prices: { billedTokens: perToken(pricePerMillionTokens), searchUnits: pricePerSearchUnit },
      ...(wanted.scoreType === 'logit' && { toProbability: sigmoid }),
      takesInstruction: takesInstruction(preset, model),
      limits: () => ({
        ...preset.limits,
        maxTexts: settings.maxTexts ?? (scope === 'pool' ? Infinity : preset.limits.maxTexts),
      }),
      exchange: async ({ query, instruction, ...request }, to, signal) => {
        const asked = instruction === undefined || preset.asked === undefined ? query : preset.asked(query, instruction)
        const body = form.body({ ...request, query: asked, instruction }, wanted)
        const answer = await exchangeJson(transport, { url: to, body, signal })
        return readAnswer(answer, (read) => form.answer(read), { names, host: hostOf(to) })
      },
    },
    settings,
  )
}

type Settings = OptionsOf<typeof table> & HostedSettings

function wantedOf(preset: Preset, { model, scoreType, extraBody }: Settings, isLogit: boolean): FormSettings {
  if (isLogit && scoreType === 'probability') {
    throw invalidArgument('scoreType', scoreType, `the form ${preset.form} always gives logits; leave it out`)
  }
  return {
    model,
    scoreType: scoreType ?? (isLogit ? 'logit' : 'probability'),
    instructionField: preset.instructionField,
    extraBody: { ...preset.extraBody, ...extraBody },
  }
}

/** A key from the environment goes to the service that it belongs to, or to where the caller says that service is. */
function transportFor(preset: Preset, settings: Settings): Transport {
  const { preset: name, keyHeader = preset.keyHeader ?? 'authorization' } = settings
  const key = name === undefined ? optionalKeyFrom(settings, []) : keyFrom(settings, preset.keyVariables)
  const plain = key === undefined ? {} : { [keyHeader]: key }
  const names = { provider: name ?? preset.form, keyFix: keyFix(preset.keyVariables), docs: preset.docs }
  return transportOf(names, settings, { auth: keyHeader === 'authorization' ? bearer(key) : plain, key })
}

/** Everything that changes the numbers, and whose numbers they are. */
function idOf(
  preset: Preset,
  { preset: name, model, scoreType, extraBody, ...settings }: Settings,
  url: string,
): string {
  const parts = [
    name ?? preset.form,
    model ?? 'unnamed',
    ...(scoreType === 'logit' ? ['logit'] : []),
    ...(extraBody === undefined ? [] : [`x${fingerprint(JSON.stringify(extraBody))}`]),
    ...instructionParts(settings.instruction),
  ]
  // The path of a service's own address says nothing that its name does not.
  const known = name !== undefined && settings.url === undefined ? new URL(url).pathname : ''
  return `${parts.join(':')}@${placeName(url, known)}`
}

/** What is not in the table, in its terms. */
function customOf({ form, url, instructionField }: Own): Preset {
  if (form === undefined || url === undefined) {
    const fix = `pass preset (${presetNames.join(', ')}), or url and form (${formNames.join(', ')})`
    throw new RerankError('invalid-argument', `It is not said how the service is asked: ${fix}.`)
  }
  return {
    form,
    docs: 'its documentation',
    keyVariables: [],
    limits: { maxTexts: form === 'tei' ? 32 : 1000 },
    example: 'the name of a model',
    ...(instructionField !== undefined && { instructionField }),
  }
}

function knownOf(name: PresetName, settings: Own): Preset {
  for (const own of ['form', 'keyHeader', 'instructionField'] as const) {
    if (settings[own] !== undefined) throw invalidArgument(own, settings[own], `leave it out; ${name} has its own`)
  }
  const preset = presets[name]
  if (settings.model === undefined || settings.model.trim() === '') throw missingModel(preset)
  return preset
}

function missingModel({ example }: Preset): RerankError {
  return new RerankError('invalid-argument', `model is missing: pass the model, for example '${example}'.`)
}

function urlOf({ url }: Preset, { url: own, model = '', preset }: Own): string {
  if (own !== undefined) return new URL(own).href
  if (url !== undefined) return typeof url === 'string' ? url : url(model)
  const fix =
    "pass the address of your deployment, for example 'https://NAME.services.ai.azure.com/providers/cohere/v2/rerank'"
  throw new RerankError('invalid-argument', `url is missing, and every account of ${preset} has its own: ${fix}.`)
}
