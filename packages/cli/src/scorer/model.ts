import { type CrossEncoder, type CrossEncoderOptions, crossEncoder } from '@secondpass/core'
import type { Io } from '../io.js'
import { type Progress, byteSize, startProgress } from '../output/terminal.js'
import type { ModelFlags, ScorerFlags } from './options.js'

const MODEL_OPTIONS = [
  'model',
  'revision',
  'dtype',
  'providers',
  'workers',
  'threads',
  'maxLength',
  'longText',
  'windowsToRead',
] as const

/** The options of the cross-encoder, those that were not given left out. */
export function modelOptions(flags: ModelFlags & Pick<ScorerFlags, 'documents'>): CrossEncoderOptions {
  const given = MODEL_OPTIONS.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]]))
  const { documents: store } = flags
  return { ...(Object.fromEntries(given) as CrossEncoderOptions), ...(store !== undefined && { store }) }
}

/** The models that come with secondpass and are never downloaded. */
const BUNDLED: readonly string[] = ['bundled', 'bundled-tiny']

/**
 * The cross-encoder that the options name. One that may have to be downloaded or measured is loaded at once, with a bar,
 * because only then is it known what it is called; Ctrl-C ends the download.
 */
export async function openModel(flags: ModelFlags & Pick<ScorerFlags, 'documents'>, io: Io): Promise<CrossEncoder> {
  const options = modelOptions(flags)
  const isHere = BUNDLED.includes(flags.model ?? 'bundled')
  if (isHere && options.providers === undefined && options.threads !== 'measured') return crossEncoder(options)
  const bar = downloadBar(io)
  const scorer = crossEncoder({ ...options, onProgress: bar.tell })
  const stop = (): void => void scorer.close().catch(() => undefined)
  io.signal.addEventListener('abort', stop, { once: true })
  try {
    await scorer.warmup()
    return scorer
  } finally {
    bar.stop()
    io.signal.removeEventListener('abort', stop)
  }
}

/** What a download tells of itself, as far as it is shown. */
interface Downloaded {
  readonly bytes: number
  readonly total: number
}

/** A bar for a download, which appears with its first byte. */
export function downloadBar(io: Io): Pick<Progress, 'stop'> & { tell(progress: Downloaded): void } {
  const progress = startProgress(io, { label: 'downloading', format: byteSize })
  return {
    tell: ({ bytes, total }) => progress.update(bytes, total),
    stop: () => progress.stop(),
  }
}
