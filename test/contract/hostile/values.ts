import fc from 'fast-check'
import { anyHostileText } from '../../fixtures/hostile-text.ts'

/** What a hostile object throws: it is the caller's own error, and may come back as it is. */
export class Hostile extends Error {
  override readonly name = 'Hostile'
}

const refuse = (): never => {
  throw new Hostile('no')
}

/** Each makes a value anew, since some of them change when they are looked at. */
const makers: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => Number.NaN,
  () => Infinity,
  () => -Infinity,
  () => -0,
  () => -1,
  () => 0.5,
  () => 1e300,
  () => 2 ** 53,
  () => 2 ** 31,
  () => 10n,
  () => Symbol('s'),
  () => true,
  () => '',
  () => ' ',
  () => '\ud800',
  () => '\0',
  () => '__proto__',
  () => 'constructor',
  () => 'hasOwnProperty',
  () => `a${'\u0316\u0301'.repeat(300)}`,
  () => 'a'.repeat(2000),
  () => '[<{('.repeat(200),
  () => [],
  () => [undefined],
  () => Array.from({ length: 3 }),
  () => Object.assign([], { length: 5 }),
  () => [[[]]],
  () => ({}),
  () => Object.create(null) as object,
  () => JSON.parse('{"__proto__": {"text": "a"}, "constructor": 1}') as object,
  () => Object.freeze({ text: 'the key', score: 1, id: '__proto__' }),
  () => ({ text: 'the key', score: Number.NaN }),
  () => ({ text: '\udc00', score: -0, id: '' }),
  () => ({
    get text() {
      return refuse()
    },
  }),
  () => ({
    get score() {
      return refuse()
    },
    text: 'a',
  }),
  () => new Proxy({}, { get: refuse, has: refuse, ownKeys: refuse, getPrototypeOf: refuse }),
  () => new Proxy([], { get: refuse }),
  () => cyclic(),
  () => deep(5000),
  () => new Map(),
  () => new Map([['q', new Map([['d', Number.NaN]])]]),
  () => new Map<unknown, unknown>([[1, null]]),
  () => new Set([1]),
  () => new Date(Number.NaN),
  () => /a/,
  () => new Error('an error as a value'),
  () => new Uint8Array(3),
  () => new Float32Array([1, Number.NaN]),
  () => Promise.resolve('later'),
  () => () => undefined,
  () => refuse,
  () => () => rejected(),
  () => () => Number.NaN,
  () => () => 'text',
  () => new AbortController().signal,
  () => AbortSignal.abort(new Hostile('aborted')),
]

/** Of an async function where another is due: its promise is the caller's, and so would be a warning that nobody waits for it. */
function rejected(): Promise<never> {
  const promise = Promise.reject(new Hostile('later'))
  promise.catch(() => undefined)
  return promise
}

function cyclic(): object {
  const value: Record<string, unknown> = { text: 'the key' }
  value['self'] = value
  return value
}

function deep(levels: number): object {
  let value: object = { text: 'the key' }
  for (let at = 0; at < levels; at++) value = { text: 'the key', inner: value }
  return value
}

/** Makes a value that nobody expects. */
export const anyHostile: fc.Arbitrary<() => unknown> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...makers) },
  { weight: 1, arbitrary: anyHostileText.map((text) => (): unknown => text) },
  { weight: 1, arbitrary: fc.anything({ maxDepth: 2 }).map((value) => (): unknown => value) },
)
