import { availableParallelism, cpus } from 'node:os'
import { type Lift, measureContext } from '@secondpass/core/eval'
import { type ExitCode, exitCodes } from '../errors.js'
import { type Io, tell, write } from '../io.js'
import {
  blendOf,
  blendWords,
  depthOf,
  hasFirstStageScores,
  liftOf,
  refuseUnjudged,
  runsOf,
  scorerIdOf,
  skipOf,
} from '../measure/findings.js'
import { openPools } from '../measure/options.js'
import type { Scored } from '../measure/journal.js'
import { scorePools } from '../measure/score-pools.js'
import type { Pools } from '../pools/types.js'
import { type ReportInput, buildReport } from '../report/build.js'
import { chooseCases, documentsOf } from '../report/cases.js'
import { type Loaded, loadReranker, withReranker } from '../scorer/load.js'
import { type EvalFlags, liftAsJson, printedLift, reportsOf, writeReports } from './output.js'
import { fitForTrec, saveRun } from './trec-run.js'

/** Reranks the candidates of a first stage and compares both orders. */
export async function evalPools(flags: EvalFlags, io: Io): Promise<ExitCode> {
  const opened = await openPools(flags, reportsOf(flags), io)
  const pools = flags.saveRun === undefined ? opened : fitForTrec(opened)
  refuseUnjudged(pools.qrels)
  const loaded = await loadReranker(flags, io, { depth: Infinity })
  return withReranker(loaded, async () => {
    const scored = await scorePools(pools, { loaded, flags, io })
    const { metrics, confidence } = flags
    const lift = liftOf(scored, pools.qrels, { metrics, confidence })
    for (const warning of lift.warnings) tell(io, `secondpass: ${warning}`)
    if (flags.saveRun !== undefined) saveRun(flags.saveRun, runsOf(scored).reranked)
    const report = buildReport(await reportInput({ pools, scored, lift, loaded }, flags))
    await writeReports(report, flags, io)
    const means = Object.fromEntries(report.metrics.map(({ name, reranked }) => [name, reranked]))
    const json = { ...means, lift: liftAsJson(lift), report }
    await write(io, flags.json === true ? `${JSON.stringify(json)}\n` : printedLift(lift, report.latency))
    return exitCodes.ok
  })
}

interface Measured {
  readonly pools: Pools
  readonly scored: readonly Scored[]
  readonly lift: Lift
  readonly loaded: Loaded
}

async function reportInput({ pools, scored, lift, loaded }: Measured, flags: EvalFlags): Promise<ReportInput> {
  const { retriever, corpus, qrels, queries } = pools
  const { confidence, currency, title } = flags
  const compared = { ...runsOf(scored), lift, qrels }
  const texts = await pools.textsOf(documentsOf(chooseCases(compared)))
  const scorerId = scorerIdOf(scored) ?? loaded.id
  const blend = blendWords(scored)
  const machine = `${cpus()[0]?.model.trim() ?? process.arch}, ${availableParallelism()} cores, Node ${process.versions.node}`
  return {
    ...compared,
    about: {
      scorerId,
      retriever,
      corpus,
      confidence,
      machine,
      tokensCountedBy,
      ...(currency !== undefined && { currency }),
      ...(blend !== undefined && { blend }),
    },
    queries,
    textOf: (id) => texts.get(id),
    title,
    durationsMs: scored.map(({ durationMs }) => durationMs),
    context: contextOf({ pools, scored, lift, loaded }, flags),
    depth: depthFor({ pools, scored, lift, loaded }),
    skip: skipFor({ pools, scored, lift, loaded }, flags),
  }
}

/** What a token is taken for where none are counted: about right for English prose. */
const CHARACTERS_PER_TOKEN = 4

const tokensCountedBy = `estimated at ${CHARACTERS_PER_TOKEN} characters each`

function contextOf({ pools, scored }: Measured, { contextTopN: topN, price }: EvalFlags): ReportInput['context'] {
  const tokens = new Map<string, number>()
  for (const { ids, characters } of scored) {
    for (const [at, id] of ids.entries()) tokens.set(id, Math.ceil((characters[at] ?? 0) / CHARACTERS_PER_TOKEN))
  }
  const tokensOf = (id: string): number => tokens.get(id) ?? 0
  return measureContext({ ...runsOf(scored), qrels: pools.qrels, tokensOf, topN, pricePerMillionTokens: price })
}

/** The curve by depth, unless a reranker left candidates without a score. */
function depthFor({ pools, scored, lift, loaded }: Measured): ReportInput['depth'] {
  const isComplete = scored.every(({ scores }) => scores.every((score) => score !== null))
  const isHidden = loaded.blend() === undefined && scored.some(({ blended }) => blended)
  if (!isComplete || isHidden) return undefined
  const metric = lift.verdict.metric as EvalFlags['metrics'][number]
  return depthOf(scored, pools.qrels, {
    depths: [10, 20, 50, 100, 200],
    metric,
    share: 0.99,
    blend: blendOf(loaded, scored),
  })
}

function skipFor({ pools, scored, loaded }: Measured, { maxLoss }: EvalFlags): ReportInput['skip'] {
  if (!hasFirstStageScores(scored) || scored.some(({ outcome }) => outcome !== 'ranked')) return undefined
  const { retriever, corpus, qrels } = pools
  const goal = { maxLoss, confidence: 0.9 }
  const scorerId = scorerIdOf(scored) ?? loaded.id
  return { result: skipOf(scored, qrels, { ...goal, scorerId, retriever, corpus }), ...goal, metric: 'nDCG@10' }
}
