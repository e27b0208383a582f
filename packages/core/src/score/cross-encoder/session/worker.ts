import { parentPort, workerData } from 'node:worker_threads'
import { RerankError } from '../../../base/errors.js'
import { type FromWorker, guardedRun, type Job, NEXT, pairOf, STOP, type ToWorker } from './job.js'
import { type GraphSession, openSession, type SessionOptions } from './node.js'

/** The thread's side of the pool: opens the graph, then takes pairs of each job until none is left. */
const { flags, options } = workerData as { flags: Int32Array; options: SessionOptions }
const port = parentPort
if (port === null) throw new Error('worker.js is started by the pool, not by hand')

const answer = (message: FromWorker): void => port.postMessage(message)

try {
  const session = await guardedRun(flags, () => openSession(options))
  if (session !== undefined) serve(session)
} catch (error) {
  answer({ type: 'failed', error, code: RerankError.is(error) ? error.code : undefined })
  port.close()
}

function serve(session: GraphSession): void {
  // Jobs run one after the other: two at once would only take turns on this thread.
  let last: Promise<void> = Promise.resolve()
  port?.on('message', (message: ToWorker) => {
    last = last.then(() => (message.type === 'job' ? work(message.job, session) : close(session)))
  })
  answer({ type: 'ready', opened: session.opened })
}

async function work(job: Job, session: GraphSession): Promise<void> {
  let scored = 0
  try {
    while (Atomics.load(job.control, STOP) === 0) {
      const turn = Atomics.add(job.control, NEXT, 1)
      if (turn >= job.order.length) break
      const at = job.order[turn] as number
      const { ids, secondSegmentStart } = pairOf(job, at)
      const logit = await guardedRun(flags, () => session.run(ids, secondSegmentStart))
      if (logit === undefined) return
      job.logits[at] = logit
      scored++
    }
    answer({ type: 'done', jobId: job.id, scored })
  } catch (error) {
    Atomics.store(job.control, STOP, 1)
    answer({ type: 'done', jobId: job.id, scored, error })
  }
}

async function close(session: GraphSession): Promise<void> {
  await guardedRun(flags, () => session.release())
  port?.close()
}
