/** The judgements of one query: document id to grade. Above 0 is relevant; 0 and below is not. */
export type Judgements = ReadonlyMap<string, number>

/** Judgements by query id. */
export type Qrels = ReadonlyMap<string, Judgements>

/** What a search found for one query: document id to score, higher is better. Insertion order is the input order. */
export type Scores = ReadonlyMap<string, number>

/** What a search found, by query id. */
export type Run = ReadonlyMap<string, Scores>
