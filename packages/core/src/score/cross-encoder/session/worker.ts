import { parentPort, workerData } from 'node:worker_threads'
import { RerankError } from '../../../base/errors.js'
import { Blocks, StateReader } from '../states.js'
import { portOfProcess } from './processes.js'
import { type GraphSession, openSession, type SessionOptions } from './node.js'
import { type FromWorker, guardedRun, type PairMessage, type ToWorker } from './threads.js'

/** The thread's side of the pool: opens the graph, then scores pair after pair until it is told to close. */
interface Given {
  readonly flags: Int32Array
  readonly options: SessionOptions
}

const { data, port } = parentPort === null ? await portOfProcess() : { data: workerData as unknown, port: parentPort }
const { flags, options } = data as Given

/** Deno's port cannot be closed; its workers end by themselves, as those of the web do. */
const leave = (): void => {
  if (typeof (port as Partial<typeof port>).close === 'function') port.close()
  else (globalThis as { close?: () => void }).close?.()
}

const answer = (message: FromWorker): void => port.postMessage(message)

try {
  const session = await guardedRun(flags, () => openSession(options))
  if (session !== undefined) serve(session)
} catch (error) {
  answer({ type: 'failed', error, code: RerankError.is(error) ? error.code : undefined })
  leave()
}

function serve(session: GraphSession): void {
  // Pairs run one after the other: two at once would only take turns on this thread.
  let last: Promise<void> = Promise.resolve()
  const blocks = new Blocks()
  const reader = session.states && new StateReader(session.states, blocks)
  const run = (pair: PairMessage): Promise<number> =>
    reader === undefined ? session.run(pair.ids, pair.secondSegmentStart) : reader.score(pair, pair.place)
  const answerTo = ({ type, pair }: Extract<ToWorker, { readonly pair: PairMessage }>): Promise<void> =>
    type === 'pair'
      ? guarded(pair, async () => ({ type: 'scored', id: pair.id, logit: await run(pair) }))
      : guarded(pair, async () => {
          const states = await (reader as StateReader).encodeText(pair)
          return { type: 'encoded', id: pair.id, states }
        })
  port.on('message', (message: ToWorker) => {
    if (message.type === 'memory') return void blocks.grow(message.chunk)
    last = last.then(() => (message.type === 'close' ? close(session) : answerTo(message)))
  })
  answer({ type: 'ready', opened: session.opened, passageWidth: session.states?.passageWidth })
}

async function guarded({ id }: PairMessage, work: () => Promise<FromWorker>): Promise<void> {
  try {
    const done = await guardedRun(flags, work)
    if (done !== undefined) answer(done)
  } catch (error) {
    answer({ type: 'not-scored', id, error })
  }
}

async function close(session: GraphSession): Promise<void> {
  await guardedRun(flags, () => session.release())
  leave()
}
