import { crossEncoder, type CrossEncoderOptions } from '../score/cross-encoder/cross-encoder.js'
import { readTokenizerFiles } from '../score/cross-encoder/model-files.js'
import { ModelSource } from '../score/cross-encoder/model-source.js'
import { runtimeFacts } from '../score/cross-encoder/session/node.js'
import { cacheFolderOf } from '../score/hub/cache.js'
import {
  cacheReport,
  environmentReport,
  installedVersion,
  machineReport,
  ownManifest,
  peerVersions,
} from './machine.js'
import type { BundledModelReport, DoctorOptions, DoctorReport, RuntimeReport, TrialReport, Unknown } from './doctor.js'

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
  const { folder } = new ModelSource({ model: 'bundled' })
  if (folder === undefined) throw new Error('the bundled model was not found')
  await readTokenizerFiles(folder)
  return { id: folder.id, path: folder.path, defaults: folder.defaults ?? null, isIntact: true }
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

const QUERY = 'how long does it take to boil an egg'
const TEXT = 'A soft egg takes six minutes in boiling water, a hard one ten.'

/** Loads a model and scores one pair a few times. Downloads nothing. */
async function trialReport(options: CrossEncoderOptions): Promise<TrialReport> {
  const scorer = crossEncoder({ ...options, ...(options.model && { hub: { ...options.hub, offline: true } }) })
  try {
    const start = performance.now()
    await scorer.warmup()
    const loadMs = performance.now() - start
    const call = {
      signal: new AbortController().signal,
      deadline: Infinity,
      now: () => performance.now(),
      stats: {},
      note() {},
    }
    const pairTimes: number[] = []
    let logit = Number.NaN
    for (let turn = 0; turn < 5; turn++) {
      const before = performance.now()
      logit = (await scorer.score(QUERY, [TEXT], call))[0] as number
      pairTimes.push(performance.now() - before)
    }
    const { provider, refused } = scorer.opened ?? { provider: 'cpu', refused: [] }
    const pairMs = Math.min(...pairTimes)
    const times = { loadMs: round(loadMs), pairMs: round(pairMs) }
    return { scorerId: scorer.id, defaults: scorer.defaults ?? null, provider, refused, ...times, logit }
  } finally {
    await scorer.close()
  }
}

function round(milliseconds: number): number {
  return Math.round(milliseconds * 100) / 100
}
