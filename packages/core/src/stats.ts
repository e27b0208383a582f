import type { Call } from './types.js'

/** Adds to a counter of the report. */
export function count({ stats }: Pick<Call, 'stats'>, counter: string, by: number): void {
  stats[counter] = (stats[counter] ?? 0) + by
}
