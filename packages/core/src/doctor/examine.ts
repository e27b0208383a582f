import { cacheFolderOf } from '../score/files/hub-model.js'
import { ModelSource } from '../score/onnx/model-source.js'
import { readTokenizerFiles } from '../score/onnx/model-files.js'
import type { DoctorOptions } from './options.js'
import { runtimeFacts } from '../score/onnx/session.js'
import { cacheReport } from './cache.js'
import { environmentReport } from './environment.js'
import { machineReport } from './machine.js'
import { installedVersion, ownManifest, peerVersions } from './packages.js'
import type { BundledModelReport, DoctorReport, RuntimeReport, Unknown } from './report.js'
import { trialReport } from './trial.js'

/** The story of {@link doctor}: one part after the other, none of which can stop the rest. */
export async function examine(options: DoctorOptions): Promise<DoctorReport> {
  const problems: string[] = []
  const look = async <T>(part: string, how: () => T | Promise<T>): Promise<T | Unknown> => {
    try {
      return await how()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      problems.push(`${part}: ${message}`)
      return { error: message }
    }
  }
  const report = {
    secondpass: ownManifest().version,
    machine: await look('machine', machineReport),
    runtime: await look('runtime', runtimeReport),
    tokenizers: installedVersion('@huggingface/tokenizers'),
    peers: peerVersions(),
    model: await look('model', modelReport),
    cache: await look('cache', () => cacheReport(cacheFolderOf(options.hub ?? {}))),
    environment: environmentReport(),
    trial: await look('trial', () => trialReport(options)),
  }
  return { ...report, problems: [...problems, ...otherProblems(report)] }
}

async function runtimeReport(): Promise<RuntimeReport> {
  const { version, backends } = await runtimeFacts()
  const telemetry = process.env['ORT_DISABLE_TELEMETRY'] === '1' ? 'off' : 'on'
  return { version: version ?? 'unknown', backends, telemetry }
}

async function modelReport(): Promise<BundledModelReport> {
  const folder = new ModelSource({}).folder
  if (folder === undefined) throw new Error('the bundled model was not found')
  await readTokenizerFiles(folder)
  return { id: folder.id, path: folder.path, isIntact: true }
}

/** What went well and still deserves a word. */
function otherProblems({ runtime, tokenizers, trial }: Omit<DoctorReport, 'problems'>): string[] {
  const found: string[] = []
  if (tokenizers === null) found.push('tokenizers: @huggingface/tokenizers is not installed; run npm install.')
  if ('telemetry' in runtime && runtime.telemetry === 'on')
    found.push('runtime: ORT_DISABLE_TELEMETRY is set to something else than 1, so onnxruntime may send usage data.')
  for (const { provider, reason } of 'refused' in trial ? trial.refused : [])
    found.push(`trial: the provider ${provider} could not be used (${reason}).`)
  return found
}
