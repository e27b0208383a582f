/** How far a download has come. Given often: show it, do not log it. */
export interface DownloadProgress {
  /** The model, as it was named. */
  readonly model: string
  /** The file under way, by its path in the repository. */
  readonly file: string
  /** Bytes of this file that are on disk. Falls back when a damaged file is begun anew. */
  readonly fileBytes: number
  /** Size of this file in bytes. */
  readonly fileTotal: number
  /** Bytes of all files of this download that are on disk, this one included. */
  readonly bytes: number
  /** Size in bytes of all files of this download that are known of so far. Weights beside a graph join late. */
  readonly total: number
}

/** Called while files are downloaded; never for files that are in the cache. What it throws is swallowed. */
export type OnProgress = (progress: DownloadProgress) => void
