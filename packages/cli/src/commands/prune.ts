import { doctor } from '@secondpass/core'
import type { Command } from 'commander'
import { CliError, type ExitCode, exitCodes, usageError } from '../errors.js'
import { type Io, write } from '../io.js'
import { byteSize, table } from '../output/terminal.js'
import { here, planPruning, prune, type PrunePlan } from '../files/runtime.js'

const EXAMPLE = `
Examples:
  secondpass prune-runtime                        what would go, and how large it is
  secondpass prune-runtime --yes                  removes it
  secondpass prune-runtime --keep linux-arm64 --yes

onnxruntime-node brings binaries for five kinds of machines, 288 MB in all, and a program needs one of them. For images and
bundles: run it after the install, on the kind of machine that will run the program. Installing again brings all back.`

interface PruneFlags {
  readonly yes?: boolean
  readonly keep?: readonly string[]
  readonly json?: boolean
}

/** Adds `secondpass prune-runtime`. */
export function addPrune(program: Command, io: Io, ended: (code: ExitCode) => void): void {
  program
    .command('prune-runtime')
    .summary("remove other machines' binaries of onnxruntime-node")
    .description(
      "Removes other machines' binaries from the installed onnxruntime-node. Without --yes it only says which.",
    )
    .argument('[folders...]', 'copies of onnxruntime-node; default: those that this project has')
    .option('--yes', 'remove them')
    .option('--keep <machines...>', 'keep these as well, such as linux-arm64 or win32-x64')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLE)
    .action(async (folders: readonly string[], { yes = false, keep = [], json = false }: PruneFlags) => {
      for (const machine of keep) {
        if (!/^[a-z0-9]+-[a-z0-9]+$/.test(machine)) {
          throw usageError('--keep', machine, 'pass a platform and an architecture, such as linux-arm64')
        }
      }
      const copies = folders.length > 0 ? folders : await copiesHere()
      // Every copy is looked at before anything is removed from the first.
      const plans = copies.map((folder) => planPruning(folder, keep))
      if (yes) for (const plan of plans) prune(plan)
      await write(io, json ? `${JSON.stringify({ removed: yes, copies: plans })}\n` : words(plans, yes))
      if (yes) await checkStillWorks()
      ended(exitCodes.ok)
    })
}

async function copiesHere(): Promise<string[]> {
  const { runtime } = await doctor()
  if ('error' in runtime) throw new CliError(`no onnxruntime-node that works was found (${runtime.error})`)
  return runtime.copies.map(({ folder }) => folder)
}

async function checkStillWorks(): Promise<void> {
  const { trial } = await doctor()
  if ('error' in trial) throw new CliError(`scoring fails now (${trial.error}): install the packages again`)
}

function words(plans: readonly PrunePlan[], isDone: boolean): string {
  const blocks = plans.map(({ folder, version, kept, removed }) => {
    const rows = [
      ...kept.map(({ machine, bytes }) => [
        machine,
        byteSize(bytes),
        machine === here ? 'stays: this machine' : 'stays',
      ]),
      ...removed.map(({ machine, bytes }) => [machine, byteSize(bytes), isDone ? 'removed' : 'would go']),
    ]
    return `onnxruntime-node ${version}, ${folder}\n${table(rows, 'left').replaceAll(/^/gm, '  ')}`
  })
  const going = plans.flatMap(({ removed }) => removed)
  const total = going.reduce((sum, { bytes }) => sum + bytes, 0)
  const verdict =
    going.length === 0
      ? 'Nothing to remove.'
      : isDone
        ? `${byteSize(total)} removed.`
        : `${byteSize(total)} would be removed. Nothing was: run it again with --yes.`
  return `${blocks.join('\n\n')}\n\n${verdict}\n`
}
