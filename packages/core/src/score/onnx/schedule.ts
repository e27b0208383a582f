import { oneByOne } from '../encode/one-by-one.js'
import type { OpenedRunner } from './provider-order.js'
import type { GraphSession } from './session.js'

/** Runs the pairs one at a time in this thread; onnxruntime lets the event loop turn between runs. */
export function inThisThread(session: GraphSession): OpenedRunner {
  const runner = oneByOne({
    score: ({ ids, secondSegmentStart }) => session.run(ids, secondSegmentStart),
    release: () => session.release(),
  })
  return { opened: session.opened, ...runner }
}
