import { Document, type DocumentInterface } from '@langchain/core/documents'
import { Embeddings } from '@langchain/core/embeddings'
import { BaseTracer, type Run } from '@langchain/core/tracers/base'
import { MemoryVectorStore } from '@langchain/classic/vectorstores/memory'
import { deepFreeze } from '../fixtures/deep-freeze.ts'
import { query, texts } from '../fixtures/key-passages.ts'

export { query, texts }

/** Deep-frozen documents with ids and metadata: whoever changes one gets an error. */
export function frozenDocuments(metadata: Record<string, unknown> = {}): Document[] {
  return texts.map((pageContent, at) =>
    deepFreeze(
      new Document({ pageContent, id: `id-${at}`, metadata: { source: `${at}.md`, loc: { line: at }, ...metadata } }),
    ),
  )
}

export function textsOf(documents: readonly DocumentInterface[]): string[] {
  return documents.map((document) => document.pageContent)
}

/** A stand-in for an embedding model: counts of words, spread over a few buckets. */
export class WordCountEmbeddings extends Embeddings {
  constructor() {
    super({})
  }

  override async embedDocuments(documents: string[]): Promise<number[][]> {
    return documents.map(countWords)
  }

  override async embedQuery(document: string): Promise<number[]> {
    return countWords(document)
  }
}

function countWords(text: string): number[] {
  const counts = new Array<number>(64).fill(0)
  for (const word of text.toLowerCase().match(/\w+/g) ?? []) {
    const bucket = Array.from(word).reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 64, 7)
    counts[bucket] = (counts[bucket] ?? 0) + 1
  }
  return counts
}

export async function storeOf(documents: readonly DocumentInterface[]): Promise<MemoryVectorStore> {
  const store = new MemoryVectorStore(new WordCountEmbeddings())
  await store.addDocuments(
    documents.map(({ pageContent, metadata, id }) => new Document({ pageContent, metadata, ...(id && { id }) })),
  )
  return store
}

/** Keeps every run of a trace, in order of their start. */
export class RunRecorder extends BaseTracer {
  name = 'run_recorder'
  readonly runs: Run[] = []

  constructor() {
    super({ _awaitHandler: true })
  }

  protected override async persistRun(): Promise<void> {}

  override async onRunCreate(run: Run): Promise<void> {
    this.runs.push(run)
  }

  named(name: string): Run[] {
    return this.runs.filter((run) => run.name === name)
  }

  /** The names from a run up to the root. */
  pathOf(run: Run): string[] {
    const parent = this.runs.find((other) => other.id === run.parent_run_id)
    return parent === undefined ? [run.name] : [run.name, ...this.pathOf(parent)]
  }
}
