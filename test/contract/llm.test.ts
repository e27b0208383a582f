import { llmListwise } from '../../packages/core/src/score/remote/language-models/listwise.ts'
import { llmPointwise } from '../../packages/core/src/score/remote/language-models/pointwise.ts'
import { judge, readPrompt } from '../core/score/remote/language-models/support.ts'
import { scorerContract } from './scorer-contract.ts'

const lengthOf = (prompt: string): number => (readPrompt(prompt).passages[0] ?? '').length

scorerContract('llmListwise', () => llmListwise({ generate: judge((passage) => passage.length) }))
scorerContract('llmListwise in small windows', () =>
  llmListwise({ generate: judge((passage) => passage.length), windowSize: 3, stride: 1 }),
)
scorerContract('llmListwise of a model that refuses', () => llmListwise({ generate: async () => 'I cannot do that.' }))
scorerContract('llmPointwise by grade', () =>
  llmPointwise({ generate: async (prompt) => String(Math.min(10, Math.floor(lengthOf(prompt) / 100))) }),
)
scorerContract('llmPointwise by yes and no', () =>
  llmPointwise({ generateYesNo: async (prompt) => ({ yes: -1 / (1 + lengthOf(prompt)), no: -2 }), concurrency: 2 }),
)
