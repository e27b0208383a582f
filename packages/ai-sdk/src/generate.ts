import { type Generate, type GenerateCall, RerankError } from '@secondpass/core'

/** A language model of the AI SDK, as its providers make them; or the id of one, for the gateway. */
export type AskedModel = string | { readonly specificationVersion: string; doGenerate(options: never): unknown }

/** What `generateText` of the AI SDK takes beside the model, the prompt and the signal, such as `maxRetries`. */
export interface GenerateSettings {
  /** Default 0. `null` leaves it to the model: some that think first refuse any. */
  readonly temperature?: number | null | undefined
  /** How often `generateText` tries again what is retryable. Default: that of the AI SDK, 2. */
  readonly maxRetries?: number | undefined
  /** The longest answer, in tokens. Default: that of the model. */
  readonly maxOutputTokens?: number | undefined
  /** Options of the model's provider. */
  readonly providerOptions?: Readonly<Record<string, object>> | undefined
  /** Headers of the requests, where the model sends any. */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined
}

interface TextAnswer {
  readonly text: string
  readonly usage?: { readonly inputTokens?: unknown; readonly outputTokens?: unknown }
}

/**
 * Lets `llmListwise` and `llmPointwise` of `@secondpass/core` ask a language model of the AI SDK, by `generateText` of the
 * package `ai` that is installed, version 6 or 7: its retries, middleware and telemetry hold. Aborts and time limits reach
 * the model; where it tells its usage, the report counts `inputTokens` and `outputTokens`.
 *
 * @throws RerankError `'invalid-argument'` for what is no language model; when called, `'runtime'` where the package `ai` is
 *   missing, and `'scorer'` with the AI SDK's own error as its cause.
 */
export function generateWith(model: AskedModel, settings: GenerateSettings = {}): Generate {
  const isModel = typeof model === 'string' ? model !== '' : typeof model?.doGenerate === 'function'
  if (!isModel) {
    const fix = "pass a language model of the AI SDK, such as openai('gpt-5-mini')"
    throw new RerankError('invalid-argument', `model is ${model === null ? 'null' : typeof model}: ${fix}`)
  }
  if (typeof settings !== 'object' || settings === null) {
    throw new RerankError(
      'invalid-argument',
      `settings is ${settings === null ? 'null' : typeof settings}: pass an object`,
    )
  }
  const { temperature = 0, ...more } = settings
  const given = { ...more, ...(temperature !== null && { temperature }), model }
  return async (prompt, call) => {
    const generateText = await loadGenerateText()
    try {
      const { text, usage } = await generateText({ ...given, prompt, abortSignal: call.signal })
      countTokens(usage, call)
      return text
    } catch (cause) {
      call.signal.throwIfAborted()
      // Errors of clients may quote keys and prompts.
      throw new RerankError('scorer', 'generateText() of the AI SDK failed: see the cause.', { cause })
    }
  }
}

type GenerateText = (options: object) => PromiseLike<TextAnswer>

/** By a cast: the types of its two versions differ in what is not used here. */
async function loadGenerateText(): Promise<GenerateText> {
  const { generateText } = await import('ai').catch((cause: unknown) => {
    const fix = 'npm install ai'
    throw new RerankError('runtime', `generateWith() asks the model by the package ai, which does not load: ${fix}`, {
      cause,
    })
  })
  return generateText as unknown as GenerateText
}

function countTokens(usage: TextAnswer['usage'], { stats }: GenerateCall): void {
  for (const counter of ['inputTokens', 'outputTokens'] as const) {
    const tokens = usage?.[counter]
    if (typeof tokens === 'number' && Number.isFinite(tokens)) stats[counter] = (stats[counter] ?? 0) + tokens
  }
}
