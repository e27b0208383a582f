import { describe, expect, it } from 'vitest'
import { hasColour } from '../../packages/cli/src/output/terminal.ts'
import { duration, startProgress } from '../../packages/cli/src/output/terminal.ts'
import { table } from '../../packages/cli/src/output/terminal.ts'
import { fakeIo } from './support.ts'

/** What a terminal of that width would show after each change. */
function frames(columns: number, env: Record<string, string> = {}): string[] {
  const io = fakeIo({ columns, env: { NO_COLOR: '1', ...env } })
  let now = 0
  const progress = startProgress(io, { label: 'scoring', total: 40, start: 10, now: () => now })
  for (const done of [10, 20, 40]) {
    now += 10_000
    progress.update(done)
  }
  progress.stop()
  return io.written.stderr.split('\r').slice(1)
}

describe('the bar', () => {
  it('shows share and time left by the speed of this run, and leaves a clean line', () => {
    const [first, second, third, last, ...rest] = frames(80)
    expect(first).toMatch(/scoring █+░+ 10\/40 25 %$/)
    // Ten in twenty seconds: twenty more take forty.
    expect(second).toMatch(/20\/40 50 % 40 s left$/)
    expect(third).toMatch(/scoring █+ 40\/40 100 %$/)
    expect(last).toBe('\u001b[K')
    expect(rest).toEqual([])
  })

  it.each([20, 30, 45, 200])('never fills a terminal of %i columns', (columns) => {
    for (const frame of frames(columns)) expect(frame.replace('\u001b[K', '').length).toBeLessThan(columns)
  })

  it('is not drawn more often than an eye can follow', () => {
    const io = fakeIo({ columns: 80 })
    const progress = startProgress(io, { label: 'scoring', total: 1e6, now: () => 5 })
    for (let done = 0; done < 1000; done++) progress.update(done)
    expect(io.written.stderr.split('\r')).toHaveLength(2)
  })

  it.each([
    ['is no terminal', fakeIo],
    ['cannot clear a line', () => fakeIo({ columns: 80, env: { TERM: 'dumb' } })],
  ])('is a line every 30 seconds where stderr %s, and nothing for short work', (_, make) => {
    const io = make()
    let now = 0
    const progress = startProgress(io, { label: 'reranking', total: 4000, start: 1000, now: () => now })
    for (let done = 1000; done < 2000; done += 10) {
      now += 700
      progress.update(done)
    }
    progress.stop()
    expect(io.written.stderr).toBe(
      'secondpass: reranking 1,420 of 4,000, 36 %, 3 min left\nsecondpass: reranking 1,850 of 4,000, 46 %, 3 min left\n',
    )
    const short = make()
    const quick = startProgress(short, { label: 'reranking', total: 2 })
    quick.update(1)
    quick.stop()
    expect(short.written.stderr).toBe('')
  })
})

describe('colours', () => {
  const tty = fakeIo({ columns: 80 }).stderr
  it.each([
    [{}, true],
    [{ NO_COLOR: '1' }, false],
    [{ NO_COLOR: '' }, true],
    [{ TERM: 'dumb' }, false],
    [{ FORCE_COLOR: '0' }, false],
    [{ NO_COLOR: '1', FORCE_COLOR: '1' }, false],
  ])('on a terminal with %j: %s', (env, expected) => expect(hasColour(tty, env)).toBe(expected))

  it('are off where nobody looks, unless forced', () => {
    expect(hasColour(fakeIo().stderr, {})).toBe(false)
    expect(hasColour(fakeIo().stderr, { FORCE_COLOR: '1' })).toBe(true)
  })
})

it('durations are short', () => {
  expect([900, 65_000, 600_000, 12_000_000].map(duration)).toEqual(['1 s', '65 s', '10 min', '3 h 20 min'])
})

it('tables align words to the left and numbers to the right', () => {
  expect(
    table([
      ['name', '1'],
      ['x', '100'],
    ]),
  ).toBe('name    1\nx     100')
})
