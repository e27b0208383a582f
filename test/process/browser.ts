import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const places = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/lib/chromium', '/opt/google/chrome']

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** The browser of this machine: the variable CHROMIUM, or a usual name on the path. */
export const chromiumPath: string | undefined = [
  process.env['CHROMIUM'] ?? '',
  ...places.flatMap((place) => names.map((name) => join(place, name))),
].find((path) => path !== '' && isProgram(path))

/** Why tests in a browser are skipped, to stand behind their name; empty where they run. */
export const noBrowser: string =
  chromiumPath === undefined ? ' (skipped: there is no Chromium here; install one, or name it in CHROMIUM)' : ''

/** Starts the browser without a window, with a profile of its own that is gone when it is closed. */
export function launchBrowser(): Promise<Browser> {
  if (chromiumPath === undefined) throw new Error(`no browser${noBrowser}`)
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
