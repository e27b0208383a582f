import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { misuse, show } from '../errors.js'

/** What must be equal for two runs to belong to the same output. */
export type Settings = Readonly<Record<string, unknown>>

/** What stands in the file beside an output that can be continued. */
interface State {
  readonly secondpass: 'rerank'
  readonly version: 1
  readonly settings: Settings
}

/**
 * Begins an output or continues one: the settings stand in a file beside it, so that a run with other settings is refused
 * instead of mixed in.
 *
 * @throws CliError when the output is somebody else's, or was begun with other settings.
 */
export function claimOutput(path: string, settings: Settings): void {
  const statePath = `${path}.state.json`
  const isBegun = existsSync(path) && statSync(path).size > 0
  if (!isBegun) {
    writeWhole(statePath, { secondpass: 'rerank', version: 1, settings })
    return
  }
  const begun = readState(statePath)
  if (begun === undefined) {
    throw misuse(
      `--output ${path} exists, and ${statePath}, which would say how to continue it, does not: name another file, or add --overwrite`,
    )
  }
  const difference = firstDifference(begun, settings)
  if (difference !== undefined) {
    throw misuse(`--output ${path} was begun with ${difference}: name another file, or add --overwrite to begin anew`)
  }
}

function readState(path: string): Settings | undefined {
  try {
    const { settings } = JSON.parse(readFileSync(path, 'utf8')) as State
    return settings
  } catch {
    return undefined
  }
}

/** In words, what one setting was and now is; nothing when all are equal. */
export function firstDifference(before: Settings, now: Settings): string | undefined {
  for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
    const [was, is] = [before[name], now[name]]
    if (JSON.stringify(was) !== JSON.stringify(is))
      return `${name} ${show(was ?? null)}, and now it is ${show(is ?? null)}`
  }
  return undefined
}

/** Whole or not at all: a reader never sees half a file. */
function writeWhole(path: string, state: State): void {
  const part = `${path}.part`
  writeFileSync(part, `${JSON.stringify(state, undefined, 2)}\n`)
  renameSync(part, path)
}
