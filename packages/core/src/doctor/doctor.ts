import { checkOptions } from '../checks.js'
import type { DoctorOptions } from './options.js'
import type { DoctorReport } from './report.js'

export type { DoctorOptions } from './options.js'
export type { DoctorReport } from './report.js'

const known = ['model', 'revision', 'dtype', 'providers', 'threads', 'spinning', 'workers', 'hub']

/**
 * Looks at the machine, the runtime, the model, the cache and the environment, and scores one pair: what a bug report
 * needs, as a plain object. Downloads nothing, writes nothing, and does not give up when a part is broken: that part then
 * holds an `error`, and `problems` says it in a sentence.
 *
 * @throws RerankError `'invalid-argument'` for an option that does not exist, and for nothing else.
 */
export async function doctor(options: DoctorOptions = {}): Promise<DoctorReport> {
  checkOptions('options', options, known)
  const { examine } = await import('./examine.js')
  return examine(options)
}
