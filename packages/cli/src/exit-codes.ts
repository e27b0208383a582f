/** How the program ends: the numbers a shell, a job engine or a build server sees. */
export const exitCodes = {
  /** Everything was done. */
  ok: 0,
  /** Something failed; the message says what. What was written so far is valid. */
  failed: 1,
  /** The command line is wrong; nothing was done. */
  usage: 2,
  /** Done, but lines of the input were left out, as told by an option; what was left out stands on stderr. */
  incomplete: 3,
  /** Ended by Ctrl-C (SIGINT). What was written so far is valid. */
  interrupted: 130,
  /** Ended by SIGTERM. What was written so far is valid. */
  terminated: 143,
} as const

/** One of {@link exitCodes}. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
