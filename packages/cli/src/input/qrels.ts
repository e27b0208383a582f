import { type Qrels, readBeirQrels, readTrecQrels } from '@secondpass/core/eval'
import type { Io } from '../io.js'
import { readLines } from './open.js'

/** Reads judgements in either layout: four columns (TREC), or three with tabs between them (BEIR). */
export async function readQrels(path: string, io: Io): Promise<Qrels> {
  const first = await firstLine(path, io)
  return first.trim().split('\t').length === 3 ? readBeirQrels(path) : readTrecQrels(path)
}

async function firstLine(path: string, io: Io): Promise<string> {
  for await (const { text } of readLines(path, io)) return text
  return ''
}
