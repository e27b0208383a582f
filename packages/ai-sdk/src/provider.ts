import { NoSuchModelError, type ProviderV3, type RerankingModelV3 } from '@ai-sdk/provider'
import { crossEncoder, type CrossEncoderOptions, type Reranker, RerankError, type Scorer } from '@secondpass/core'
import { rerankingModel, type RerankingSettings } from './model.js'

/** Options of {@link createSecondpass}. */
export interface SecondpassProviderOptions {
  /**
   * Scorers and rerankers by name, for `reranking(name)` and for registries: `{ cohere: cohere() }` is
   * `registry.rerankingModel('secondpass:cohere')`. Default: none.
   */
  readonly models?: Readonly<Record<string, Scorer | Reranker>> | undefined
  /** How models that are named by an id are run, for example `{ workers: 1 }`. Default: as `crossEncoder()` does. */
  readonly crossEncoder?: Omit<CrossEncoderOptions, 'model'> | undefined
}

/** Reranking models for `rerank()` of the AI SDK, and a provider for its registries. */
export interface SecondpassProvider extends ProviderV3, AsyncDisposable {
  /**
   * A reranking model.
   *
   * @param model `'bundled'` or `'bundled-tiny'`; a model of the Hugging Face hub (`'organisation/name'`) or a folder, as for
   * `crossEncoder`; a name of the provider's `models`; or any scorer or reranker. Models by id are loaded once for this
   * provider, on first use, however often they are asked for.
   * @throws NoSuchModelError for an id that is none of these; RerankError `'invalid-argument'` for a wrong setting,
   * `'model-files'` when a folder holds no model.
   */
  reranking(
    model: 'bundled' | 'bundled-tiny' | (string & {}) | Scorer | Reranker,
    settings?: RerankingSettings,
  ): RerankingModelV3
  /** The same, as registries and `customProvider` ask for it. */
  rerankingModel(modelId: string): RerankingModelV3
  /** Frees the models that this provider loaded by id; scorers and rerankers that were passed in are left to their makers. */
  close(): Promise<void>
}

/**
 * Makes a provider with scorers of your own, or with settings for the models it loads.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function createSecondpass(options: SecondpassProviderOptions = {}): SecondpassProvider {
  const { models = {}, crossEncoder: runOptions } = checked(options)
  const loaded = new Map<string, Scorer>()

  const sourceOf = (id: string): Scorer | Reranker => {
    if (Object.hasOwn(models, id)) return models[id] as Scorer | Reranker
    const known = loaded.get(id)
    if (known !== undefined) return known
    // Anything else has a slash: a model of the hub, or a folder.
    if (id !== 'bundled' && id !== 'bundled-tiny' && !/[/\\]/.test(id)) throw noSuchModel(id, 'rerankingModel', models)
    const scorer = crossEncoder({ ...runOptions, model: id })
    loaded.set(id, scorer)
    return scorer
  }
  const reranking: SecondpassProvider['reranking'] = (model, settings = {}) =>
    typeof model === 'string'
      ? rerankingModel(sourceOf(model), named(settings, model))
      : rerankingModel(model, settings)
  const close = async (): Promise<void> => {
    const scorers = [...loaded.values()]
    loaded.clear()
    await Promise.all(scorers.map(async (scorer) => scorer.close?.()))
  }
  const none = (kind: 'languageModel' | 'embeddingModel' | 'imageModel') => (modelId: string) => {
    throw noSuchModel(modelId, kind, {})
  }
  return {
    specificationVersion: 'v3',
    reranking,
    rerankingModel: (modelId) => reranking(modelId),
    languageModel: none('languageModel'),
    embeddingModel: none('embeddingModel'),
    imageModel: none('imageModel'),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Settings with a name for the model, unless they have one. What are no settings is refused where all of them are read. */
function named(settings: RerankingSettings, modelId: string): RerankingSettings {
  const given = settings as RerankingSettings | null
  return given === null || typeof given !== 'object' ? settings : { ...given, modelId: given.modelId ?? modelId }
}

/** The provider as it comes: `secondpass.reranking('bundled')`. Nothing is loaded before the first call. */
export const secondpass: SecondpassProvider = createSecondpass()

const names: readonly string[] = ['models', 'crossEncoder'] satisfies (keyof SecondpassProviderOptions)[]

function checked(options: SecondpassProviderOptions): SecondpassProviderOptions {
  if (typeof options !== 'object' || options === null) {
    throw new RerankError(
      'invalid-argument',
      `options is ${options === null ? 'null' : typeof options}: pass an object`,
    )
  }
  const stray = Object.keys(options).find((name) => !names.includes(name))
  if (stray !== undefined) {
    throw new RerankError('invalid-argument', `options.${stray} does not exist: use ${names.join(', ')}`)
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || (typeof value === 'object' && value !== null)) continue
    throw new RerankError(
      'invalid-argument',
      `options.${name} is ${value === null ? 'null' : typeof value}: pass an object`,
    )
  }
  return options
}

function noSuchModel(
  modelId: string,
  modelType: 'languageModel' | 'embeddingModel' | 'imageModel' | 'rerankingModel',
  models: object,
): NoSuchModelError {
  const own = Object.keys(models).map((name) => `'${name}'`)
  const there = ["'bundled'", "'bundled-tiny'", ...own, "'organisation/name' of the Hugging Face hub"].join(', ')
  const what = modelType === 'rerankingModel' ? `use ${there}` : 'it has reranking models only'
  return new NoSuchModelError({ modelId, modelType, message: `secondpass has no ${modelType} '${modelId}': ${what}.` })
}
