import type { Answer } from './read-answer.js'
import type { RerankRequest } from './scorer.js'

/** What scores are: probabilities in 0..1, or logits that a sigmoid turns into them. */
export type ScoreType = 'probability' | 'logit'

/** What the caller said about a server. */
export interface ServerSettings {
  readonly model: string | undefined
  readonly scoreType: ScoreType
  /** Whether the server is to cut texts that are too long. */
  readonly truncate: boolean
}

/** How one kind of server speaks. */
export interface Dialect {
  /** The page that describes the wire format. */
  readonly docs: string
  /** Below the URL of the server. */
  path(url: string): string
  /** Texts per request, unless the caller says otherwise. */
  readonly maxTexts: number
  /** Where the server says how many texts it takes, and how to read that. */
  readonly info?: { readonly path: string; maxTexts(body: unknown): unknown }
  /**
   * What is known about scores. `'asks'`: the request says which type is wanted. `'caller'`: only the caller knows,
   * because it depends on the model. `'logit'`: always logits.
   */
  readonly scores: 'asks' | 'caller' | 'logit'
  readonly needsModel?: boolean
  readonly fixes?: Readonly<Record<number, string>>
  body(request: RerankRequest, settings: ServerSettings): object
  answer(body: unknown): Answer
}
