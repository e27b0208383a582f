/** A table behind a chart, or of its own. The first cell of a row names it. */
export interface Table {
  readonly caption: string
  readonly heads: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** A chart that the page draws; the Markdown text has its table. */
export type ChartName = 'lift' | 'latency' | 'skip' | 'depth'

/** One part of the report. Both renderers walk these, so that both carry the same figures. */
export interface Section {
  readonly id: string
  readonly title: string
  /** Sentences, each a paragraph. */
  readonly paragraphs: readonly string[]
  readonly chart?: ChartName
  /** The table that says what the chart draws. */
  readonly table?: Table
  /** Tables that are shown as they are. */
  readonly tables?: readonly Table[]
}
