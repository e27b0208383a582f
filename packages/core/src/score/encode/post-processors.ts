/** A part of a tokenizer.json, parsed. */
export type Json = Readonly<Record<string, unknown>>

/** The post-processors of a parsed tokenizer.json, in order, with those of a `Sequence` in its place. */
export function postProcessorsOf(tokenizerJson: unknown): Json[] {
  return flatten((tokenizerJson as Json | null)?.['post_processor'])
}

function flatten(processor: unknown): Json[] {
  const json = (processor ?? {}) as Json
  return json['type'] === 'Sequence' ? ((json['processors'] ?? []) as unknown[]).flatMap(flatten) : [json]
}
