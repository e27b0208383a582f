import { basename } from 'node:path'
import { evaluate, measureLift, readTrecRun } from '@secondpass/core/eval'
import { type ExitCode, exitCodes, misuse } from '../errors.js'
import { type InputFile, checkFiles } from '../files/identity.js'
import { readQrels } from '../input/open.js'
import { type Io, tell, write } from '../io.js'
import { table } from '../output/terminal.js'
import { buildReport } from '../report/build.js'
import { type EvalFlags, documentsUnknown, liftAsJson, printedLift, reportsOf, writeReports } from './output.js'

/** Measures a run of a file, and compares it with another when one is given. */
export async function evalFiles(flags: EvalFlags, io: Io): Promise<ExitCode> {
  const { qrels: path = '', run: runPath = '', baseline, metrics, confidence } = flags
  const inputs: InputFile[] = [
    { option: '--qrels', path, again: true },
    { option: '--run', path: runPath },
  ]
  if (baseline !== undefined) inputs.push({ option: '--baseline', path: baseline })
  checkFiles(inputs, reportsOf(flags), io)
  const [qrels, run] = [await readQrels(path, io), await readTrecRun(runPath)]
  const { means, warnings } = evaluate(run, qrels, { metrics })
  if (baseline === undefined) {
    if (flags.html !== undefined || flags.markdown !== undefined) {
      throw misuse('a report compares two orders: name the other with --baseline, or rerank with --beir')
    }
    for (const warning of warnings) tell(io, `secondpass: ${warning}`)
    await write(io, flags.json === true ? `${JSON.stringify(means)}\n` : printedMeans(means))
    return exitCodes.ok
  }
  const firstStage = await readTrecRun(baseline)
  const lift = measureLift({ firstStage, reranked: run, qrels, metrics, confidence })
  for (const warning of lift.warnings) tell(io, `secondpass: ${warning}`)
  const about = { scorerId: basename(runPath), retriever: basename(baseline), confidence }
  const report = buildReport({
    about: { ...about, ...(flags.corpus !== undefined && { corpus: flags.corpus }) },
    lift,
    firstStage,
    reranked: run,
    qrels,
    queries: documentsUnknown,
    title: flags.title,
  })
  await writeReports(report, flags, io)
  const json = { ...means, lift: liftAsJson(lift) }
  await write(io, flags.json === true ? `${JSON.stringify(json)}\n` : printedLift(lift))
  return exitCodes.ok
}

function printedMeans(means: Readonly<Record<string, number>>): string {
  return `${table(Object.entries(means).map(([name, value]) => [name, value.toFixed(4)]))}\n`
}
