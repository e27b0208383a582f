import { expectTypeOf, test } from 'vitest'
import { type RemoteScorer, type Scorer, llmListwise, llmPointwise, withCache } from '../../packages/core/src/index.ts'

const generate = async (): Promise<string> => ''
const generateYesNo = async (): Promise<{ yes: number; no: number }> => ({ yes: -1, no: -1 })

test('a judge of single texts may be cached, one of lists may not', () => {
  expectTypeOf(llmPointwise({ generate })).toExtend<Scorer<'pair'>>()
  withCache(llmPointwise({ generateYesNo }), new Map())
  expectTypeOf(llmListwise({ generate })).toEqualTypeOf<RemoteScorer<'pool'>>()
  // @ts-expect-error -- the place of a text depends on the other texts.
  withCache(llmListwise({ generate }), new Map())
})

test('a grade and a yes or no exclude each other', () => {
  // @ts-expect-error -- there is no function to ask with.
  llmPointwise({})
  // @ts-expect-error -- one of the two.
  llmPointwise({ generate, generateYesNo })
  // @ts-expect-error -- there are no grades of a yes or no.
  llmPointwise({ generateYesNo, maxGrade: 5 })
})
